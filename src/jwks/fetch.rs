use std::{fmt, future::Future, pin::Pin, time::Duration};

/// A set of a hundred keys has less than a tenth of it.
pub(super) const MAX_JWKS_BYTES: usize = 1024 * 1024;

/// Fetches a JWK Set if the built-in client does not fit: through a proxy, with your own
/// certificate authority, with another HTTP client, from a file.
///
/// The layer limits it: one fetch at a time, five seconds for each, 1 MiB of text, and the
/// intervals of [`jwks_url`](crate::JwtAuthBuilder::jwks_url). It logs and retries failures. The
/// fetcher itself must not follow redirects, and must accept no status but 200.
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
    /// Fetches the JWK Set from this URL, which is the one that the builder was given.
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>>;
}

/// A JWK Set as it was fetched.
#[derive(Clone)]
pub struct FetchedJwks {
    pub(super) json: String,
    pub(super) max_age: Option<Duration>,
}

impl FetchedJwks {
    /// The text of a JWK Set.
    pub fn new(json: impl Into<String>) -> Self {
        Self {
            json: json.into(),
            max_age: None,
        }
    }

    /// Sets how long the set may be kept (`Cache-Control: max-age`, RFC 9111 section 5.2.2.1).
    ///
    /// This can only shorten [`jwks_ttl`](crate::JwtAuthBuilder::jwks_ttl), and not below 60
    /// seconds.
    #[must_use]
    pub fn with_max_age(mut self, max_age: Duration) -> Self {
        self.max_age = Some(max_age);
        self
    }
}

/// Nothing has looked at the text yet: there may be a private key in it.
impl fmt::Debug for FetchedJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FetchedJwks")
            .field("bytes", &self.json.len())
            .field("max_age", &self.max_age)
            .finish()
    }
}

/// Why a JWK Set could not be fetched, for the log and for
/// [`JwksHealth`](crate::jwks::JwksHealth).
#[derive(Clone, Debug)]
pub struct FetchError {
    message: String,
}

impl FetchError {
    /// Says why, in a few words.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
        }
    }
}

impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for FetchError {}
