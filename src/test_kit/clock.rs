//! [`TestClock`]: a clock that is set by hand.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::clock::Clock;

/// A clock that changes only when it is set or advanced.
///
/// Clones share the time. To use the clock in a layer that
/// [`TestIssuer::layer`](super::TestIssuer::layer) did not create, pass a closure that reads a
/// clone to [`JwtAuthBuilder::clock`](crate::JwtAuthBuilder::clock). For the age of a sign-in, pass
/// another one to [`RequireFreshLayer::clock`](crate::RequireFreshLayer::clock).
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
    /// Created once, because clocks are compared by the address of their function.
    reader: Clock,
}

impl TestClock {
    /// Creates a clock with the system's current time, rounded down to the second. A token with
    /// this time is also valid for a layer with the system's clock.
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

    /// Returns the time of the clock.
    pub fn now(&self) -> SystemTime {
        *lock(&self.time)
    }

    /// Advances the clock.
    ///
    /// # Panics
    ///
    /// Panics if the system cannot represent the time, which happens only hundreds of billions of
    /// years from now.
    pub fn advance(&self, by: Duration) {
        let mut time = lock(&self.time);
        *time = time
            .checked_add(by)
            .expect("the system can represent the time");
    }

    /// Sets the clock to any time, including an earlier one.
    pub fn set(&self, now: SystemTime) {
        *lock(&self.time) = now;
    }

    /// Returns whole seconds since the epoch, rounded down; zero before it.
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
