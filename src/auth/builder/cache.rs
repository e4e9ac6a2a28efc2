use super::JwtAuthBuilder;
use crate::{config_error::Faults, token::TokenCache};

/// With tokens of a kilobyte, about two gigabytes.
const MAX_TOKENS: usize = 1_000_000;

/// # Verifying less often
impl JwtAuthBuilder {
    /// Keeps up to this many tokens that verified, so that the next request with one of them is
    /// spared the signature: less than a fifth of a microsecond in place of 12 to 35 with a public key,
    /// and of two thirds of one with a secret. Off unless it is called.
    ///
    /// A token that is kept counts for five minutes at most, and is never accepted where it would be
    /// refused without a cache:
    ///
    /// - past its `exp`, which is looked at each time, with the leeway;
    /// - when the keys have changed, so that a key that is gone takes its tokens with it;
    /// - when a rule of yours ([`check`](Self::check)), which is asked each time, says no.
    ///
    /// Only tokens that verified are kept, whole, and found by all of their bytes; none over 4 KiB.
    /// The cache is one layer's own, shared with its services and its
    /// [`verifier`](crate::JwtAuthLayer::verifier). It takes about twice the length of each
    /// token, which stays in memory until its room is needed, and may hold a few more or less than
    /// said.
    /// [`JwtAuthLayer::cache_stats`](crate::JwtAuthLayer::cache_stats) counts hits and misses.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .cache_tokens(10_000)
    ///     .build()?;
    /// let stats = auth.cache_stats().expect("there is a cache");
    /// assert_eq!((stats.hits, stats.misses, stats.tokens), (0, 0, 0));
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub fn cache_tokens(mut self, capacity: usize) -> Self {
        self.layer_settings(".cache_tokens(…)").cached_tokens = Some(capacity);
        self
    }

    pub(super) fn token_cache(&self, faults: &mut Faults) -> Option<TokenCache> {
        let capacity = self.layer.cached_tokens?;
        if !(1..=MAX_TOKENS).contains(&capacity) {
            faults.add(format!(
                "the capacity given with .cache_tokens(…) is {capacity}; give the number of tokens that are in use at a time, at most {MAX_TOKENS}, or leave it out"
            ));
            return None;
        }
        Some(TokenCache::new(capacity))
    }
}
