//! The clock of a layer, and the limit of the leeway for other clocks; used by the verifier, the
//! builder, and `require_fresh`.

use std::{
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::config_error::Fault;

const MAX_LEEWAY: Duration = Duration::from_secs(5 * 60);

/// The source of the time: the system, or a function for tests.
#[derive(Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Custom(Arc<dyn Fn() -> SystemTime + Send + Sync>),
}

impl Clock {
    /// Returns whole seconds since the Unix epoch, rounded down.
    ///
    /// A time before the epoch means that the clock is broken. It is treated as the end of time, so
    /// that every token has expired; if it were treated as zero, no token would have expired.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        self.since_epoch().map_or(u64::MAX, |since| since.as_secs())
    }

    /// Returns the time since the Unix epoch, or `None` if the clock is broken.
    #[inline]
    pub(crate) fn since_epoch(&self) -> Option<Duration> {
        let now = match self {
            Self::System => SystemTime::now(),
            Self::Custom(now) => now(),
        };
        now.duration_since(UNIX_EPOCH).ok()
    }

    /// Returns whether both are the same clock and therefore never return different times.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::Custom(one), Self::Custom(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

/// Checks a configured leeway for differences between the clocks of the issuer and the service.
pub(crate) fn check_leeway(leeway: Duration) -> Result<(), Fault> {
    if leeway <= MAX_LEEWAY {
        return Ok(());
    }
    Err(Fault::new(format!(
        "the leeway is {} s, but the maximum is {} s; synchronize the clocks instead",
        leeway.as_secs_f64(),
        MAX_LEEWAY.as_secs()
    )))
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Custom(_) => "Custom",
        })
    }
}
