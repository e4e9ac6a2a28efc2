//! The settings for the claims of a token.

use std::{sync::Arc, time::Duration};

use super::JwtAuthBuilder;
use crate::{key::Algorithm, user::CurrentUser};

/// # Issuer, audience, and other rules
impl JwtAuthBuilder {
    /// Requires this `iss` (RFC 7519 section 4.1.1), byte for byte. A token without `iss`, or with
    /// a trailing slash that `issuer` lacks, is rejected.
    ///
    /// If called more than once, any of the names is accepted, with the same keys and rules.
    /// Google, for example, uses both `https://accounts.google.com` and `accounts.google.com`. The
    /// same user ID under two of the names is the same user; for issuers
    /// or tenants with different users, use [`or`](Self::or) or
    /// [`issuer_template`](Self::issuer_template). The first call replaces the default of [`better_auth`](crate::JwtAuthLayer::better_auth),
    /// [`discover`](Self::discover), or another builder for a known issuer.
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer.policy.issuers.exact.push(issuer.into());
        self
    }

    /// Accepts an `iss` with a tenant in its path, in addition to the names set with
    /// [`issuer`](Self::issuer).
    ///
    /// `{tid}` matches one path segment, which must not be empty or contain white space, control
    /// characters, `?`, `#`, or `%`, and must equal the string claim `tid`. Any other claim can be
    /// named in the same way. Set the accepted tenants with [`tenants`](Self::tenants) or
    /// [`any_tenant`](Self::any_tenant). A key whose JWK has an `issuer` is used only for tokens of
    /// that issuer; in this `issuer`, `{tenantid}` is the tenant.
    ///
    /// A user ID may be unique only within its tenant. Therefore, if more than one tenant is
    /// accepted, [`PathOwnerLayer`](crate::PathOwnerLayer),
    /// [`RequireScopeLayer`](crate::RequireScopeLayer), and
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) reject these users (403, reason
    /// `other_issuer`), unless the layer compares a different claim
    /// ([`owner_claim`](crate::PathOwnerLayer::owner_claim)) or names the issuer, or
    /// [`same_users`](Self::same_users) is set.
    ///
    /// ```
    /// # #[cfg(all(feature = "jwks", feature = "aws-lc-rs"))]
    /// # {
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .jwks_url("https://login.microsoftonline.com/common/discovery/v2.0/keys")
    ///     .issuer_template("https://login.microsoftonline.com/{tid}/v2.0")
    ///     .tenants(["9122040d-6c67-4c5b-b112-36a304b66dad"])
    ///     .audience("6e74172b-be56-4843-9ff4-e66a39bb12e3")
    ///     .email_optional()
    ///     .build()?;
    /// # drop(auth);
    /// # }
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn issuer_template(mut self, template: impl Into<String>) -> Self {
        self.issuer.issuer_templates.push(template.into());
        self
    }

    /// Accepts only these tenants in an [`issuer_template`](Self::issuer_template). Tenants from
    /// all calls are combined.
    pub fn tenants<N: Into<String>>(mut self, tenants: impl IntoIterator<Item = N>) -> Self {
        let all = self.issuer.tenants.get_or_insert_default();
        all.extend(tenants.into_iter().map(Into::into));
        self
    }

    /// Accepts every tenant in an [`issuer_template`](Self::issuer_template), that is, anyone with
    /// an account at the provider.
    pub fn any_tenant(mut self) -> Self {
        self.issuer.any_tenant = true;
        self
    }

    /// Requires the token's `aud`, or one element of its `aud` array, to equal this audience byte
    /// for byte (RFC 7519 section 4.1.3). If called more than once, any of the audiences is
    /// accepted; the first call replaces the default of
    /// [`better_auth`](crate::JwtAuthLayer::better_auth).
    ///
    /// If no audience is configured, a token with an `aud` is rejected, because nothing shows that
    /// it was issued for this service. An issuer with public keys issues tokens for many services,
    /// so [`build`](Self::build) fails if it has no audience, no
    /// [`authorized_party`](Self::authorized_party), and no
    /// [`allow_any_audience`](Self::allow_any_audience) (RFC 8725 section 3.9).
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.issuer.policy.audiences.push(audience.into());
        self
    }

    /// Requires the token to have been issued to this client, as `azp` (OpenID Connect Core section
    /// 2) or, in a token without `azp`, `client_id` (RFC 9068 section 2.2) states. If called more
    /// than once, any of the clients is accepted.
    ///
    /// Use it for issuers whose tokens have no `aud`, such as Clerk and Amazon Cognito's access
    /// tokens. If an [`audience`](Self::audience) is also set, both are required. Without one, a
    /// token with an `aud` is rejected, unless [`allow_any_audience`](Self::allow_any_audience) is
    /// set.
    ///
    /// This setting parses the claims a second time for each token (about a microsecond).
    pub fn authorized_party(mut self, client: impl Into<String>) -> Self {
        let extra = self.issuer.policy.extra.get_or_insert_default();
        extra.authorized_parties.push(client.into());
        self
    }

    /// Accepts tokens with any `aud`, including those that were issued for other services.
    pub fn allow_any_audience(mut self) -> Self {
        self.issuer.policy.any_audience = true;
        self
    }

    /// Sets how far the clocks of the issuer and of this service may differ. A token is accepted
    /// for this long after its `exp`, and starting this long before its `nbf`. The default is zero,
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

    /// Also accepts, for a [protected resource](Self::protected_resource), access tokens whose `typ` is
    /// `JWT` or missing, and which lack claims of RFC 9068: those of Auth0 (by default), Keycloak, and
    /// Entra.
    ///
    /// Tokens with `nonce`, `at_hash`, or `c_hash`, which occur in ID tokens (OpenID Connect Core
    /// sections 2 and 3.3.2.11), are rejected. An ID token without them is rejected only because its
    /// audience is the client. Only the type `at+jwt` excludes ID tokens for certain, so configure the
    /// issuer to use it if it can.
    pub fn allow_plain_jwt(mut self) -> Self {
        self.issuer.allows_plain_jwt = true;
        self
    }

    /// Accepts only tokens with these algorithms. The default is HS256 with secrets and all
    /// asymmetric algorithms with public keys. The list replaces the default, and a later call replaces
    /// the list.
    ///
    /// Secrets must be at least 48 bytes long for HS384 and 64 bytes long for HS512 (RFC 7518
    /// section 3.2).
    ///
    /// A public key that names no algorithm, such as a PEM key or a JWK without `alg`, is used with
    /// the default algorithm of its type (RS256 for RSA) and with the algorithms of its type that
    /// are listed here (RFC 7517 section 4.4). Keys in [`SharedKeys`](crate::SharedKeys) are not
    /// changed; [`VerifyingKey::with_algorithm`](crate::VerifyingKey::with_algorithm) sets the
    /// algorithm of one key.
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

