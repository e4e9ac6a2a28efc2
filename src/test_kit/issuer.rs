//! [`TestIssuer`]: mints tokens and builds the layer that accepts them.

use std::fmt;

use super::{clock::TestClock, signer::Signer, token::TestToken};
use crate::auth::{JwtAuthBuilder, JwtAuthLayer};

/// A test issuer, which mints tokens and builds the layer that accepts them.
///
/// Each issuer has its own key, so no issuer's layer accepts the tokens of another. Clones share
/// the key and the clock. Creating an issuer or a token takes microseconds.
///
/// The keys are derived from the random keys of the standard library's hash maps: never use them in
/// production.
///
/// ```
/// use tower_jwt_auth::test_kit::TestIssuer;
///
/// let issuer = TestIssuer::hs256();
/// let auth = issuer.layer().build()?;
/// let user = auth.verifier().verify(&issuer.token("alice"))?;
/// assert_eq!((user.user_id(), user.email()), ("alice", "alice@example.com"));
///
/// let other = TestIssuer::hs256();
/// assert!(auth.verifier().verify(&other.token("alice")).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TestIssuer {
    signer: Signer,
    clock: TestClock,
    issuer: Option<String>,
    audience: Option<String>,
}

impl TestIssuer {
    /// Creates an HS256 issuer with a new [`secret`](Self::secret).
    pub fn hs256() -> Self {
        Self::new(Signer::new_secret())
    }

    /// Creates an HS256 issuer that uses the secret of the service under test.
    ///
    /// The strength of the secret is checked when the [`layer`](Self::layer) is built.
    pub fn hs256_with(secret: impl AsRef<str>) -> Self {
        Self::new(Signer::secret(secret.as_ref()))
    }

    /// Creates an EdDSA issuer with a new key and key ID, like the `jwt()` plugin of Better Auth.
    ///
    /// ```
    /// use tower_jwt_auth::{JwtAuthLayer, test_kit::TestIssuer};
    ///
    /// let issuer = TestIssuer::eddsa().with_audience("https://api.example.com");
    /// let auth = JwtAuthLayer::builder()
    ///     .jwks_text(issuer.jwks())
    ///     .audience("https://api.example.com")
    ///     .build()?;
    /// assert!(auth.verifier().verify(&issuer.token("alice")).is_ok());
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
    pub fn eddsa() -> Self {
        Self::new(Signer::new_ed25519())
    }

    /// Sets the issuer's name: its tokens have this `iss`, and its layer requires it.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Sets the audience: the tokens have this `aud`, and the issuer's layer requires it.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Reads the time from this clock, which other issuers may share.
    #[must_use]
    pub fn with_clock(mut self, clock: &TestClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Mints a valid token: `sub` is the user ID, `email` is `<user ID>@example.com`, and the token
    /// expires in 15 minutes.
    pub fn token(&self, user_id: &str) -> String {
        self.token_for(user_id).mint()
    }

    /// Starts a token that differs from [`token`](Self::token) in the claims and header that you
    /// set.
    pub fn token_for(&self, user_id: &str) -> TestToken {
        let token = TestToken::new(self.signer.clone(), self.clock.clone(), user_id);
        let token = match &self.issuer {
            Some(issuer) => token.issuer(issuer),
            None => token,
        };
        match &self.audience {
            Some(audience) => token.audience(audience),
            None => token,
        }
    }

    /// Starts a builder for a layer that accepts the tokens of this issuer and uses its clock. You
    /// can add other settings, such as [`email_optional`](JwtAuthBuilder::email_optional).
    ///
    /// In a layer with several issuers, share one clock: see [`with_clock`](Self::with_clock).
    ///
    /// Unlike other layers with public keys, it needs no audience. Without one, a token with an
    /// `aud` is rejected with `audience_not_configured`.
    pub fn layer(&self) -> JwtAuthBuilder {
        self.signer.trusted_by(self.keyless_layer())
    }

    /// Returns the clock of the tokens and of the [`layer`](Self::layer).
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Returns the secret that signs the tokens, for example to set `BETTER_AUTH_SECRET` for a
    /// child process.
    ///
    /// # Panics
    ///
    /// Panics unless this is an HS256 issuer.
    pub fn secret(&self) -> &str {
        match &self.signer {
            Signer::Secret(secret) => secret,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Signer::Ed25519(_) => panic!("an EdDSA issuer has no secret; use its .jwks()"),
        }
    }

    /// Returns the key ID, which the tokens contain as `kid`; `None` with HS256.
    pub fn key_id(&self) -> Option<&str> {
        self.signer.key_id()
    }

    /// Returns a builder with all settings except the keys.
    pub(super) fn keyless_layer(&self) -> JwtAuthBuilder {
        let mut builder = JwtAuthLayer::builder()
            .with_clock(self.clock.reader())
            .audience_may_be_missing();
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        builder
    }

    fn new(signer: Signer) -> Self {
        Self {
            signer,
            clock: TestClock::new(),
            issuer: None,
            audience: None,
        }
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
impl TestIssuer {
    /// Returns the JWK Set with the public key, for [`jwks_text`](JwtAuthBuilder::jwks_text) or for
    /// your own server.
    ///
    /// # Panics
    ///
    /// Panics if this is an HS256 issuer, because a secret must not be published.
    pub fn jwks(&self) -> String {
        super::ed25519::jwks([self.private_key()])
    }

    /// Returns the public key as a [`KeySet`](crate::KeySet), for
    /// [`SharedKeys`](crate::SharedKeys).
    ///
    /// # Panics
    ///
    /// The same as for [`jwks`](Self::jwks).
    pub fn key_set(&self) -> crate::key::KeySet {
        crate::key::KeySet::from_jwks(&self.jwks()).expect("the key is valid and usable")
    }

    pub(super) fn private_key(&self) -> &super::ed25519::PrivateKey {
        match &self.signer {
            Signer::Ed25519(key) => key,
            Signer::Secret(_) => {
                panic!("an HS256 issuer has no public key; start with TestIssuer::eddsa()")
            }
        }
    }

    /// Returns the same issuer with a new key.
    #[cfg(feature = "jwks-custom")]
    pub(super) fn with_new_key(&self) -> Self {
        Self {
            signer: Signer::new_ed25519(),
            ..self.clone()
        }
    }
}

impl TestToken {
    /// Signs with the key of another issuer, while the claims and the `kid` remain those of this
    /// issuer. Such a token is rejected with `signature`, or with `algorithm` if the algorithms
    /// differ.
    pub fn signed_by(mut self, other: &TestIssuer) -> Self {
        self.set_signer(other.signer.clone());
        self
    }
}

impl fmt::Debug for TestIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestIssuer")
            .field("algorithm", &self.signer.algorithm())
            .field("key_id", &self.key_id())
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
