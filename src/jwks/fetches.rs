use std::time::Duration;

use tokio::{
    sync::{Notify, watch},
    time::Instant,
};

/// Two fetches start at least this far apart, whatever causes them.
const MIN_FETCH_INTERVAL: Duration = Duration::from_secs(1);

/// The fetches of one key set so far, and whether a token requests another.
#[derive(Debug)]
pub(super) struct Fetches {
    /// Changes are only announced when a fetch ends.
    counts: watch::Sender<FetchCounts>,
    /// Announces a request to the task that fetches.
    requested: Notify,
}

/// One fetch runs at a time, so the fetch with number `n` has ended once `ended >= n`.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FetchCounts {
    pub(super) started: u64,
    pub(super) ended: u64,
    /// When the first token requested the next fetch, if one did.
    requested_at: Option<Instant>,
    last_start: Option<Instant>,
    last_requested_start: Option<Instant>,
}

impl FetchCounts {
    fn is_idle(&self) -> bool {
        self.started == self.ended
    }

    /// When the fetch that is under way started, if one is.
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

    /// Requests a fetch because of a token, unless one is under way, or has ended since `seen`: that
    /// one may bring the key.
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

    /// When the next fetch starts: as `planned`, or earlier if a token requests it and the last
    /// token-requested fetch started at least `cooldown` ago.
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

    /// Records the start of a fetch, which also serves the tokens that requested one.
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

    /// Records the end of a fetch, and wakes the requests that wait for it.
    pub(super) fn end(&self) {
        self.counts
            .send_modify(|counts| counts.ended = counts.started);
    }

    /// Records that the fetch under way, if any, will not end: its runtime has.
    pub(super) fn abandon(&self) {
        self.counts
            .send_modify(|counts| counts.started = counts.ended);
    }
}

/// `now + time`, or 30 years later if that is beyond the range of [`Instant`].
pub(super) fn saturating_later(now: Instant, time: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);
    now.checked_add(time).unwrap_or_else(|| now + FAR)
}
