use std::{fmt, time::Duration};

use super::JwtAuthBuilder;
use crate::{KeySet, SharedKeys, VerifyingKey, redact::redact_url};

/// Public keys that the builder was told of.
#[derive(Clone)]
pub(super) enum PublicSource {
    Key(VerifyingKey),
    Set(KeySet),
    Pem(Vec<u8>),
    Text(String),
    Shared(SharedKeys),
    Url(String),
}

impl fmt::Debug for PublicSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Set(set) => set.fmt(f),
            Self::Pem(_) => f.write_str("Pem"),
            Self::Text(_) => f.write_str("Text"),
            Self::Shared(keys) => keys.fmt(f),
            Self::Url(url) => f.debug_tuple("Url").field(&redact_url(url)).finish(),
        }
    }
}

/// # Where public keys come from
///
/// They verify RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512 and EdDSA tokens, and
/// need the feature `aws-lc-rs` (all of them) or `rust-crypto` (all but ES512, and RSA keys of up to 4096 bits).
///
/// Given keys add up. Keys from a URL, and those in [`SharedKeys`], cannot be combined with other
/// public keys.
///
/// An issuer can have public keys and secrets, for example while it moves from HS256 to public keys:
/// a key verifies only tokens whose `alg` is one of its own. HS256 tokens are verified while the key
/// set is unavailable, and a missing secret matters to HS256 tokens only.
impl JwtAuthBuilder {
    /// Verifies tokens with this public key in PEM, whose algorithms are the usual one of its type
    /// (RS256, ES256, ES384, ES512 or EdDSA) and those of its type that
    /// [`algorithms`](Self::algorithms) names. For another alone, use [`key`](Self::key) with
    /// [`VerifyingKey::with_algorithm`].
    ///
    /// The text is one key and nothing else; for each further key, call it again. The key has no key
    /// id, so a token's `kid` is not looked at.
    pub fn public_key_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.issuer.public_keys.push(PublicSource::Pem(pem.into()));
        self
    }

    /// Verifies tokens with this public key.
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.issuer.public_keys.push(PublicSource::Key(key));
        self
    }

    /// Verifies tokens with the keys of this set.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.issuer.public_keys.push(PublicSource::Set(keys));
        self
    }

    /// Verifies tokens with the keys of this JWK Set (RFC 7517 section 5), read as
    /// [`KeySet::from_jwks`] does.
    pub fn jwks_text(mut self, json: impl Into<String>) -> Self {
        self.issuer
            .public_keys
            .push(PublicSource::Text(json.into()));
        self
    }

    /// Verifies tokens with keys that your code replaces while the layer is at work.
    pub fn shared_keys(mut self, keys: SharedKeys) -> Self {
        self.issuer.public_keys.push(PublicSource::Shared(keys));
        self
    }

    /// Verifies tokens with the JWK Set at this URL (feature `jwks`). It must be https, unless its
    /// host is this machine's own.
    ///
    /// The set is fetched in the background, by a task in the tokio runtime that
    /// [`build`](Self::build) or, where there is none yet, the first request runs in. `build` does
    /// not wait for it; `JwtAuthLayer::ready` does. The task ends
    /// with the last clone of the layer and of its services.
    ///
    /// - The set is fetched again **before [ten minutes](Self::jwks_ttl) have passed**. The issuer's
    ///   `Cache-Control: max-age` can only shorten that, to a minute at least.
    /// - **A token with an unknown key** requests a fetch; token-requested fetches are at least
    ///   [five seconds](Self::jwks_cooldown) apart; the request waits until a fetch brings its key,
    ///   at most until the first fetch that starts after it arrived has ended (ten seconds in all);
    ///   each key-set URL has a waiting room of 1,024; if it is full, the request is rejected
    ///   immediately (401, `unknown_key`).
    /// - **A token without `kid`** is tried with the ten most recently listed keys of its algorithm. If
    ///   none verifies it, or if the key with its `kid` does not, its key is unknown: the issuer may
    ///   have a new key, or have replaced one under the old `kid`. The reason is then `signature`.
    /// - Scheduled fetches have their own limit. Those that start while requests wait serve them too.
    /// - **When a fetch fails**, it is retried after one second at first and after 30 seconds at
    ///   most. Meanwhile the cached keys stay valid, for [an hour](Self::jwks_max_stale) after their
    ///   time to live at most. Without keys, requests get 503.
    /// - A fetch follows no redirect, uses no proxy, whatever the environment names, takes at most 5
    ///   seconds and 1 MiB, and reads 100 keys.
    ///
    /// Events, errors and `JwksHealth` name the URL without its user name and its query.
    pub fn jwks_url(mut self, url: impl Into<String>) -> Self {
        self.issuer.public_keys.push(PublicSource::Url(url.into()));
        self
    }

    /// Sets how long a fetched set is used before it is fetched again, at most. The issuer's
    /// `Cache-Control: max-age` can only shorten it, and not below 60 seconds. Default ten minutes,
    /// at least one second.
    pub fn jwks_ttl(mut self, ttl: Duration) -> Self {
        self.issuer.fetching.ttl = ttl;
        self
    }

    /// How long a fetched set goes on counting past its time to live, while it cannot be fetched
    /// again. Default an hour.
    pub fn jwks_max_stale(mut self, max_stale: Duration) -> Self {
        self.issuer.fetching.max_stale = max_stale;
        self
    }

    /// Sets how far apart token-requested fetches are at least. Default five seconds, at least one
    /// second.
    ///
    /// A shorter interval accepts a new key sooner while an attacker sends unknown keys; a longer one
    /// spares the issuer. With more than ten seconds, requests give up before the next fetch starts.
    ///
    /// ```
    /// # #[cfg(all(feature = "jwks", feature = "aws-lc-rs"))]
    /// # {
    /// use std::time::Duration;
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .jwks_url("https://app.example.com/api/auth/jwks")
    ///     .jwks_cooldown(Duration::from_secs(1))
    ///     .allow_any_audience()
    ///     .build()?;
    /// # drop(auth);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn jwks_cooldown(mut self, cooldown: Duration) -> Self {
        self.issuer.fetching.cooldown = cooldown;
        self
    }

    /// Lets the keys be fetched over plain http, which is logged. Whoever is on the way can put
    /// keys of theirs in, so it is for the inside of a Docker network and the like.
    pub fn allow_http(mut self) -> Self {
        self.issuer.fetching.http_allowed = true;
        self
    }

    /// Fetches the set with this client and not with the built-in one (feature `jwks-custom`).
    #[cfg(feature = "jwks-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
    pub fn jwks_fetcher(mut self, fetcher: impl crate::jwks::JwksFetch) -> Self {
        self.issuer.fetching.fetcher = Some(std::sync::Arc::new(fetcher));
        self
    }
}
