//! The settings of [`BetterAuthSessions`] for the accepted session tokens.

use super::BetterAuthSessions;
use crate::{key::Secret, key_source::SecretSource};

/// # Which session tokens are accepted
impl BetterAuthSessions {
    /// Sets the prefix of the cookie's name, as Better Auth's `cookiePrefix` does: `app` for the cookie
    /// `app.session_token`. The default is `better-auth`. The cookie may have `__Secure-` or `__Host-`
    /// in front.
    pub fn cookie_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.cookie_prefix = prefix.into();
        self
    }

    /// Sets the whole name of the cookie, as Better Auth's `cookies.session_token.name` does. The cookie
    /// may have `__Secure-` or `__Host-` in front.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = Some(name.into());
        self
    }

    /// Also accepts session tokens without a MAC as bearer tokens. Their form is 32 letters and digits.
    ///
    /// A client has such a token from `session.token` in a response of Better Auth. It cannot be checked
    /// before it is looked up, so every invented token causes a lookup.
    pub fn raw_tokens(mut self) -> Self {
        self.accepts_raw_tokens = true;
        self
    }

    /// Adds the secret of Better Auth. A session token whose MAC no secret made is then rejected before
    /// it is looked up, with the reason `session_signature`. Without a secret, every token of the right
    /// form is looked up; a store requires one.
    ///
    /// For lookups at Better Auth, the secret is optional. For Redis and stores, it is required. For the
    /// cookie `session_data`, it is required unless public keys verify that cookie.
    ///
    /// A service that has this secret can forge sessions of Better Auth.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.secrets.push(SecretSource::One(secret.into()));
        self
    }

    /// Adds several secrets, the current one first. Better Auth accepts only sessions of its current
    /// secret, so list an old one only while its replicas change over.
    pub fn secrets<I>(mut self, secrets: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Secret>,
    {
        let secrets = secrets.into_iter().map(Into::into).collect();
        self.secrets.push(SecretSource::List(secrets));
        self
    }

    /// Adds the secret in this environment variable, which [`build`](crate::JwtAuthBuilder::build)
    /// reads once.
    pub fn secret_from_env(mut self, name: impl Into<String>) -> Self {
        self.secrets.push(SecretSource::Variable {
            name: name.into(),
            alternative: None,
        });
        self
    }

    /// Allows pages at these origins to send requests with the session cookie, in addition to those at
    /// the origin of Better Auth and at the origin of this service. All other pages get 403 with the
    /// reason `cross_site`, unless the method is `GET`, `HEAD`, or `OPTIONS` without `Upgrade`.
    ///
    /// `https://app.example.com` and `https://api.example.com` are different origins. Write an origin as
    /// browsers do: in lower case, without the default port, a path, or a trailing slash.
    pub fn trusted_origins<I>(mut self, origins: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.trusted_origins
            .extend(origins.into_iter().map(Into::into));
        self
    }

    /// Declares that the users of these sessions are the same people as the first issuer's, although
    /// the first issuer is not at the origin of Better Auth: see
    /// [`JwtAuthBuilder::same_users`](crate::JwtAuthBuilder::same_users).
    pub fn same_users(mut self) -> Self {
        self.has_same_users = true;
        self
    }
}
