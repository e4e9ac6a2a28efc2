//! The settings for credentials that are looked up, and their validation.

use std::sync::Arc;

use super::{JwtAuthBuilder, issuer_settings::IssuerSettings, layer_settings::LayerSettings};
#[cfg(feature = "introspection")]
use crate::introspection::{Introspection, Introspector, OtherCredentials};
#[cfg(feature = "sessions-custom")]
use crate::sessions::{BetterAuthSessions, FirstIssuer};
use crate::{
    auth::{lookup::Lookups, token_source::TokenSources},
    authenticator::Authenticator,
    config_error::Faults,
};

/// # Sessions and other credentials
///
/// A JWT in a [token source](Self::token_sources) decides alone. Without one, a session token in the
/// `Authorization` header decides, then the authenticators in the order in which they were added, and
/// finally the session cookie. Their users must satisfy the rules of this builder for users:
/// [`check`](Self::check), the e-mail address ([`email_optional`](Self::email_optional)), and the form
/// of the user ID. A layer that accepts such credentials needs no keys; without keys, it rejects every
/// JWT.
impl JwtAuthBuilder {
    /// Accepts the sessions of a Better Auth server too: in its cookie, or as a bearer token.
    /// [`BetterAuthSessions`] lists the places where they can be looked up, and the features.
    ///
    /// The issuer of a session's user is the origin of Better Auth. The user is one of the first
    /// issuer's if that issuer has no name, or is that origin or a path below it. Otherwise, the user is
    /// another issuer's: see [`or`](Self::or) and [`BetterAuthSessions::same_users`].
    ///
    /// If [anonymous requests](Self::allow_anonymous) are allowed, a request whose session cookie is not
    /// accepted is anonymous, because a browser cannot remove that cookie; a bearer token that is not
    /// accepted is rejected.
    ///
    /// The inner service sees the whole `Cookie` header marked as sensitive.
    ///
    /// ```
    /// use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .sessions(BetterAuthSessions::remote("https://app.example.com"))
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg(feature = "sessions-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sessions-custom")))]
    pub fn sessions(mut self, sessions: BetterAuthSessions) -> Self {
        self.layer_settings(".sessions(…)").sessions.push(sessions);
        self
    }

    /// Accepts opaque access tokens too (feature `introspection`): a bearer token that is no JWT and no
    /// session token is introspected at its authorization server. The rules of the first issuer apply to
    /// its claims as to a JWT's.
    ///
    /// ```
    /// use tower_jwt_auth::{Introspection, JwtAuthLayer};
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .introspect(Introspection::new("https://auth.example.com/oauth2/introspect"))
    ///     .issuer("https://auth.example.com")
    ///     .audience("https://api.example.com")
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    #[cfg(feature = "introspection")]
    #[cfg_attr(docsrs, doc(cfg(feature = "introspection")))]
    pub fn introspect(mut self, introspection: Introspection) -> Self {
        self.layer_settings(".introspect(…)")
            .introspection
            .push(introspection);
        self
    }

    /// Adds a check of your own for credentials such as API keys (feature `authenticator`): see
    /// [`Authenticator`]. The authenticators are asked in the order in which they were added, and the
    /// first that does not return [`NotMine`](crate::Authentication::NotMine) decides.
    ///
    /// Its user is one of the first issuer's, unless
    /// [`CurrentUser::from_issuer`](crate::CurrentUser::from_issuer) names another issuer.
    #[cfg_attr(docsrs, doc(cfg(feature = "authenticator")))]
    pub fn authenticate_with(mut self, authenticator: impl Authenticator) -> Self {
        self.layer_settings(".authenticate_with(…)")
            .authenticators
            .push(Arc::new(authenticator));
        self
    }
}

impl LayerSettings {
    /// Returns whether the layer accepts credentials other than JWTs.
    pub(super) fn has_lookups(&self) -> bool {
        #[cfg(feature = "sessions-custom")]
        if !self.sessions.is_empty() {
            return true;
        }
        #[cfg(feature = "introspection")]
        if !self.introspection.is_empty() {
            return true;
        }
        !self.authenticators.is_empty()
    }

    /// Checks the settings for other credentials. `issuers` are those of the layer, whose names are
    /// complete.
    pub(super) fn lookups(
        &self,
        issuers: &[IssuerSettings],
        sources: &mut TokenSources,
        faults: &mut Faults,
    ) -> Option<Lookups> {
        #[cfg(feature = "sessions-custom")]
        let sessions = { self.sessions.first().cloned() }
            .and_then(|sessions| self.build_sessions(sessions, issuers, sources, faults));
        #[cfg(feature = "introspection")]
        let introspector = { self.introspection.first().cloned() }
            .and_then(|introspection| self.build_introspector(introspection, issuers, faults));
        #[cfg(not(feature = "_lookups"))]
        let _ = (issuers, &faults);
        #[cfg(not(feature = "sessions-custom"))]
        let _ = sources;
        self.has_lookups().then(|| Lookups {
            authenticators: self.authenticators.clone(),
            #[cfg(feature = "introspection")]
            introspector,
            #[cfg(feature = "sessions-custom")]
            sessions,
        })
    }

    #[cfg(feature = "introspection")]
    fn build_introspector(
        &self,
        introspection: Introspection,
        issuers: &[IssuerSettings],
        faults: &mut Faults,
    ) -> Option<Introspector> {
        if self.introspection.len() > 1 {
            faults.add(".introspect(…) is called twice, but a layer asks one authorization server; remove one call");
        }
        let others = OtherCredentials {
            has_keys: { issuers.iter() }
                .any(|issuer| !issuer.secrets.is_empty() || !issuer.public_keys.is_empty()),
            #[cfg(feature = "sessions-custom")]
            has_raw_session_tokens: { self.sessions.iter() }
                .any(BetterAuthSessions::has_raw_tokens),
            #[cfg(not(feature = "sessions-custom"))]
            has_raw_session_tokens: false,
        };
        introspection.build(others, self.clock.clone(), faults)
    }

    #[cfg(feature = "sessions-custom")]
    fn build_sessions(
        &self,
        sessions: BetterAuthSessions,
        issuers: &[IssuerSettings],
        sources: &mut TokenSources,
        faults: &mut Faults,
    ) -> Option<crate::sessions::Sessions> {
        if self.sessions.len() > 1 {
            faults.add(".sessions(…) is called twice, but a layer accepts the sessions of one Better Auth server; remove one call");
        }
        if { sessions.cookie_names() }.any(|name| sources.reads_cookie(&name)) {
            faults.add("TokenSource::cookie(…) names the session cookie, which is found without it; remove that source");
        }
        sources.mark_also(http::header::COOKIE);
        let first = issuers.first();
        let names = first.map(|first| &first.policy.issuers);
        let names = names.filter(|names| !names.is_empty());
        let first_issuer = FirstIssuer {
            names: names.map(|names| names.exact.as_slice()),
            has_public_keys: first.is_some_and(|first| !first.public_keys.is_empty()),
        };
        sessions.build(first_issuer, self.clock.clone(), faults)
    }
}
