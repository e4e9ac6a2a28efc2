use std::{
    fmt,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Where the time comes from: the system, or a function that a test supplies.
#[derive(Clone, Default)]
pub(crate) enum Clock {
    #[default]
    System,
    Custom(Arc<dyn Fn() -> SystemTime + Send + Sync>),
}

impl Clock {
    /// Whole seconds since the Unix epoch, floored.
    ///
    /// A clock before the epoch is broken. It reads as the end of time, so that every token has
    /// expired, and never as zero, when none had.
    #[inline]
    pub(crate) fn now(&self) -> u64 {
        let now = match self {
            Self::System => SystemTime::now(),
            Self::Custom(now) => now(),
        };
        now.duration_since(UNIX_EPOCH)
            .map_or(u64::MAX, |since| since.as_secs())
    }

    /// Returns whether this is the same clock, and not one that may tell another time.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::System, Self::System) => true,
            (Self::Custom(one), Self::Custom(other)) => Arc::ptr_eq(one, other),
            _ => false,
        }
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "System",
            Self::Custom(_) => "Custom",
        })
    }
}
