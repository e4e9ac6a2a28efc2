//! [`Limits`]: the limits of lookups that an application sets.

use std::time::Duration;

use crate::config_error::Faults;

/// The maximum time for which an answer may be kept, because it hides the end of a session or a token.
const MAX_FRESH_FOR: Duration = Duration::from_secs(60 * 60);

/// The limits of lookups.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) max_concurrent: usize,
    /// The time for which an answer is kept; zero keeps none.
    pub(crate) fresh_for: Duration,
}

impl Limits {
    /// Checks the limits. `stops` and `delays` complete the problems: "so …", and "because …".
    pub(crate) fn check(
        self,
        default_concurrent: usize,
        stops: &str,
        delays: &str,
        faults: &mut Faults,
    ) {
        if self.max_concurrent == 0 {
            faults.add(format!("the limit set with .max_lookups(…) is 0, so {stops}; omit the call for the default of {default_concurrent}"));
        }
        if self.fresh_for > MAX_FRESH_FOR {
            faults.add(format!(
                "the time set with .fresh_for(…) is {} s, but the maximum is {} s, because {delays}",
                self.fresh_for.as_secs_f64(),
                MAX_FRESH_FOR.as_secs()
            ));
        }
    }
}
