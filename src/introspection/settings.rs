//! [`Introspection`]: the settings.

use std::{fmt, time::Duration};

use crate::{key::Secret, lookups::Limits, redact::redact_url};

pub(super) const DEFAULT_LIMITS: Limits = Limits {
    max_concurrent: 16,
    fresh_for: Duration::from_secs(10),
};

/// Introspection of opaque access tokens at their authorization server (RFC 7662), for
/// [`JwtAuthBuilder::introspect`](crate::JwtAuthBuilder::introspect).
///
/// A bearer token that is no JWT is sent to the server, and the answer is kept for ten seconds
/// ([`fresh_for`](Self::fresh_for)), so a revocation takes effect within that time. The members of the
/// answer are the claims of the user, and the rules of the layer's first issuer apply to them as to a
/// JWT's: times, issuer, audience, client, user ID, and email.
///
/// ```
/// use tower_jwt_auth::{Introspection, JwtAuthLayer};
///
/// let auth = JwtAuthLayer::builder()
///     .introspect(
///         Introspection::new("https://auth.example.com/oauth2/introspect")
///             .client("tasks-api", "the secret of this service"),
///     )
///     .issuer("https://auth.example.com")
///     .audience("https://api.example.com")
///     .build()?;
/// # drop(auth);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
///
/// # Bounds
///
/// They are those of sessions: at most 16 lookups run at a time ([`max_lookups`](Self::max_lookups)) and
/// 256 wait; requests with the same token share one; it ends within two seconds. Otherwise, requests get
/// 503 with the reason `introspection_unavailable`. After five consecutive failures to reach the server,
/// about one lookup per second is tried. The answers for 10,000 active tokens and for 1,000 others are kept.
/// Anyone can invent a token, and each one costs a lookup.
#[derive(Clone)]
#[must_use = "settings do nothing until they are passed to a builder"]
pub struct Introspection {
    pub(super) place: Place,
    pub(super) http_allowed: bool,
    /// The ID and the secret of this service.
    pub(super) client: Option<(String, ClientSecret)>,
    pub(super) limits: Limits,
    pub(super) accepts_jwts: bool,
    pub(super) session_tokens_first: bool,
}

/// The secret, which the authorization server has chosen.
#[derive(Clone)]
pub(super) enum ClientSecret {
    Text(Secret),
    /// In the environment variable of this name.
    Variable(String),
}

/// Where the endpoint is.
#[derive(Clone)]
pub(super) enum Place {
    Url(String),
    /// In the metadata of this issuer.
    Issuer(String),
}

impl Introspection {
    /// Introspects tokens at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self::at(Place::Url(url.into()))
    }

    /// Introspects tokens at the `introspection_endpoint` in the metadata of this issuer (RFC 8414), which
    /// the first lookup reads.
    pub fn discover(issuer: impl Into<String>) -> Self {
        Self::at(Place::Issuer(issuer.into()))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            http_allowed: false,
            client: None,
            limits: DEFAULT_LIMITS,
            accepts_jwts: false,
            session_tokens_first: false,
        }
    }

    /// Sets the credentials of this service at the authorization server, which are sent as
    /// `client_secret_basic` (RFC 6749 section 2.3.1).
    pub fn client(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.client = Some((id.into(), ClientSecret::Text(secret.into())));
        self
    }

    /// Sets the credentials, with the secret in this environment variable, which
    /// [`build`](crate::JwtAuthBuilder::build) reads once.
    pub fn client_secret_from_env(
        mut self,
        id: impl Into<String>,
        variable: impl Into<String>,
    ) -> Self {
        self.client = Some((id.into(), ClientSecret::Variable(variable.into())));
        self
    }

    /// Allows a URL with `http`. The lookups contain access tokens and the client's secret, so use it
    /// only in a network in which nobody can read them. Loopback addresses are always allowed.
    pub fn allow_http(mut self) -> Self {
        self.http_allowed = true;
        self
    }

    /// Reuses an answer for this time, at most an hour. The default is ten seconds. An answer is never
    /// used beyond the expiry of its token. With zero, only requests that arrive during a lookup of
    /// their token share it.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.limits.fresh_for = time;
        self
    }

    /// Sets the maximum number of concurrent lookups. The default is 16. At most 256 others wait.
    pub fn max_lookups(mut self, count: usize) -> Self {
        self.limits.max_concurrent = count;
        self
    }

    /// Introspects JWTs too, in a layer without keys. By default, no JWT is sent to the server.
    pub fn jwts(mut self) -> Self {
        self.accepts_jwts = true;
        self
    }

    /// Treats a token of 32 letters and digits as a session token of Better Auth, in a layer that accepts
    /// [`raw_tokens`](crate::BetterAuthSessions::raw_tokens) of sessions too. The opaque access tokens of
    /// Better Auth have the same form, so they are then not accepted.
    #[cfg(feature = "sessions-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sessions-custom")))]
    pub fn session_tokens_first(mut self) -> Self {
        self.session_tokens_first = true;
        self
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Place::Url(place) | Place::Issuer(place)) = &self.place;
        f.debug_struct("Introspection")
            .field("at", &redact_url(place))
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}
