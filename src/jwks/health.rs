use std::{fmt, time::Duration};

/// How it stands with the keys of a URL: for a health endpoint, and for metrics.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwksHealth {
    /// Where the keys are fetched from, without the query.
    pub url: String,
    /// How many keys are in use.
    pub keys: usize,
    /// How long ago they were fetched; `None` before the first fetch that succeeded.
    pub age: Option<Duration>,
    /// Why the last fetch failed, or why none starts: the runtime in which the layer was built does
    /// not run, or there is none. `None` otherwise.
    pub last_error: Option<String>,
    /// How many fetches have ended, well or not.
    pub fetches: u64,
}

/// Why there are no keys: the first fetch failed, and is tried again in the background; or it does
/// not start, because the runtime in which the layer was built does not run.
///
/// If a layer has several issuers, it lists each URL whose keys cannot be fetched.
#[derive(Clone, Debug, thiserror::Error)]
pub struct JwksError {
    /// URLs, and why their keys cannot be fetched. At least one.
    pub(super) failures: Vec<(String, String)>,
}

impl JwksError {
    /// Adds the failures of another error.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.failures.extend(other.failures);
        self
    }
}

impl fmt::Display for JwksError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (url, why)) in self.failures.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}the key set at {url} cannot be fetched: {why}"
            )?;
        }
        Ok(())
    }
}
