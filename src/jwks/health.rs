//! [`JwksHealth`] and [`JwksError`]: the status of fetched keys, for applications.

use std::{fmt, time::Duration};

/// Health of a key set from a URL, for a health endpoint or for metrics.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwksHealth {
    /// The URL of the key set or, with [`discover`](crate::JwtAuthBuilder::discover), the issuer, as
    /// configured but without its user name and query.
    pub url: String,
    /// The number of keys in use.
    pub keys: usize,
    /// The time since the keys were fetched; `None` before the first successful fetch.
    pub age: Option<Duration>,
    /// The time until the keys in use expire if every fetch until then fails; `None` without keys.
    pub expires_in: Option<Duration>,
    /// The reason why the last fetch failed or why no fetch starts: the runtime in which the layer
    /// was built is not running, or there is no runtime. `None` otherwise.
    pub last_error: Option<String>,
    /// The number of fetches that have ended, successfully or not.
    pub fetches: u64,
}

/// Error returned if no keys are available: the first fetch failed and is retried in the
/// background, or it does not start because the runtime in which the layer was built is not
/// running.
///
/// If a layer has several issuers, the error lists each URL whose keys cannot be fetched.
#[derive(Clone, Debug, thiserror::Error)]
pub struct JwksError {
    /// The URLs and the reasons; never empty.
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
        for (index, (url, reason)) in self.failures.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(
                f,
                "{separator}the key set at {url} cannot be fetched: {reason}"
            )?;
        }
        Ok(())
    }
}
