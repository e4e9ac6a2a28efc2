//! [`JwksFetch`]: the interface of a fetcher.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use http::StatusCode;

/// The maximum size of a key set, in bytes. A set of 100 keys needs less than a tenth of that.
pub(super) const MAX_JWKS_BYTES: usize = 1024 * 1024;

/// The maximum duration of a fetch.
pub(super) const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// A fetcher of JWK Sets that replaces the built-in client, for example to use a proxy, a private
/// certificate authority, another HTTP client, or a file.
///
/// The layer enforces the limits: one fetch at a time, five seconds per fetch, 1 MiB of JSON, and
/// the intervals of [`jwks_url`](crate::JwtAuthBuilder::jwks_url). It also logs and retries
/// failures. The fetcher itself must not follow redirects and must accept only status 200.
///
/// ```
/// use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};
///
/// struct FromFile;
///
/// impl JwksFetch for FromFile {
///     fn fetch<'a>(
///         &'a self,
///         url: &'a str,
///     ) -> std::pin::Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
///         Box::pin(async move {
///             let json = std::fs::read_to_string(url.trim_start_matches("file://"))
///                 .map_err(|error| FetchError::new(error.to_string()))?;
///             Ok(FetchedJwks::new(json))
///         })
///     }
/// }
/// ```
pub trait JwksFetch: Send + Sync + 'static {
    /// Fetches the JWK Set from this URL, which is the one set on the builder.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>>;
}

/// A fetched JWK Set.
#[derive(Clone)]
pub struct FetchedJwks {
    pub(super) json: String,
    pub(super) max_age: Option<Duration>,
}

impl FetchedJwks {
    /// Creates a fetched set from the JSON of a JWK Set.
    pub fn new(json: impl Into<String>) -> Self {
        Self {
            json: json.into(),
            max_age: None,
        }
    }

    /// Sets how long the set may be cached (`Cache-Control: max-age`, RFC 9111 section 5.2.2.1).
    ///
    /// This can only shorten [`jwks_ttl`](crate::JwtAuthBuilder::jwks_ttl), to no less than 60
    /// seconds.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }
}

/// Omits the JSON, which is unchecked and may contain a private key.
impl fmt::Debug for FetchedJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedJwks")
            .field("bytes", &self.json.len())
            .field("max_age", &self.max_age)
            .finish()
    }
}

/// Error returned by a fetcher. It is logged and appears in
/// [`JwksHealth`](crate::jwks::JwksHealth).
#[derive(Clone, Debug)]
pub struct FetchError {
    message: String,
    pub(super) status: Option<StatusCode>,
}

impl FetchError {
    /// Creates an error with a short reason.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            status: None,
        }
    }

    /// Sets the status of the response, if it was not 200. Discovery tries the next URL after a 4xx
    /// other than 429.
    #[must_use]
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = Some(status);
        self
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
