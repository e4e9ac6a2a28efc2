//! [`BetterAuthSessions`]: the settings for sessions.

use std::{fmt, sync::Arc, time::Duration};

use super::{
    source::SessionSource,
    store::{SessionStore, StoreSource},
};
use crate::{key_source::SecretSource, lookups::Limits, redact::redact_url};

const DEFAULT_PREFIX: &str = "better-auth";

/// For lookups at Better Auth. A store is asked for each request.
const DEFAULT_FRESH_FOR: Duration = Duration::from_secs(10);

/// A Better Auth server answers no more lookups at a time on two cores.
const DEFAULT_MAX_LOOKUPS: usize = 16;

const DEFAULT_MAX_STORE_LOOKUPS: usize = 64;

/// The sessions of a Better Auth server, for
/// [`JwtAuthBuilder::sessions`](crate::JwtAuthBuilder::sessions).
///
/// A session token arrives in Better Auth's session cookie or as a bearer token. The constructor sets
/// where it is looked up:
///
/// - [`remote`](Self::remote) asks Better Auth (feature `sessions`). An answer is kept for ten seconds
///   ([`fresh_for`](Self::fresh_for)), so a sign-out takes effect within that time. Bearer tokens need
///   Better Auth's plugin `bearer()`.
/// - [`redis`](Self::redis) asks Better Auth's Redis (feature `sessions-redis`), and
///   [`store`](Self::store) asks your own code. A sign-out takes effect on the next request.
/// - [`cookie_only`](Self::cookie_only) looks up nothing (feature `sessions-cookie-cache`): it reads the
///   signed or encrypted cookie `session_data`. With [`cookie_cache`](Self::cookie_cache), the others
///   read this cookie first.
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
/// At most 16 lookups run at a time, or 64 in Redis and stores ([`max_lookups`](Self::max_lookups)), and
/// 256 wait; requests with the same session share one. A lookup ends within two seconds, its wait
/// included. Then, or if the queue is full, requests get 503 with the reason `sessions_unavailable`.
/// After five consecutive failures to reach the server, only about one lookup per second is tried. At most
/// the answers for 10,000 sessions and for 1,000 invalid ones are kept.
#[derive(Clone)]
#[must_use = "settings do nothing until they are passed to a builder"]
pub struct BetterAuthSessions {
    pub(super) origin: String,
    pub(super) source: Source,
    pub(super) session_url: Option<String>,
    pub(super) http_allowed: bool,
    #[cfg(feature = "sessions-redis")]
    pub(super) redis: super::redis_settings::RedisSettings,
    pub(super) cookie_prefix: String,
    /// The whole name of the session cookie, which replaces the default.
    pub(super) cookie_name: Option<String>,
    #[cfg(feature = "sessions-cookie-cache")]
    pub(super) cookie_cache: super::cookie_cache_settings::CookieCacheSettings,
    pub(super) accepts_raw_tokens: bool,
    pub(super) secrets: Vec<SecretSource>,
    pub(super) fresh_for: Option<Duration>,
    pub(super) max_lookups: Option<usize>,
    pub(super) trusted_origins: Vec<String>,
    pub(super) has_same_users: bool,
    /// Replaces the layer's clock.
    #[cfg(feature = "test-kit")]
    pub(super) clock: Option<crate::clock::Clock>,
}

#[derive(Clone)]
pub(super) enum Source {
    /// Better Auth's endpoint `get-session`.
    #[cfg(feature = "sessions")]
    Remote,
    /// The URL of a Redis database.
    #[cfg(feature = "sessions-redis")]
    Redis(String),
    Store(Arc<dyn SessionSource>),
    /// Only the cookie `session_data`.
    #[cfg(feature = "sessions-cookie-cache")]
    Cookie,
}

impl Source {
    pub(super) fn default_limits(&self) -> Limits {
        if self.is_remote() {
            Limits {
                max_concurrent: DEFAULT_MAX_LOOKUPS,
                fresh_for: DEFAULT_FRESH_FOR,
            }
        } else {
            Limits {
                max_concurrent: DEFAULT_MAX_STORE_LOOKUPS,
                fresh_for: Duration::ZERO,
            }
        }
    }

    pub(super) fn is_remote(&self) -> bool {
        #[cfg(feature = "sessions")]
        if matches!(self, Self::Remote) {
            return true;
        }
        false
    }
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
    #[cfg(feature = "sessions")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sessions")))]
    pub fn remote(origin: impl Into<String>) -> Self {
        Self::new(origin.into(), Source::Remote)
    }

