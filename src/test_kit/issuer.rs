use std::fmt;

use super::{TestClock, TestToken, signer::Signer};
use crate::{JwtAuthBuilder, JwtAuthLayer};

/// Mints tokens for tests, and gives the layer that accepts them.
///
/// Each issuer has a key of its own, so that none accepts the tokens of another. A clone is the
/// same issuer, and shares its clock. Making one costs microseconds, and so does a token.
///
/// The keys are made from the keys of the standard library's hash maps: never use them in
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
    /// An issuer of HS256 tokens, with a new [`secret`](Self::secret).
    pub fn hs256() -> Self {
        Self::new(Signer::new_secret())
    }

    /// An issuer of HS256 tokens with this secret: that which the service under test is configured
    /// with.
    ///
    /// Whether it is strong enough is said when the [`layer`](Self::layer) is built.
    pub fn hs256_with(secret: impl AsRef<str>) -> Self {
        Self::new(Signer::secret(secret.as_ref()))
    }

    /// An issuer of EdDSA tokens, with a new key and key id, as the `jwt()` plugin of Better Auth
    /// is one.
    ///
    /// ```
    /// use tower_jwt_auth::{JwtAuthLayer, test_kit::TestIssuer};
    ///
    /// let issuer = TestIssuer::eddsa();
    /// let auth = JwtAuthLayer::builder().jwks_text(issuer.jwks()).build()?;
    /// assert!(auth.verifier().verify(&issuer.token("alice")).is_ok());
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))))]
    pub fn eddsa() -> Self {
        Self::new(Signer::new_ed25519())
    }

    /// Names the issuer: its tokens have this `iss`, and its layer requires it.
    #[must_use]
    pub fn with_issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Says whom the tokens are for: they have this `aud`, and its layer requires it.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// Takes the time from this clock, which others may share.
    #[must_use]
    pub fn with_clock(mut self, clock: &TestClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// A valid token: `sub` is the user's id, `email` is `<user id>@example.com`, and it expires in
    /// 15 minutes.
    pub fn token(&self, user_id: &str) -> String {
        self.token_for(user_id).mint()
    }

    /// Starts a token that differs from [`token`](Self::token) in what is said of it.
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

    /// Starts a layer that accepts the tokens of this issuer, and takes the time from its clock.
    /// More can be said of it, such as [`email_optional`](JwtAuthBuilder::email_optional).
    pub fn layer(&self) -> JwtAuthBuilder {
        self.signer.trusted_by(self.keyless_layer())
    }

    /// The clock that the tokens and the [`layer`](Self::layer) take the time from.
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// The secret that the tokens are signed with, to configure a service with it:
    /// `BETTER_AUTH_SECRET` of a child process, say.
    ///
    /// # Panics
    ///
    /// When it is no issuer of HS256.
    pub fn secret(&self) -> &str {
        match &self.signer {
            Signer::Secret(secret) => secret,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Signer::Ed25519(_) => panic!("an issuer of EdDSA has no secret; take its .jwks()"),
        }
    }

    /// The id of its key, which its tokens name as `kid`. None with HS256.
    pub fn key_id(&self) -> Option<&str> {
        self.signer.key_id()
    }

    /// Everything that a layer needs but the keys.
    pub(super) fn keyless_layer(&self) -> JwtAuthBuilder {
        let mut builder = JwtAuthLayer::builder().with_clock(self.clock.reader());
        if let Some(issuer) = &self.issuer {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = &self.audience {
            builder = builder.audience(audience);
        }
        builder
    }

    pub(super) fn signer(&self) -> &Signer {
        &self.signer
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
    /// The text of a JWK Set with its public key, for
    /// [`jwks_text`](JwtAuthBuilder::jwks_text) or a server of your own.
    ///
    /// # Panics
    ///
    /// When it is an issuer of HS256, whose secret nobody publishes.
    pub fn jwks(&self) -> String {
        super::ed25519::jwks([self.private_key()])
    }

    /// The same as a [`KeySet`](crate::KeySet), for [`SharedKeys`](crate::SharedKeys).
    ///
    /// # Panics
    ///
    /// As [`jwks`](Self::jwks).
    pub fn key_set(&self) -> crate::KeySet {
        crate::KeySet::from_jwks(&self.jwks()).expect("a key that can be used")
    }

    pub(super) fn private_key(&self) -> &super::ed25519::PrivateKey {
        match &self.signer {
            Signer::Ed25519(key) => key,
            Signer::Secret(_) => {
                panic!("an issuer of HS256 has no public key; start with TestIssuer::eddsa()")
            }
        }
    }

    /// The same issuer with a new key.
    #[cfg(feature = "jwks-custom")]
    pub(super) fn with_new_key(&self) -> Self {
        Self {
            signer: Signer::new_ed25519(),
            ..self.clone()
        }
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
