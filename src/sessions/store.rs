//! [`SessionStore`]: the application's own store of sessions.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use serde_json::{Map, Value};

use super::{
    record::Record,
    source::{Found, SessionCredential, SessionSource},
};
use crate::lookups::LookupError;

/// A store in which sessions are looked up instead of at Better Auth, such as its database: see
/// [`BetterAuthSessions::store`](crate::BetterAuthSessions::store). `examples/sessions-postgres` is a
/// complete service.
///
/// ```
/// use std::pin::Pin;
/// use tower_jwt_auth::sessions::{SessionStore, SessionStoreError, StoredSession};
///
/// struct Database; // a connection pool
///
/// impl Database {
///     /// Returns a session and its user, each as a JSON object.
///     async fn rows(&self, token: &str) -> Result<Option<(String, String)>, std::io::Error> {
///         # let _ = token;
///         // select row_to_json(s)::text, row_to_json(u)::text
///         // from (select id, token, "userId", "expiresAt" from session) s
///         // join (select id, name, email from "user") u on u.id = s."userId"
///         // where s.token = $1
///         Ok(None)
///     }
/// }
///
/// impl SessionStore for Database {
///     fn find<'a>(
///         &'a self,
///         token: &'a str,
///     ) -> Pin<Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>>
///     {
///         Box::pin(async move {
///             let rows = self.rows(token).await;
///             let rows = rows.map_err(|error| SessionStoreError::unreachable(error.to_string()))?;
///             Ok(rows.map(|(session, user)| StoredSession::from_json(session, user)))
///         })
///     }
/// }
/// ```
pub trait SessionStore: Send + Sync + 'static {
    /// Returns the session with exactly this token, or `None` if there is none. The token consists of
    /// 32 letters and digits. Its MAC has been verified, unless it is a
    /// [raw token](crate::BetterAuthSessions::raw_tokens).
    ///
    /// The session may be over and its user banned: the layer compares `expiresAt`, `banned`, and
    /// `banExpires` with the time. It also limits the number of calls at a time, and drops a future
    /// that has not finished within two seconds.
    fn find<'a>(
        &'a self,
        token: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>>;
}

/// A session and its user, as a [`SessionStore`] returns them.
#[derive(Clone)]
pub struct StoredSession {
    session: String,
    user: String,
}

impl StoredSession {
    /// Creates a stored session from two JSON objects, whose members are the columns under Better
    /// Auth's names.
    ///
    /// The session needs `token`, `userId`, and `expiresAt`. The user needs `id`, and `email` unless
    /// [`email_optional`](crate::JwtAuthBuilder::email_optional) is set. Also return the columns that
    /// have a meaning, if they exist: `id`, `createdAt`, and `impersonatedBy` of the session, and
    /// `name`, `role`, `banned`, and `banExpires` of the user. **Without `banned`, no user is banned.**
    ///
    /// Times are in the format of RFC 3339 with an offset, as PostgreSQL's `timestamptz` has in JSON.
    /// A `timestamp` has no offset there: if it is in UTC, select `"expiresAt" at time zone 'UTC'`.
    ///
    /// All columns except the token become claims of the user, so return only those that handlers may
    /// see.
    pub fn from_json(session: impl Into<String>, user: impl Into<String>) -> Self {
        Self {
            session: session.into(),
            user: user.into(),
        }
    }

    fn record(&self) -> Result<Record, LookupError> {
        let columns = |json: &str, what| {
            Record::parse::<Map<String, Value>>(json).ok_or_else(|| LookupError {
                message: format!("the {what} that the store returned is not a JSON object"),
                is_outage: false,
            })
        };
        Ok(Record {
            session: columns(&self.session, "session")?,
            user: columns(&self.user, "user")?,
        })
    }
}

/// Omits the columns: one is the session token.
impl fmt::Debug for StoredSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSession").finish_non_exhaustive()
    }
}

/// Error returned by a [`SessionStore`] that cannot tell whether a session exists. Requests then get
/// 503, and the message is logged.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SessionStoreError {
    message: String,
    is_outage: bool,
}

impl SessionStoreError {
    /// Creates an error of a store that can be reached, such as a wrong password or a missing table.
    /// The message must not contain the token.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_outage: false,
        }
    }

    /// Creates an error of a store that cannot be reached. After five in a row, the store is asked only
    /// about once per second.
    pub fn unreachable(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            is_outage: true,
        }
    }
}

/// A store as the source of sessions.
pub(super) struct StoreSource<S>(pub(super) S);

impl<S: SessionStore> SessionSource for StoreSource<S> {
    fn find(self: Arc<Self>, credential: SessionCredential) -> Found {
        Box::pin(async move {
            let found = self.0.find(&credential.token).await;
            let found = found.map_err(|error| LookupError {
                message: error.message,
                is_outage: error.is_outage,
            })?;
            found.map(|session| session.record()).transpose()
        })
    }
}
