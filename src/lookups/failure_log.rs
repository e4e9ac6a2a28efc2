//! [`FailureLog`]: decides which failed lookups are logged at WARN.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

use crate::events::lookups as events;

/// The minimum interval between two failures that are logged at WARN, so that a client that causes
/// failures and successes in turn cannot flood the log.
const WARN_INTERVAL: Duration = Duration::from_secs(60);

/// Logs the first of several failures in a row, and the success that ends them.
pub(super) struct FailureLog {
    /// The name of the service in events.
    service: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Whether the last lookup failed, and that was logged.
    is_failing: bool,
    last_warning: Option<Instant>,
}

impl FailureLog {
    pub(super) fn new(service: String) -> Self {
        Self {
            service,
            state: Mutex::default(),
        }
    }

    pub(super) fn service(&self) -> &str {
        &self.service
    }

    pub(super) fn failed(&self, why: &str) {
        let is_first = self.state().fail(Instant::now());
        events::failed(&self.service, why, is_first);
    }

    pub(super) fn succeeded(&self) {
        if std::mem::take(&mut self.state().is_failing) {
            events::succeeded(&self.service);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns whether this failure is the first of several.
    fn fail(&mut self, now: Instant) -> bool {
        let is_recent = |last| now.duration_since(last) < WARN_INTERVAL;
        let is_first = !self.is_failing && !self.last_warning.is_some_and(is_recent);
        if is_first {
            self.is_failing = true;
            self.last_warning = Some(now);
        }
        is_first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_and_successes_in_turn_are_logged_once_a_minute() {
        let mut state = State::default();
        let start = Instant::now();
        let mut logged = (0, 0);
        for second in 0..120 {
            logged.0 += u32::from(state.fail(start + Duration::from_secs(second)));
            logged.1 += u32::from(std::mem::take(&mut state.is_failing));
        }
        assert_eq!(logged, (2, 2));
    }
}