/// # User ID and email address
impl JwtAuthBuilder {
    /// Reads the user ID from this claim instead of `sub`. `claim` is a name or, if it starts with
    /// a slash, a JSON Pointer (RFC 6901) through objects. The claim is required.
    ///
    /// The claim may also be an integer from 0 to 2^64-1 without a fraction or an exponent;
    /// [`CurrentUser::user_id`] returns its decimal digits. `.user_id_claim("sub")` accepts an
    /// integer in `sub`.
    ///
    /// Choose a claim whose value the issuer never reassigns to another person, which excludes
    /// email addresses.
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

    /// Accepts tokens whose `sub` is empty and that have a `common_name`, as the service tokens of
    /// [Cloudflare Access](crate::JwtAuthLayer::cloudflare_access) do. The
    /// [`user_id`](CurrentUser::user_id) is `service:` and that name, and the e-mail address is empty.
    /// A token whose own `sub` starts with `service:` is rejected.
    pub fn allow_services(mut self) -> Self {
        self.issuer
            .policy
            .extra
            .get_or_insert_default()
            .allow_services = true;
        self
    }

    /// Sets the maximum length of a user ID, in bytes. A token with a longer one is rejected. The
    /// default is 255, as in OpenID Connect Core section 2.
    pub fn max_user_id_len(mut self, bytes: usize) -> Self {
        self.issuer.policy.max_user_id_len = bytes;
        self
    }

    /// Reads the email address from this claim instead of `email`. `claim` is a name or, if it
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
