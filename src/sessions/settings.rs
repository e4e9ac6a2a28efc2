//! [`BetterAuthSessions`]: the settings for sessions.

use std::{fmt, time::Duration};

use crate::{key::Secret, key_source::SecretSource, redact::redact_url};

const DEFAULT_PREFIX: &str = "better-auth";

const DEFAULT_FRESH_FOR: Duration = Duration::from_secs(10);

/// A Better Auth server answers no more lookups at a time on two cores.
const DEFAULT_MAX_LOOKUPS: usize = 16;

/// The sessions of a Better Auth server, for
/// [`JwtAuthBuilder::sessions`](crate::JwtAuthBuilder::sessions).
///
/// A session token arrives in Better Auth's session cookie, or as a bearer token if the server has the
/// plugin `bearer()`. It is looked up at Better Auth, and the answer is kept for ten seconds
/// ([`fresh_for`](Self::fresh_for)), so a sign-out takes effect within that time.
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
///
/// # The user
///
/// [`user_id`](crate::CurrentUser::user_id), [`email`](crate::CurrentUser::email), and
/// [`name`](crate::CurrentUser::name) come from the user, and
/// [`issuer`](crate::CurrentUser::issuer) is the origin. The claims are the user's columns, with
/// `session` for those of the session except its token, which appears nowhere. The claims `iss`,
/// `sub`, `exp`, `iat` (the time of the sign-in), `sid` (the session's ID), and, during an
/// impersonation, `act` have their registered meaning, so a column with the name of a registered claim
/// is omitted.
///
/// # Bounds
///
/// At most 16 lookups run at a time ([`max_lookups`](Self::max_lookups)) and 256 wait; requests with
/// the same session share one. A lookup ends within two seconds, its wait included. Then, or if the
/// queue is full, requests get 503 with the reason `sessions_unavailable`. After five consecutive
/// failures to reach the server, only one lookup per second is tried. The answers for 10,000 sessions
/// and for 1,000 invalid ones are kept.
#[derive(Clone)]
#[must_use = "settings do nothing until they are passed to a builder"]
pub struct BetterAuthSessions {
    pub(super) origin: String,
    pub(super) source: Source,
    pub(super) http_allowed: bool,
    pub(super) cookie_name: String,
    pub(super) accepts_raw_tokens: bool,
    pub(super) secrets: Vec<SecretSource>,
    pub(super) fresh_for: Duration,
    pub(super) max_lookups: usize,
    pub(super) trusted_origins: Vec<String>,
    pub(super) has_same_users: bool,
    /// Replaces the layer's clock.
    #[cfg(feature = "test-kit")]
    pub(super) clock: Option<crate::clock::Clock>,
}

#[derive(Clone)]
pub(super) enum Source {
    /// The URL of `get-session`; by default, it is derived from the origin.
    Remote(Option<String>),
    #[cfg(feature = "test-kit")]
    Test(std::sync::Arc<dyn super::source::SessionSource>),
}

/// # Where sessions are looked up
impl BetterAuthSessions {
    /// Accepts the sessions of the Better Auth server at this origin, such as
    /// `https://app.example.com`. They are looked up at `<origin>/api/auth/get-session`.
    ///
    /// The origin is Better Auth's `baseURL` without a path and without a trailing slash. Its pages may
    /// send requests with the session cookie.
    ///
    /// In production, Better Auth rejects all lookups after 100 of them without a pause of ten seconds.
    /// Exempt them in its configuration: `rateLimit: { customRules: { "/get-session": false } }`.
    pub fn remote(origin: impl Into<String>) -> Self {
        Self::new(origin.into(), Source::Remote(None))
    }

    #[cfg(feature = "test-kit")]
    pub(crate) fn for_tests(
        origin: &str,
        source: std::sync::Arc<dyn super::source::SessionSource>,
        clock: crate::clock::Clock,
    ) -> Self {
        let mut settings = Self::new(origin.to_owned(), Source::Test(source));
        settings.clock = Some(clock);
        settings
    }

    fn new(origin: String, source: Source) -> Self {
        Self {
            origin,
            source,
            http_allowed: false,
            cookie_name: cookie_name(DEFAULT_PREFIX),
            accepts_raw_tokens: false,
            secrets: Vec::new(),
            fresh_for: DEFAULT_FRESH_FOR,
            max_lookups: DEFAULT_MAX_LOOKUPS,
            trusted_origins: Vec::new(),
            has_same_users: false,
            #[cfg(feature = "test-kit")]
            clock: None,
        }
    }

    /// Looks up sessions at this URL of Better Auth's endpoint `get-session`, instead of deriving it
    /// from the origin: for another `basePath`, or for the address inside a Docker network, with
    /// [`allow_http`](Self::allow_http).
    ///
    /// ```
    /// use tower_jwt_auth::BetterAuthSessions;
    ///
    /// let sessions = BetterAuthSessions::remote("https://app.example.com")
    ///     .session_url("http://auth:3000/api/auth/get-session")
    ///     .allow_http();
    /// ```
    pub fn session_url(mut self, url: impl Into<String>) -> Self {
        #[cfg_attr(not(feature = "test-kit"), allow(irrefutable_let_patterns))]
        if let Source::Remote(session_url) = &mut self.source {
            *session_url = Some(url.into());
        }
        self
    }

    /// Allows a URL with `http`. The lookups contain session tokens, so use it only in a network in
    /// which nobody can read them. Loopback addresses are always allowed.
    pub fn allow_http(mut self) -> Self {
        self.http_allowed = true;
        self
    }

    /// Reuses an answer for this time, at most an hour. The default is ten seconds. An answer is never
    /// used beyond the expiry of its session. With zero, only requests that arrive during a lookup of
    /// their session share it.
    ///
    /// A user who signs out or is banned keeps access for at most this time, and while a lookup of the
    /// session that started before is running, which is at most two seconds.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = time;
        self
    }

    /// Sets the maximum number of concurrent lookups. The default is 16. At most 256 others wait.
    pub fn max_lookups(mut self, count: usize) -> Self {
        self.max_lookups = count;
        self
    }
}

/// # Which session tokens are accepted
impl BetterAuthSessions {
    /// Sets the prefix of the cookie's name, as Better Auth's `cookiePrefix` does: `app` for the cookie
    /// `app.session_token`. The default is `better-auth`. The cookie may have `__Secure-` or `__Host-`
    /// in front.
    pub fn cookie_prefix(self, prefix: &str) -> Self {
        let name = cookie_name(prefix);
        self.cookie_name(name)
    }

    /// Sets the whole name of the cookie, as Better Auth's `cookies.session_token.name` does. The cookie
    /// may have `__Secure-` or `__Host-` in front.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = name.into();
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
    /// form is looked up.
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

fn cookie_name(prefix: &str) -> String {
    format!("{prefix}.session_token")
}

impl fmt::Debug for BetterAuthSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BetterAuthSessions")
            .field("origin", &redact_url(&self.origin))
            .field("secrets", &self.secrets)
            .field("fresh_for", &self.fresh_for)
            .finish_non_exhaustive()
    }
}
