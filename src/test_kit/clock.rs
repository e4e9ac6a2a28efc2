use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::clock::Clock;

/// A clock that stands still until it is moved.
///
/// Clones are the same clock: moving one moves all. A layer that was not made by
/// [`TestIssuer::layer`](super::TestIssuer::layer) takes its time through
/// [`JwtAuthBuilder::clock`](crate::JwtAuthBuilder::clock).
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::{JwtAuthLayer, test_kit::TestClock};
///
/// let clock = TestClock::new();
/// let layers = clock.clone();
/// let builder = JwtAuthLayer::builder().clock(move || layers.now());
///
/// let before = clock.now();
/// clock.advance(Duration::from_secs(3600));
/// assert_eq!(clock.now(), before + Duration::from_secs(3600));
/// # drop(builder);
/// ```
#[derive(Clone)]
pub struct TestClock {
    time: Arc<Mutex<SystemTime>>,
    /// Made once, so that layers with this clock are known to have the same.
    reader: Clock,
}

impl TestClock {
    /// A clock that stands where the system's does now, at the beginning of the second: what is
    /// minted by it is also good for a layer with the system's clock.
    pub fn new() -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let seconds = since.map_or(0, |since| since.as_secs());
        let now = UNIX_EPOCH + Duration::from_secs(seconds);
        let time = Arc::new(Mutex::new(now));
        let reader = Clock::Custom(Arc::new({
            let time = Arc::clone(&time);
            move || *lock(&time)
        }));
        Self { time, reader }
    }

    /// The time at which it stands.
    pub fn now(&self) -> SystemTime {
        *lock(&self.time)
    }

    /// Moves it on.
    ///
    /// # Panics
    ///
    /// When the system has no such time, some hundred billion years from now.
    pub fn advance(&self, by: Duration) {
        let mut time = lock(&self.time);
        *time = time.checked_add(by).expect("a time that the system has");
    }

    /// Moves it to any time, back too.
    pub fn set(&self, now: SystemTime) {
        *lock(&self.time) = now;
    }

    /// Whole seconds since the epoch, floored; zero before it.
    pub(super) fn seconds(&self) -> i64 {
        let since = self.now().duration_since(UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs().try_into().unwrap_or(i64::MAX))
    }

    pub(super) fn reader(&self) -> Clock {
        self.reader.clone()
    }
}

fn lock(time: &Mutex<SystemTime>) -> MutexGuard<'_, SystemTime> {
    time.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for TestClock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestClock").field(&self.now()).finish()
    }
}
