//! Checks the settings of [`BetterAuthSessions`], and builds [`Sessions`] from them; used by the layer's
//! builder.

use std::sync::Arc;

use super::{
    BetterAuthSessions, Sessions, cookie::CookieNames, cross_site::TrustedOrigins,
    record::RecordReader,
};
use crate::{
    clock::Clock,
    config_error::Faults,
    cookies::is_cookie_name,
    key::{Algorithm, Keys, Secret},
    key_source::{SecretPolicy, load_secrets},
    lookups::{Limits, Lookups},
    rejection::Rejection,
    user::UserIds,
};

/// The first issuer of the layer.
#[derive(Clone, Copy)]
pub(crate) struct FirstIssuer<'a> {
    /// `None` if it has no name.
    pub(crate) names: Option<&'a [String]>,
    #[cfg_attr(not(feature = "sessions-cookie-cache"), allow(dead_code))]
    pub(crate) has_public_keys: bool,
}

impl BetterAuthSessions {
    /// Checks the settings.
    pub(crate) fn build(
        self,
        first_issuer: FirstIssuer<'_>,
        clock: Clock,
        faults: &mut Faults,
    ) -> Option<Sessions> {
        #[cfg(feature = "test-kit")]
        let clock = self.clock.clone().unwrap_or(clock);
        let source = self.build_source(faults);
        let limits = self.limits(faults);
        let name = self.token_cookie_name();
        if !is_cookie_name(&name) {
            faults.add("the name of the session cookie is not a cookie name; pass visible ASCII without separators to .cookie_prefix(…) or .cookie_name(…), such as better-auth");
        }
        let secrets = self.load_secrets(faults);
        let is_first_issuer = { first_issuer.names }
            .is_none_or(|names| names.iter().any(|name| is_below(name, &self.origin)));
        // The keys of any other issuer must not decide who a user of this server is.
        #[cfg(feature = "sessions-cookie-cache")]
        let has_public_keys = first_issuer.has_public_keys && is_first_issuer;
        #[cfg(feature = "sessions-cookie-cache")]
        let cookie_cache = self.build_cookie_cache(&secrets, has_public_keys, faults);
        let trusted_origins = TrustedOrigins::new(&self.origin, &self.trusted_origins, faults);
        if is_first_issuer && self.has_same_users {
            faults.add("in .sessions(…): .same_users() has no effect, because the users already are those of the layer's first issuer; remove it");
        }
        let source = source?;
        Some(Sessions {
            cookie_names: CookieNames::new(&name),
            trusted_origins,
            accepts_raw_tokens: self.accepts_raw_tokens,
            secrets: (!self.secrets.is_empty()).then(|| Keys::from_secrets(&secrets)),
            #[cfg(feature = "sessions-cookie-cache")]
            cookie_cache,
            lookups: Lookups::new(
                source.name,
                Rejection::SessionsUnavailable,
                limits,
                clock.clone(),
            ),
            reader: Arc::new(RecordReader {
                issuer: self.origin,
                user_ids: if is_first_issuer || self.has_same_users {
                    UserIds::FirstIssuers
                } else {
                    UserIds::OtherIssuers
                },
                clock,
            }),
            source: source.source,
        })
    }

    /// Checks the limits of lookups, and returns them.
    fn limits(&self, faults: &mut Faults) -> Limits {
        let default = self.source.default_limits();
        let limits = Limits {
            max_concurrent: self.max_lookups.unwrap_or(default.max_concurrent),
            fresh_for: self.fresh_for.unwrap_or(default.fresh_for),
        };
        limits.check(
            default.max_concurrent,
            "no session can be looked up",
            "a user who signs out keeps access for that time",
            faults,
        );
        limits
    }

    fn load_secrets(&self, faults: &mut Faults) -> Vec<Secret> {
        if self.secrets.is_empty() {
            return Vec::new();
        }
        let policy = SecretPolicy {
            needed_len: Algorithm::HS256.min_secret_len(),
            ..SecretPolicy::default()
        };
        let mut own = Faults::default();
        let secrets = load_secrets(self.secrets.clone(), policy, &mut own);
        faults.take_from(".sessions(…)", own);
        secrets
    }

    /// Returns the name of the session cookie without `__Host-` and `__Secure-`.
    fn token_cookie_name(&self) -> String {
        let default = || format!("{}.session_token", self.cookie_prefix);
        self.cookie_name.clone().unwrap_or_else(default)
    }

    /// Returns whether session tokens without a MAC are accepted.
    #[cfg(feature = "introspection")]
    pub(crate) fn has_raw_tokens(&self) -> bool {
        self.accepts_raw_tokens
    }

    /// Returns all names that the cookies may have.
    pub(crate) fn cookie_names(&self) -> impl Iterator<Item = String> + use<> {
        let names = CookieNames::new(&self.token_cookie_name()).into_names();
        #[cfg(feature = "sessions-cookie-cache")]
        let names = { self.cookie_cache.is_accepted }
            .then(|| CookieNames::new(&self.data_cookie_name()).into_names())
            .into_iter()
            .flatten()
            .chain(names);
        names
    }
}

/// Returns whether an issuer is this origin or a path below it.
pub(super) fn is_below(issuer: &str, origin: &str) -> bool {
    let rest = issuer.strip_prefix(origin);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
