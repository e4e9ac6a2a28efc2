use std::time::Duration;

/// How it stands with the keys of a URL: for a health endpoint, and for metrics.
///
/// Example: [`jwks_health`](crate::JwtAuthLayer::jwks_health).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JwksHealth {
    /// Where the keys are fetched from, without the query.
    pub url: String,
    /// How many keys are in use.
    pub keys: usize,
    /// How long ago they were fetched; `None` before the first fetch that succeeded.
    pub age: Option<Duration>,
    /// Why the last fetch failed; `None` if it did not.
    pub last_error: Option<String>,
    /// How many fetches have ended, well or not.
    pub fetches: u64,
}

/// Why there are no keys: the first fetch failed. It is tried again in the background.
///
/// Example: [`ready`](crate::JwtAuthLayer::ready).
#[derive(Clone, Debug, thiserror::Error)]
#[error("the key set at {url} cannot be fetched: {why}")]
pub struct JwksError {
    pub(super) url: String,
    pub(super) why: String,
}
