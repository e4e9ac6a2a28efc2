//! Secrets from files that may change; polled by requests.

use std::{
    fmt,
    sync::{
        Arc, Mutex, TryLockError,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{LoadedSecrets, keys, policy::MAX_SECRETS};
use crate::key::Keys;

/// The interval between two polls of the files.
const POLL_INTERVAL_SECS: u64 = 2;

/// Secrets, some of which are in files that may change.
///
/// The first request after a poll is due performs it; in the meantime, other requests use the
/// active keys.
pub(crate) struct WatchedSecrets {
    keys: ArcSwap<Keys>,
    last_poll: AtomicU64,
    parts: Mutex<Vec<LoadedSecrets>>,
}

impl WatchedSecrets {
    pub(in crate::key_source) fn new(parts: Vec<LoadedSecrets>, now: u64) -> Self {
        Self {
            keys: ArcSwap::from_pointee(keys(&parts)),
            last_poll: AtomicU64::new(now),
            parts: Mutex::new(parts),
        }
    }

    pub(crate) fn current(&self, now: u64) -> arc_swap::Guard<Arc<Keys>> {
        if self.is_due(now) {
            self.poll(now);
        }
        self.keys.load()
    }

    /// Returns whether a poll is due. It is also due if the clock was set back; otherwise, no poll
    /// would run until the clock has caught up.
    fn is_due(&self, now: u64) -> bool {
        self.last_poll.load(Ordering::Relaxed).abs_diff(now) >= POLL_INTERVAL_SECS
    }

    fn poll(&self, now: u64) {
        let mut parts = match self.parts.try_lock() {
            Ok(parts) => parts,
            Err(TryLockError::Poisoned(parts)) => parts.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        if !self.is_due(now) {
            return;
        }
        self.last_poll.store(now, Ordering::Relaxed);

        let mut total: usize = parts.iter().map(|part| part.secrets().len()).sum();
        let mut changed = false;
        for part in parts.iter_mut() {
            let LoadedSecrets::File(file) = part else {
                continue;
            };
            let others = total - file.secrets().len();
            changed |= file.poll(MAX_SECRETS.saturating_sub(others));
            total = others + file.secrets().len();
        }
        if changed {
            self.keys.store(Arc::new(keys(&parts)));
        }
    }
}

impl fmt::Debug for WatchedSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchedSecrets").finish_non_exhaustive()
    }
}
