//! The settings for the token cache and the clock.

use std::{sync::Arc, time::SystemTime};

use super::{JwtAuthBuilder, layer_settings::CLOCK};
use crate::clock::Clock;
#[cfg(feature = "cache")]
use crate::{config_error::Faults, token::TokenCache};

/// About two gigabytes of memory if each token is one kilobyte long.
#[cfg(feature = "cache")]
const MAX_TOKENS: usize = 1_000_000;

/// # Operations
impl JwtAuthBuilder {
    /// Caches up to `capacity` verified tokens, so that the next request with the same token skips
    /// the signature check. Verification then takes less than 0.2 µs instead of 12 to 35 µs with a
    /// public key, or 0.5 µs with a secret. The cache is off by default.
    ///
    /// A token is cached for at most five minutes. It is never accepted if it would be rejected
    /// without a cache:
    ///
    /// - its `exp` is checked each time, with the leeway;
    /// - changing the keys removes the tokens that they verified;
    /// - your own rules ([`check`](Self::check)) run each time.
    ///
    /// Only verified tokens are cached. They are stored whole and compared byte by byte; tokens
    /// over 4 KiB are not cached. Each layer has its own cache, which its services and its
    /// [`verifier`](crate::JwtAuthLayer::verifier) share. The cache uses about twice the length of
    /// each token in memory, keeps an expired token until the space is needed, and may store
    /// slightly more or fewer tokens than `capacity`.
    /// [`JwtAuthLayer::cache_stats`](crate::JwtAuthLayer::cache_stats) returns hits and misses.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .cache_tokens(10_000)
    ///     .build()?;
    /// let stats = auth.cache_stats().expect("the cache is on");
    /// assert_eq!((stats.hits, stats.misses, stats.tokens), (0, 0, 0));
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg(feature = "cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub fn cache_tokens(mut self, capacity: usize) -> Self {
        self.layer_settings(".cache_tokens(…)").cached_tokens = Some(capacity);
        self
    }

    #[cfg(feature = "cache")]
    pub(super) fn token_cache(&self, faults: &mut Faults) -> Option<TokenCache> {
        let capacity = self.layer.cached_tokens?;
        if !(1..=MAX_TOKENS).contains(&capacity) {
            faults.add(format!(
                "the capacity set with .cache_tokens(…) is {capacity}; set the number of tokens in use at the same time, from 1 to {MAX_TOKENS}, or omit the call"
            ));
            return None;
        }
        Some(TokenCache::new(capacity))
    }

    /// Reads the time from this function instead of the system clock. Use it in tests.
    pub fn clock<F>(self, now: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.with_clock(Clock::Custom(Arc::new(now)))
    }

    pub(crate) fn with_clock(mut self, clock: Clock) -> Self {
        self.layer_settings(CLOCK).clock = clock;
        self
    }
}
