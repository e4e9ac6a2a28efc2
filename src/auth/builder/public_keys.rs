//! The settings for public keys and key sets from a URL.

use std::time::Duration;

use super::{
    JwtAuthBuilder,
    issuer_settings::{KeySetLocation, PublicSource},
};
use crate::{
    key::{KeySet, VerifyingKey},
    key_source::SharedKeys,
};

/// # Keys: public keys
///
/// Public keys verify RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, and EdDSA
/// tokens. The feature `aws-lc-rs` supports all of them; `rust-crypto` supports all except ES512
/// and RSA keys over 4096 bits.
///
/// Keys from all calls are combined. A URL or [`SharedKeys`] cannot be combined with other public
/// keys.
///
/// Public keys also need an [`audience`](Self::audience) or an
/// [`authorized_party`](Self::authorized_party), because the issuer signs tokens for many services
/// with the same key.
///
/// An issuer can have public keys and secrets, for example while it moves from HS256 to public
/// keys: a key verifies only tokens with one of its own algorithms. HS256 tokens are verified even
/// while the key set is unavailable, and a missing secret affects HS256 tokens only.
impl JwtAuthBuilder {
    /// Adds a public key in PEM. It is used with the default algorithm of its type (RS256, ES256,
    /// ES384, ES512, or EdDSA) and with the algorithms of its type that
    /// [`algorithms`](Self::algorithms) lists. To use only another algorithm, call
    /// [`key`](Self::key) with [`VerifyingKey::with_algorithm`].
    ///
    /// The PEM must contain exactly one key; call the method again for each further key. The key
    /// has no key ID, so it verifies tokens with any `kid`.
    pub fn public_key_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.issuer.public_keys.push(PublicSource::Pem(pem.into()));
        self
    }

    /// Adds a public key.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    /// # {
    /// use tower_jwt_auth::{Algorithm, JwtAuthLayer, VerifyingKey};
    ///
    /// # let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";
    /// let key = VerifyingKey::from_pem(pem)?.with_algorithm(Algorithm::EdDSA)?.with_key_id("2025-01");
    /// let auth = JwtAuthLayer::builder()
    ///     .key(key)
    ///     .issuer("https://login.example.com")
    ///     .audience("https://api.example.com")
    ///     .build()?;
    /// # drop(auth);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn key(mut self, key: VerifyingKey) -> Self {
        self.issuer.public_keys.push(PublicSource::Key(key));
        self
    }

    /// Adds the keys of this set.
    pub fn keys(mut self, keys: KeySet) -> Self {
        self.issuer.public_keys.push(PublicSource::Set(keys));
        self
    }

    /// Adds the keys of this JWK Set (RFC 7517 section 5), parsed in the same way as by
    /// [`KeySet::from_jwks`].
    #[doc(alias = "jwks_json")]
    pub fn jwks_text(mut self, json: impl Into<String>) -> Self {
        self.issuer
            .public_keys
            .push(PublicSource::Text(json.into()));
        self
    }

    /// Verifies tokens with keys that your code can replace while the layer is in use.
    pub fn shared_keys(mut self, keys: SharedKeys) -> Self {
        self.issuer.public_keys.push(PublicSource::Shared(keys));
        self
    }

    /// Verifies tokens with the JWK Set at this URL (feature `jwks`). The URL must use https unless
    /// its host is a loopback address.
    ///
    /// A background task fetches the set. It runs in the tokio runtime in which
    /// [`build`](Self::build) runs or, if there is none yet, in the runtime of the first request.
    /// `build` does not wait for the first fetch; `JwtAuthLayer::ready` does. The task ends when
    /// the last clone of the layer and of its services is dropped. The runtime needs its timers
    /// (`enable_time`; `#[tokio::main]` enables them): without them, tokio panics.
    ///
    /// - The set is **refreshed before [ten minutes](Self::jwks_ttl) have passed**. The issuer's
    ///   `Cache-Control: max-age` can only shorten that interval, to no less than a minute.
    /// - **A token with an unknown key** triggers a fetch; fetches that tokens trigger are at least
    ///   [five seconds](Self::jwks_cooldown) apart. The request waits for its key for at most ten
    ///   seconds, and no longer than until the end of the first fetch that starts after its
    ///   arrival. Each key-set URL has a waiting room of 1,024 requests; if it is full, the request
    ///   is rejected immediately. A rejected request gets 401 (`unknown_key`), or 503 if the last
    ///   fetch failed.
    /// - **A token without `kid`** is tried with the ten most recently listed keys of its
    ///   algorithm. If none verifies it, its key is treated as unknown, because the issuer may have
    ///   a new one. The same applies to a token that the key with its `kid` does not verify,
    ///   because the issuer may have replaced that key. The reason is then `signature`.
    /// - Scheduled fetches have their own limit. Requests that wait also use the result of a
    ///   scheduled fetch.
    /// - **A failed fetch** is retried after one second at first, later after up to 30 seconds. In
    ///   the meantime, the cached keys stay valid, for at most [an hour](Self::jwks_max_stale)
    ///   after their time to live ends. Without keys, requests get 503.
    /// - A fetch does not follow redirects, ignores proxy environment variables, takes at most 5
    ///   seconds, reads at most 1 MiB, and uses at most 100 keys.
    ///
    /// Events, errors, and `JwksHealth` show the URL without its user name and query.
    pub fn jwks_url(self, url: impl Into<String>) -> Self {
        self.fetched_from(KeySetLocation::Url(url.into()))
    }

    /// Verifies tokens with the key set to which this issuer's metadata refers (feature `jwks`).
    /// Requires this issuer in `iss`, unless [`issuer`](Self::issuer) sets a different name.
    ///
    /// The metadata is requested from these URLs, in this order. After a 4xx response other than
    /// 429, the next URL is tried:
    ///
    /// 1. `<issuer>/.well-known/openid-configuration` (OpenID Connect Discovery 1.0 section 4);
    /// 2. `<origin>/.well-known/oauth-authorization-server<path>` (RFC 8414 section 3);
    /// 3. `<issuer>/.well-known/oauth-authorization-server`.
    ///
    /// The `issuer` in the metadata must equal this one byte for byte; otherwise no keys are fetched,
    /// and requests get 503. The `jwks_uri` must use https, with the same exceptions as
    /// [`jwks_url`](Self::jwks_url). The metadata is read again for each fetch of the key set.
    /// Everything else works as with `jwks_url`, whose limits apply to both documents together.
    ///
    /// Better Auth changes its name in the metadata but not in the tokens: it removes a trailing
    /// slash and replaces `http` with `https`. In Microsoft's metadata for several tenants, the
    /// issuer is a template. In these cases, use [`jwks_url`](Self::jwks_url).
    ///
    /// ```
    /// # #[cfg(all(feature = "jwks", feature = "aws-lc-rs"))]
    /// # {
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::discover("https://login.example.com")
    ///     .audience("https://api.example.com")
    ///     .build()?;
    /// # drop(auth);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn discover(self, issuer: impl Into<String>) -> Self {
        self.fetched_from(KeySetLocation::MetadataOf(issuer.into()))
    }

    fn fetched_from(mut self, location: KeySetLocation) -> Self {
        let source = PublicSource::Fetched(location);
        self.issuer.public_keys.push(source);
        self
    }

    /// Sets the maximum time for which a fetched set is used before it is refreshed. The issuer's
    /// `Cache-Control: max-age` can only shorten it, to no less than 60 seconds. The default is ten
    /// minutes, the minimum one second.
    pub fn jwks_ttl(mut self, ttl: Duration) -> Self {
        self.issuer.fetching.ttl = ttl;
        self
    }

    /// Sets how long an expired key set may still be used while refreshing it fails. The default is
    /// one hour. Less than a second is treated as one second, so that a refresh has time to end.
    pub fn jwks_max_stale(mut self, max_stale: Duration) -> Self {
        self.issuer.fetching.max_stale = max_stale;
        self
    }

    /// Sets the minimum interval between fetches that tokens trigger. The default is five seconds,
    /// the minimum one second.
    ///
    /// With a shorter interval, a new key is accepted earlier while an attacker sends unknown keys;
    /// a longer interval reduces the load on the issuer. If it exceeds ten seconds, requests give
    /// up before the next fetch starts.
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

    /// Allows fetching the keys over plain HTTP, which is logged. Anyone on the network path can
    /// then replace the keys, so use it only inside a private network such as Docker's.
    pub fn allow_http(mut self) -> Self {
        self.issuer.fetching.http_allowed = true;
        self
    }

    /// Fetches the set with this client instead of the built-in one (feature `jwks-custom`).
    #[cfg(feature = "jwks-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
    pub fn jwks_fetcher(mut self, fetcher: impl crate::jwks::JwksFetch) -> Self {
        self.issuer.fetching.fetcher = Some(std::sync::Arc::new(fetcher));
        self
    }
}
