//! The settings of [`BetterAuthSessions`] for the cookie `session_data`, and their validation.

use super::{
    BetterAuthSessions,
    cookie::CookieNames,
    cookie_cache::{CookieCache, DEFAULT_VERSION},
    settings::Source,
};
use crate::{config_error::Faults, cookies::is_cookie_name, key::Secret};

/// The settings for the cookie.
#[derive(Clone, Default)]
pub(super) struct CookieCacheSettings {
    pub(super) is_accepted: bool,
    pub(super) version: Option<String>,
    pub(super) name: Option<String>,
}

/// # The cookie `session_data`
#[cfg_attr(docsrs, doc(cfg(feature = "sessions-cookie-cache")))]
impl BetterAuthSessions {
    /// Accepts the sessions of the Better Auth server at this origin, if it has neither a database nor a
    /// secondary storage: its sessions exist only in the signed or encrypted cookie `session_data`. No
    /// session token is accepted as a bearer token.
    ///
    /// As with [`cookie_cache`](Self::cookie_cache), **a session ends only when the cookie expires**.
    /// Without a database, Better Auth 1.6 and later sets a `cookieCache.maxAge` of seven days by default.
    ///
    /// ```
    /// use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let sessions = BetterAuthSessions::cookie_only("https://app.example.com")
    ///     .secret("test-only-0123456789abcdefghijklmnopqrstuvwxyz");
    /// let auth = JwtAuthLayer::builder().sessions(sessions).build()?;
    /// # drop(auth);
    /// # Ok(())
    /// # }
    /// ```
    pub fn cookie_only(origin: impl Into<String>) -> Self {
        Self::new(origin.into(), Source::Cookie).cookie_cache()
    }

    /// Accepts the signed or encrypted cookie `session_data` that Better Auth sets beside the session
    /// cookie (`session.cookieCache`), so most requests need no lookup.
    ///
    /// **A session that is ended from another device, or whose user is banned, is accepted until the
    /// cookie expires**, by default five minutes after Better Auth has set it. Better Auth has this
    /// trade-off too.
    ///
    /// All strategies are read: `compact`, `jwt`, and `jwe`, and the JWTs of
    /// `jwt({ sessionCookieCache: true })`, which the public keys of the layer's first issuer verify if
    /// that issuer has no name, or is the origin or a path below it.
    /// The cookie must belong to the session cookie beside it. If anything does not fit or the cookie
    /// has expired, the session is looked up. [`secret`](Self::secret) is required unless the first
    /// issuer has public keys.
    pub fn cookie_cache(mut self) -> Self {
        self.cookie_cache.is_accepted = true;
        self
    }

    /// Accepts only cookies of this version, as Better Auth's `cookieCache.version` sets it. The default
    /// is `1`. Changing the version in both places ends all cookies of the old one.
    pub fn cookie_cache_version(mut self, version: impl Into<String>) -> Self {
        self.cookie_cache.version = Some(version.into());
        self
    }

    /// Sets the whole name of the cookie, as Better Auth's `cookies.session_data.name` does. The cookie
    /// has the same prefix as the session cookie: `__Host-`, `__Secure-`, or none.
    pub fn cookie_cache_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_cache.name = Some(name.into());
        self
    }

    /// Returns the name of the cookie without `__Host-` and `__Secure-`.
    pub(super) fn data_cookie_name(&self) -> String {
        let default = || format!("{}.session_data", self.cookie_prefix);
        self.cookie_cache.name.clone().unwrap_or_else(default)
    }

    /// Checks the settings. `has_public_keys` is whether the layer's first issuer has public keys and
    /// is this server.
    pub(super) fn build_cookie_cache(
        &self,
        secrets: &[Secret],
        has_public_keys: bool,
        faults: &mut Faults,
    ) -> Option<CookieCache> {
        let CookieCacheSettings {
            is_accepted,
            version,
            name,
        } = &self.cookie_cache;
        if !is_accepted {
            if version.is_some() || name.is_some() {
                faults.add(".cookie_cache_version(…) and .cookie_cache_name(…) have no effect without .cookie_cache(); add it or remove them");
            }
            return None;
        }
        if self.secrets.is_empty() && !has_public_keys {
            faults.add(".cookie_cache() needs Better Auth's secret, or the public keys of its jwt() plugin in the layer's first issuer; call .secret(…) or .secret_from_env(\"BETTER_AUTH_SECRET\")");
        }
        let name = self.data_cookie_name();
        if !is_cookie_name(&name) {
            faults.add("the name of the cookie session_data is not a cookie name; pass visible ASCII without separators to .cookie_prefix(…) or .cookie_cache_name(…), such as better-auth.session_data");
        }
        let version = version.clone();
        Some(CookieCache::new(
            CookieNames::new(&name),
            version.unwrap_or_else(|| DEFAULT_VERSION.to_owned()),
            self.origin.clone(),
            has_public_keys,
            secrets,
        ))
    }
}