    /// Accepts the sessions of the Better Auth server at this origin, and looks them up in a store of
    /// your own, such as Better Auth's database: see [`SessionStore`].
    ///
    /// The store is asked for each request, so a sign-out takes effect immediately; only requests that
    /// arrive during a lookup of their session share it ([`fresh_for`](Self::fresh_for)). At most 64
    /// lookups run at a time ([`max_lookups`](Self::max_lookups)); set the number of connections of your
    /// pool, so that a lookup does not wait there. [`secret`](Self::secret) is required, because a store
    /// has no MAC to compare.
    ///
    /// The origin is the issuer of the users, and its pages may send requests with the session cookie.
    /// No request is sent to it.
    pub fn store(store: impl SessionStore, origin: impl Into<String>) -> Self {
        Self::new(origin.into(), Source::Store(Arc::new(StoreSource(store))))
    }

    /// Accepts the sessions of the Better Auth server at this origin, and looks them up in its Redis
    /// (`secondaryStorage`), such as `redis://redis:6379`. As with [`store`](Self::store), Redis is
    /// asked for each request, and [`secret`](Self::secret) is required.
    ///
    /// The URL is `redis[s]://[<user>[:<password>]@]<host>[:<port>][/<database>]` or
    /// `redis+unix:///<path>`. With `rediss`, the connection is encrypted. With `redis`, everyone in the
    /// network can read session tokens. A connection is made by the first lookup, and again after an
    /// error; a user that may execute only `GET` is enough, or `GET` and `SELECT` with a database number.
    ///
    /// Redis also has the columns that Better Auth hides from clients (`returned: false`). Therefore,
    /// only Better Auth's own columns become claims, and those that
    /// [`user_columns`](Self::user_columns) and [`session_columns`](Self::session_columns) name.
    ///
    /// ```
    /// use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let sessions = BetterAuthSessions::redis("redis://localhost", "https://app.example.com")
    ///     .secret("test-only-0123456789abcdefghijklmnopqrstuvwxyz");
    /// let auth = JwtAuthLayer::builder().sessions(sessions).build()?;
    /// # drop(auth);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "sessions-redis")]
    #[cfg_attr(docsrs, doc(cfg(feature = "sessions-redis")))]
    pub fn redis(url: impl Into<String>, origin: impl Into<String>) -> Self {
        Self::new(origin.into(), Source::Redis(url.into()))
    }

    #[cfg(feature = "test-kit")]
    pub(crate) fn for_tests(
        origin: &str,
        source: Arc<dyn SessionSource>,
        clock: crate::clock::Clock,
    ) -> Self {
        let mut settings = Self::new(origin.to_owned(), Source::Store(source));
        settings.fresh_for = Some(DEFAULT_FRESH_FOR);
        settings.clock = Some(clock);
        settings
    }

    pub(super) fn new(origin: String, source: Source) -> Self {
        Self {
            origin,
            source,
            session_url: None,
            #[cfg(feature = "sessions-redis")]
            redis: Default::default(),
            http_allowed: false,
            cookie_prefix: DEFAULT_PREFIX.to_owned(),
            cookie_name: None,
            #[cfg(feature = "sessions-cookie-cache")]
            cookie_cache: Default::default(),
            accepts_raw_tokens: false,
            secrets: Vec::new(),
            fresh_for: None,
            max_lookups: None,
            trusted_origins: Vec::new(),
            has_same_users: false,
            #[cfg(feature = "test-kit")]
            clock: None,
        }
    }

    /// Looks up sessions at this URL of Better Auth's endpoint `get-session`, instead of deriving it
    /// from the origin: for another `basePath`, or for the address inside a Docker network, with
    /// [`allow_http`](Self::allow_http). Both settings are only for `remote`.
    ///
    /// ```
    /// use tower_jwt_auth::BetterAuthSessions;
    ///
    /// let sessions = BetterAuthSessions::remote("https://app.example.com")
    ///     .session_url("http://auth:3000/api/auth/get-session")
    ///     .allow_http();
    /// ```
    pub fn session_url(mut self, url: impl Into<String>) -> Self {
        self.session_url = Some(url.into());
        self
    }

    /// Allows a URL with `http`. The lookups contain session tokens, so use it only in a network in
    /// which nobody can read them. Loopback addresses are always allowed.
    pub fn allow_http(mut self) -> Self {
        self.http_allowed = true;
        self
    }

    /// Reuses an answer for this time, at most an hour. The default is ten seconds for lookups at Better
    /// Auth, and zero for Redis and stores. An answer is never used beyond the expiry of its session. With
    /// zero, only requests that arrive during a lookup of their session share it.
    ///
    /// A user who signs out or is banned keeps access for at most this time, and while a lookup of the
    /// session that started before is running, which is at most two seconds.
    pub fn fresh_for(mut self, time: Duration) -> Self {
        self.fresh_for = Some(time);
        self
    }

    /// Sets the maximum number of concurrent lookups. The default is 16 for lookups at Better Auth, and
    /// 64 for Redis and stores. At most 256 others wait.
    pub fn max_lookups(mut self, count: usize) -> Self {
        self.max_lookups = Some(count);
        self
    }
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
