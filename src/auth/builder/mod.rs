mod answers;
mod better_auth;
mod build;
#[cfg(feature = "cache")]
mod cache;
mod checks;
mod claims;
mod public_keys;
mod secrets;

use std::{fmt, time::Duration};

use self::public_keys::PublicSource;
use crate::{
    Algorithm,
    auth::token_source::TokenSources,
    clock::Clock,
    key::{SecretSource, Strictness},
    rejection::Answers,
    token::{Check, Policy},
};

/// Configures a [`JwtAuthLayer`](crate::JwtAuthLayer), step by step.
///
/// Nothing is looked at before [`build`](Self::build), which reports all faults at once. Whatever
/// a token is configured to have is also required of it.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let auth = JwtAuthLayer::builder()
///     .secrets(["the current secret, of 32 bytes or more", "the one before it, as long or longer"])
///     .issuer("https://app.example.com")
///     .audience("https://api.example.com")
///     .leeway(Duration::from_secs(5))
///     .build()?;
/// # drop(auth);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use = "a builder does nothing until it is built"]
pub struct JwtAuthBuilder {
    secrets: Vec<SecretSource>,
    strictness: Strictness,
    public_keys: Vec<PublicSource>,
    fetching: Fetching,
    algorithms: Option<Vec<Algorithm>>,
    /// Of Better Auth: stands for the issuer, the audience and the URL of the keys, where those are
    /// not said.
    origin: Option<String>,
    policy: Policy,
    checks: Vec<Check>,
    sources: TokenSources,
    answers: Answers,
    anonymous_may_pass: bool,
    preflight_may_pass: bool,
    max_token_len: usize,
    #[cfg(feature = "cache")]
    cached_tokens: Option<usize>,
    clock: Clock,
    /// The other issuers.
    others: Vec<JwtAuthBuilder>,
}

/// How a key set is fetched.
#[derive(Clone)]
struct Fetching {
    ttl: Duration,
    max_stale: Duration,
    http_allowed: bool,
    #[cfg(feature = "jwks-custom")]
    fetcher: Option<std::sync::Arc<dyn crate::jwks::JwksFetch>>,
}

/// In bytes.
const DEFAULT_MAX_TOKEN_LEN: usize = 16 * 1024;

const DEFAULT_TTL: Duration = Duration::from_secs(10 * 60);

const DEFAULT_MAX_STALE: Duration = Duration::from_secs(60 * 60);

impl Default for JwtAuthBuilder {
    fn default() -> Self {
        Self {
            secrets: Vec::new(),
            strictness: Strictness::default(),
            public_keys: Vec::new(),
            fetching: Fetching {
                ttl: DEFAULT_TTL,
                max_stale: DEFAULT_MAX_STALE,
                http_allowed: false,
                #[cfg(feature = "jwks-custom")]
                fetcher: None,
            },
            algorithms: None,
            origin: None,
            policy: Policy::default(),
            checks: Vec::new(),
            sources: TokenSources::default(),
            answers: Answers::default(),
            anonymous_may_pass: false,
            preflight_may_pass: false,
            max_token_len: DEFAULT_MAX_TOKEN_LEN,
            #[cfg(feature = "cache")]
            cached_tokens: None,
            clock: Clock::default(),
            others: Vec::new(),
        }
    }
}

impl fmt::Debug for JwtAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthBuilder")
            .field("secrets", &self.secrets)
            .field("public_keys", &self.public_keys)
            .field("policy", &self.policy)
            .field("checks", &self.checks.len())
            .field("sources", &self.sources)
            .field("answers", &self.answers)
            .field("clock", &self.clock)
            .field("others", &self.others)
            .finish_non_exhaustive()
    }
}
