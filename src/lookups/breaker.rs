//! [`Breaker`]: spares requests the timeouts of a service that cannot be reached.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The number of consecutive outages after which lookups are refused.
const MAX_OUTAGES: u32 = 5;

/// The interval between the lookups that probe whether the service is back.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// The minimum interval between two errors that are logged as the first of several, so that a client
/// that causes errors and successes in turn cannot flood the log.
const LOG_INTERVAL: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outages: u32,
    /// `None` while the breaker is closed.
    next_probe: Option<Instant>,
    /// Whether the last lookup failed and that was logged.
    is_failing: bool,
    last_logged: Option<Instant>,
}

/// The permission to start a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Admission {
    Closed,
    /// The breaker is open, and this lookup finds out whether the service is back.
    Probe,
}

impl Breaker {
    /// Returns the permission to start a lookup, or `None` if the service cannot be reached.
    pub(super) fn admit(&self, now: Instant) -> Option<Admission> {
        let mut state = self.state();
        let Some(next_probe) = state.next_probe else {
            return Some(Admission::Closed);
        };
        (now >= next_probe).then(|| {
            state.next_probe = Some(now + PROBE_INTERVAL);
            Admission::Probe
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.state().next_probe.is_some()
    }

    /// Closes the breaker. Returns whether the recovery should be logged.
    pub(super) fn record_answer(&self) -> bool {
        let mut state = self.state();
        state.outages = 0;
        state.next_probe = None;
        std::mem::take(&mut state.is_failing)
    }

    /// Counts an outage; any other error shows that the service can be reached. Returns whether the
    /// error should be logged as the first of several.
    pub(super) fn record_error(&self, is_outage: bool, now: Instant) -> bool {
        let mut state = self.state();
        if is_outage {
            state.outages = state.outages.saturating_add(1);
            if state.outages >= MAX_OUTAGES && state.next_probe.is_none() {
                state.next_probe = Some(now + PROBE_INTERVAL);
            }
        } else {
            state.outages = 0;
            state.next_probe = None;
        }
        let was_logged_recently =
            { state.last_logged }.is_some_and(|last| now.duration_since(last) < LOG_INTERVAL);
        let is_first = !state.is_failing && !was_logged_recently;
        if is_first {
            state.is_failing = true;
            state.last_logged = Some(now);
        }
        is_first
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_breaker_opens_after_five_outages_and_probes_once_a_second() {
        let breaker = Breaker::default();
        let start = Instant::now();
        for _ in 0..MAX_OUTAGES {
            assert_eq!(breaker.admit(start), Some(Admission::Closed));
            breaker.record_error(true, start);
        }
        assert!(breaker.is_open());
        assert_eq!(breaker.admit(start), None);
        let later = start + PROBE_INTERVAL;
        assert_eq!(breaker.admit(later), Some(Admission::Probe));
        assert_eq!(breaker.admit(later), None);
        breaker.record_error(true, later);
        assert_eq!(breaker.admit(later), None);
        assert_eq!(
            breaker.admit(later + PROBE_INTERVAL),
            Some(Admission::Probe)
        );
        breaker.record_answer();
        assert_eq!(breaker.admit(later), Some(Admission::Closed));
    }

    #[test]
    fn other_errors_do_not_open_the_breaker() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for index in 0..100 {
            breaker.record_error(index % 5 < 4, now);
            assert!(!breaker.is_open(), "{index}");
        }
    }

    #[test]
    fn errors_and_successes_in_turn_are_logged_once_a_minute() {
        let breaker = Breaker::default();
        let start = Instant::now();
        let mut logged = (0, 0);
        for second in 0..120 {
            let now = start + Duration::from_secs(second);
            logged.0 += u32::from(breaker.record_error(false, now));
            logged.1 += u32::from(breaker.record_answer());
        }
        assert_eq!(logged, (2, 2));
    }
}
