//! [`Breaker`]: spares requests the timeouts of a service that cannot be reached.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The number of consecutive outages after which lookups are refused.
const MAX_OUTAGES: u32 = 5;

/// The interval between the lookups that probe whether the service is back: about a second, and less
/// by the time of such a lookup, so that requests succeed within a second.
const PROBE_INTERVAL: Duration = Duration::from_millis(900);

#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    outages: u32,
    /// `None` while the breaker is closed.
    next_probe: Option<Instant>,
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

    /// Counts an outage.
    pub(super) fn record_outage(&self, now: Instant) {
        let mut state = self.state();
        state.outages = state.outages.saturating_add(1);
        if state.outages >= MAX_OUTAGES && state.next_probe.is_none() {
            state.next_probe = Some(now + PROBE_INTERVAL);
        }
    }

    /// Closes the breaker, because a response shows that the service can be reached.
    pub(super) fn record_response(&self) {
        *self.state() = State::default();
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
            breaker.record_outage(start);
        }
        assert!(breaker.is_open());
        assert_eq!(breaker.admit(start), None);
        let later = start + PROBE_INTERVAL;
        assert_eq!(breaker.admit(later), Some(Admission::Probe));
        assert_eq!(breaker.admit(later), None);
        breaker.record_outage(later);
        assert_eq!(breaker.admit(later), None);
        assert_eq!(
            breaker.admit(later + PROBE_INTERVAL),
            Some(Admission::Probe)
        );
        breaker.record_response();
        assert_eq!(breaker.admit(later), Some(Admission::Closed));
    }

    #[test]
    fn a_response_ends_the_count_of_outages() {
        let breaker = Breaker::default();
        let now = Instant::now();
        for _ in 0..100 {
            for _ in 1..MAX_OUTAGES {
                breaker.record_outage(now);
            }
            assert!(!breaker.is_open());
            breaker.record_response();
        }
    }
}
