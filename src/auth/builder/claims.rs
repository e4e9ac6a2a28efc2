use std::{sync::Arc, time::Duration};

use super::JwtAuthBuilder;
use crate::{Algorithm, CurrentUser};

/// # What a token must say
impl JwtAuthBuilder {
    /// Requires this `iss` (RFC 7519 section 4.1.1), byte for byte. A token without `iss`, or with
    /// a slash more at its end, is refused.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer.policy.issuer = Some(issuer.into());
        self
    }

    /// Requires this audience to be the `aud` of the token or one of its array (RFC 7519 section
    /// 4.1.3), byte for byte. Called again, either will do; the first call replaces the default of
    /// [`better_auth`](crate::JwtAuthLayer::better_auth).
    ///
    /// Without an audience, a token that has an `aud` is refused, since it is meant for somebody
    /// and nobody can say that it is this service.
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.issuer.policy.audiences.push(audience.into());
        self
    }

    /// Accepts tokens whose `aud` nobody checks: those that were issued for other services too.
    pub fn allow_any_audience(mut self) -> Self {
        self.issuer.policy.any_audience = true;
        self
    }

    /// How far the clocks of the issuer and of this service may differ: `exp` and `nbf` are taken
    /// this much later and earlier. Default 0, at most five minutes.
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.issuer.policy.leeway = leeway;
        self
    }

    /// Reads the user ID from this claim instead of `sub`: its name, or a JSON Pointer (RFC 6901)
    /// through objects, which starts with a slash. The claim is required.
    ///
    /// It may be an integer too, from 0 to 2^64-1 and without a fraction or an exponent;
    /// [`CurrentUser::user_id`] is its decimal digits. `.user_id_claim("sub")` accepts one in `sub`.
    ///
    /// Choose a claim that the issuer never gives to another person. An e-mail address is none.
    ///
    /// The claims are read once more for each token (about a microsecond).
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails if `claim` names none. It fails with a shared secret if `claim`
    /// is not `sub` and neither [`issuer`](Self::issuer) nor [`audience`](Self::audience) is set:
    /// what else Better Auth signs with its secret has no `sub`, and is told apart by that.
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

    /// Sets the maximum length of a user ID, in bytes. Default 255, as in OpenID Connect Core
    /// section 2. A token with a longer one is rejected.
    pub fn max_user_id_len(mut self, bytes: usize) -> Self {
        self.issuer.policy.max_user_id_len = bytes;
        self
    }

    /// Reads the e-mail address from this claim instead of `email`: its name, or a JSON Pointer
    /// (RFC 6901) through objects, which starts with a slash.
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails if `claim` names none.
    pub fn email_claim(mut self, claim: impl Into<String>) -> Self {
        self.issuer.email_claim = Some(claim.into());
        self
    }

    /// Accepts tokens whose `email` is missing or not a string; [`CurrentUser::email`] is empty for
    /// them.
    ///
    /// With a shared secret, configure an [`audience`](Self::audience) as well: `email` is one of
    /// the things that set an access token apart from whatever else is signed with that secret.
    pub fn email_optional(mut self) -> Self {
        self.issuer.policy.email_optional = true;
        self
    }

    /// Accepts tokens of this `typ` too, besides those that have none, `JWT` or `at+jwt`.
    ///
    /// Types are compared without case, and `x` is the same as `application/x` (RFC 7515 section
    /// 4.1.9).
    pub fn accept_typ(mut self, typ: impl Into<String>) -> Self {
        self.issuer.policy.types.push(typ.into());
        self
    }

    /// Accepts tokens of these algorithms alone, whatever the keys. Default: HS256 with secrets, all
    /// of the others with public keys.
    ///
    /// A public key that names no algorithm, such as a JWK without `alg` or one in PEM, verifies the
    /// default of its type (RS256 for RSA) and those of its type that are named here (RFC 7517
    /// section 4.4). Keys in [`SharedKeys`](crate::SharedKeys) stay as they are;
    /// [`VerifyingKey::with_algorithm`](crate::VerifyingKey::with_algorithm) binds one.
    pub fn algorithms(mut self, algorithms: impl IntoIterator<Item = Algorithm>) -> Self {
        self.issuer.algorithms = Some(algorithms.into_iter().collect());
        self
    }

    /// Adds a rule of your own, which every user of a verified token must pass. Otherwise the
    /// answer is that of an invalid token, with the reason `check`.
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
