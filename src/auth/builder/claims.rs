//! The settings for the claims of a token.

use std::{sync::Arc, time::Duration};

use super::JwtAuthBuilder;
use crate::{key::Algorithm, user::CurrentUser};

/// # Issuer, audience, and other rules
impl JwtAuthBuilder {
    /// Requires this `iss` (RFC 7519 section 4.1.1), byte for byte. A token without `iss`, or with
    /// a trailing slash that `issuer` lacks, is rejected.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer.policy.issuer = Some(issuer.into());
        self
    }

    /// Requires the token's `aud`, or one element of its `aud` array, to equal this audience byte
    /// for byte (RFC 7519 section 4.1.3). If called more than once, any of the audiences is
    /// accepted; the first call replaces the default of
    /// [`better_auth`](crate::JwtAuthLayer::better_auth).
    ///
    /// If no audience is configured, a token with an `aud` is rejected, because nothing shows that
    /// it was issued for this service.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.issuer.policy.audiences.push(audience.into());
        self
    }

    /// Accepts tokens with any `aud`, including those that were issued for other services.
    pub fn allow_any_audience(mut self) -> Self {
        self.issuer.policy.any_audience = true;
        self
    }

    /// Sets how far the clocks of the issuer and of this service may differ. A token is accepted
    /// until this long after its `exp` and from this long before its `nbf`. The default is zero,
    /// the maximum five minutes.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .leeway(Duration::from_secs(5))
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.issuer.policy.leeway = leeway;
        self
    }

    /// Accepts tokens with this `typ`, in addition to `JWT`, `at+jwt`, and tokens without a `typ`.
    ///
    /// Types are compared case-insensitively, and `x` equals `application/x` (RFC 7515 section
    /// 4.1.9).
    pub fn accept_typ(mut self, typ: impl Into<String>) -> Self {
        self.issuer.policy.types.push(typ.into());
        self
    }

    /// Accepts only tokens with these algorithms. The default is HS256 with secrets and all other
    /// algorithms with public keys.
    ///
    /// A public key that names no algorithm, such as a PEM key or a JWK without `alg`, verifies the
    /// default algorithm of its type (RS256 for RSA) and the algorithms of its type that are listed
    /// here (RFC 7517 section 4.4). Keys in [`SharedKeys`](crate::SharedKeys) are not changed;
    /// [`VerifyingKey::with_algorithm`](crate::VerifyingKey::with_algorithm) sets the algorithm of
    /// one key.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.issuer.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Adds your own rule for the user of a verified token. If it returns `false`, the token is
    /// rejected as invalid, with the reason `check`. The rule runs for each request, so it must not
    /// block.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Mine {
    ///     #[serde(rename = "emailVerified")]
    ///     email_verified: bool,
    /// }
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .check(|user| user.claims::<Mine>().is_ok_and(|mine| mine.email_verified))
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn check<F>(mut self, rule: F) -> Self
    where
        F: Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    {
        self.issuer.checks.push(Arc::new(rule));
        self
    }
}

/// # User ID and e-mail address
impl JwtAuthBuilder {
    /// Reads the user ID from this claim instead of `sub`. `claim` is a name or, if it starts with
    /// a slash, a JSON Pointer (RFC 6901) through objects. The claim is required.
    ///
    /// The claim may also be an integer from 0 to 2^64-1 without a fraction or an exponent;
    /// [`CurrentUser::user_id`] returns its decimal digits. `.user_id_claim("sub")` accepts an
    /// integer in `sub`.
    ///
    /// Choose a claim whose value the issuer never reassigns to another person, which excludes
    /// e-mail addresses.
    ///
    /// This setting parses the claims a second time for each token (about a microsecond).
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails if `claim` is not a valid name or pointer. With a shared
    /// secret, it also fails if `claim` is not `sub` and neither [`issuer`](Self::issuer) nor
    /// [`audience`](Self::audience) is set: only the missing `sub` distinguishes other data that
    /// Better Auth signs with its secret from an access token.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .issuer("https://login.example.com")
    ///     .user_id_claim("oid")
    ///     .email_claim("preferred_username")
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn user_id_claim(mut self, claim: impl Into<String>) -> Self {
        self.issuer.user_id_claim = Some(claim.into());
        self
    }

    /// Sets the maximum length of a user ID, in bytes. A token with a longer one is rejected. The
    /// default is 255, as in OpenID Connect Core section 2.
    pub fn max_user_id_len(mut self, bytes: usize) -> Self {
        self.issuer.policy.max_user_id_len = bytes;
        self
    }

    /// Reads the e-mail address from this claim instead of `email`. `claim` is a name or, if it
    /// starts with a slash, a JSON Pointer (RFC 6901) through objects.
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails if `claim` is not a valid name or pointer.
    pub fn email_claim(mut self, claim: impl Into<String>) -> Self {
        self.issuer.email_claim = Some(claim.into());
        self
    }

    /// Accepts tokens whose `email` is missing or not a string; [`CurrentUser::email`] is then
    /// empty.
    ///
    /// With a shared secret, also configure an [`audience`](Self::audience): `email` is one of the
    /// claims that distinguish an access token from other data that is signed with that secret.
    pub fn email_optional(mut self) -> Self {
        self.issuer.policy.email_optional = true;
        self
    }
}
