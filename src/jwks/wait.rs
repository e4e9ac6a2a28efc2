//! The waiting room for requests with an unknown key; used by the verifier.

use std::{
    fmt,
    future::{self, Future},
    pin::Pin,
    ptr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::{Instant, timeout_at},
};

use super::{fetches::FetchCounts, state::State};
use crate::{key::Keys, key_source::NoOtherKeys};

/// The maximum time for which a request waits for its key: the duration of the fetch that is
/// running when it arrives, and of the next one.
const KEY_WAIT_TIMEOUT: Duration = Duration::from_secs(10);

/// A request's place in the waiting room of a key set.
pub(crate) struct Waiter {
    state: Arc<State>,
    counts: watch::Receiver<FetchCounts>,
    /// The number of fetches that had started when the request arrived.
    started_before: u64,
    deadline: Instant,
    /// The keys with which the token was last verified.
    tried: Arc<Keys>,
    _place: OwnedSemaphorePermit,
}

/// A future that waits for other keys. It returns the request's place in the waiting room when the
/// keys have changed, or an error when the request has waited long enough.
pub(crate) struct KeyWait(Pin<Box<dyn Future<Output = KeyWaitResult> + Send>>);

type KeyWaitResult = Result<Box<Waiter>, NoOtherKeys>;

impl Future for KeyWait {
    type Output = KeyWaitResult;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for KeyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyWait")
    }
}

impl Waiter {
    /// Reserves a place for a request that has just arrived. Returns `None` if the room is full.
    pub(super) fn new(state: &Arc<State>) -> Option<Box<Self>> {
        let place = Arc::clone(&state.waiting_room).try_acquire_owned().ok()?;
        let mut counts = state.fetches.subscribe();
        let started_before = counts.borrow_and_update().started;
        Some(Box::new(Self {
            counts,
            started_before,
            deadline: Instant::now() + KEY_WAIT_TIMEOUT,
            tried: Arc::clone(&state.keys()),
            state: Arc::clone(state),
            _place: place,
        }))
    }

    pub(super) fn is_for(&self, state: &Arc<State>) -> bool {
        Arc::ptr_eq(&self.state, state)
    }

    /// Returns a future that waits for keys other than `tried`, which do not verify the token, or
    /// `None` if the request has waited long enough.
    pub(super) fn wait(mut self: Box<Self>, tried: &Keys) -> Option<KeyWait> {
        if Instant::now() >= self.deadline {
            return None;
        }
        // The counts are read before the keys: if a fetch ends in between, no other is requested.
        let counts = *self.counts.borrow_and_update();
        self.tried = Arc::clone(&self.state.keys());
        if !ptr::eq(&*self.tried, tried) {
            // The keys have changed since the token was verified.
            return Some(KeyWait(Box::pin(future::ready(Ok(self)))));
        }
        self.request_fetch_if_useful(counts)
            .then(|| KeyWait(Box::pin(self.wait_for_other_keys())))
    }

    async fn wait_for_other_keys(mut self: Box<Self>) -> KeyWaitResult {
        let result = timeout_at(self.deadline, self.keys_changed()).await;
        if result.is_err() {
            self.state.check_runtime();
        }
        let fetch_has_failed = self.state.fetch_has_failed();
        { result.is_ok_and(|changed| changed).then_some(self) }
            .ok_or(NoOtherKeys { fetch_has_failed })
    }

    /// Waits until the keys have changed or cannot change in time, and returns whether they have.
    async fn keys_changed(&mut self) -> bool {
        while self.counts.changed().await.is_ok() {
            let counts = *self.counts.borrow_and_update();
            // A fetch that was abandoned with its runtime is treated as not started.
            self.started_before = self.started_before.min(counts.started);
            // Verifying again starts the task in this runtime if its own runtime has shut down.
            if !Arc::ptr_eq(&self.tried, &self.state.keys()) || !self.state.is_running() {
                return true;
            }
            if !self.request_fetch_if_useful(counts) {
                return false;
            }
        }
        false
    }

    /// Returns whether a fetch may still return the key. Requests a fetch if none is running.
    fn request_fetch_if_useful(&self, counts: FetchCounts) -> bool {
        let has_seen_full_fetch = counts.ended > self.started_before;
        // Without cached keys, the task retries by itself or no runtime runs it, so waiting would
        // only delay the 503.
        let is_stalled = self.state.check_runtime();
        let is_unavailable = self.tried.is_empty() && (counts.ended > 0 || is_stalled);
        if has_seen_full_fetch || is_unavailable {
            return false;
        }
        self.state.fetches.request(counts);
        true
    }
}
