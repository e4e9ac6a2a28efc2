//! Counts fetches and records requests for them; used by `task` and `wait`.

use std::time::Duration;

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// The minimum interval between the starts of any two fetches. It bounds the load on the issuer,
/// regardless of the settings and of the clients' tokens.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(1);

/// The fetches of one key set so far, and the pending request for another.
#[derive(Debug)]
pub(super) struct Fetches {
    /// Subscribers are notified only when a fetch ends or is abandoned.
    counts: watch::Sender<FetchCounts>,
    /// Notifies the task of a request.
    requested: Notify,
}

/// The counts of fetches. One fetch runs at a time, so fetch number `n` has ended once `ended >=
/// n`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FetchCounts {
    pub(super) started: u64,
    pub(super) ended: u64,
    /// The time at which the first token requested the next fetch.
    requested_at: Option<Instant>,
    last_start: Option<Instant>,
    last_requested_start: Option<Instant>,
}

impl FetchCounts {
    fn is_idle(&self) -> bool {
        self.started == self.ended
    }

    /// Returns the start of the running fetch, if there is one.
    pub(super) fn current_start(&self) -> Option<Instant> {
        self.last_start.filter(|_| !self.is_idle())
    }
}

impl Fetches {
    pub(super) fn new() -> Self {
        Self {
            counts: watch::Sender::new(FetchCounts::default()),
            requested: Notify::new(),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<FetchCounts> {
        self.counts.subscribe()
    }

    pub(super) fn counts(&self) -> FetchCounts {
        *self.counts.borrow()
    }

    /// Requests a fetch on behalf of a token. Does nothing if a fetch is running or has ended since
    /// `seen`, because that fetch may return the key.
    pub(super) fn request(&self, seen: FetchCounts) {
        let mut is_new = false;
        self.counts.send_if_modified(|counts| {
            let is_current = counts.is_idle() && counts.ended == seen.ended;
            is_new = is_current && counts.requested_at.is_none();
            if is_new {
                counts.requested_at = Some(Instant::now());
            }
            false
        });
        if is_new {
            self.requested.notify_one();
        }
    }

    pub(super) async fn wait_for_request(&self) {
        self.requested.notified().await;
    }

    /// Returns the start of the next fetch: `planned`, or earlier if a token requests it and the
    /// last token-requested fetch started at least `cooldown` ago.
    pub(super) fn next_start(&self, planned: Instant, cooldown: Duration) -> Instant {
        let counts = self.counts();
        let next = counts.requested_at.map_or(planned, |requested| {
            let allowed = counts
                .last_requested_start
                .map_or(requested, |start| saturating_later(start, cooldown));
            planned.min(allowed.max(requested))
        });
        counts
            .last_start
            .map_or(next, |start| next.max(start + MIN_FETCH_INTERVAL))
    }

    /// Records the start of a fetch. It also fulfills a pending request.
    pub(super) fn start(&self, is_scheduled: bool, now: Instant) {
        self.counts.send_if_modified(|counts| {
            counts.started += 1;
            counts.last_start = Some(now);
            if !is_scheduled {
                counts.last_requested_start = Some(now);
            }
            counts.requested_at = None;
            false
        });
    }

    /// Records the end of a fetch and wakes the requests that wait for it.
    pub(super) fn end(&self) {
        self.counts
            .send_modify(|counts| counts.ended = counts.started);
    }

    /// Records that the running fetch, if any, will not end, because its runtime has shut down.
    pub(super) fn abandon(&self) {
        self.counts
            .send_modify(|counts| counts.started = counts.ended);
    }
}

/// Returns `now + time`, or a time 30 years later if that exceeds the range of [`Instant`].
pub(super) fn saturating_later(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}
