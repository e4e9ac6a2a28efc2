//! Checks the record of a session, and builds its user; used by `sessions`.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::surrogates::replace_lone_surrogates;
use crate::{
    clock::Clock,
    lookups::Answer,
    rejection::Rejection,
    user::{CurrentUser, Identity, IssuerRef, UserIds, VerifiedBy},
};

/// The names of claims that have a meaning of their own, so no column of the user may set them.
const RESERVED_CLAIMS: [&str; 14] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "nbf",
    "iat",
    "jti",
    "sid",
    "act",
    "cnf",
    "auth_time",
    "acr",
    "amr",
    "session",
];

/// Reads records, and builds their users.
#[derive(Debug)]
pub(super) struct RecordReader {
    /// The issuer of the users.
    pub(super) issuer: String,
    pub(super) user_ids: UserIds,
    pub(super) clock: Clock,
}

/// The columns of a session and of its user, as Better Auth's `get-session` returns them.
#[derive(Deserialize)]
pub(crate) struct Record {
    pub(crate) session: Map<String, Value>,
    pub(crate) user: Map<String, Value>,
}

impl Record {
    /// Reads a response of `get-session`. `null` is the record of a missing session.
    #[cfg(any(feature = "sessions", feature = "test-kit"))]
    pub(crate) fn of_response(json: &str) -> Result<Option<Self>, crate::lookups::LookupError> {
        Self::parse(json).ok_or_else(|| crate::lookups::LookupError {
            message: "the response is not the JSON of a session and its user; check the URL, and that no customSession plugin removes them".to_owned(),
            is_outage: false,
        })
    }

    /// Returns the ID of the session's user.
    #[cfg(feature = "sessions-redis")]
    pub(super) fn user_id(&self) -> Option<Cow<'_, str>> {
        self.session.get("userId").and_then(id_text)
    }

    /// Returns the time of the sign-in, since the epoch.
    #[cfg(feature = "sessions-redis")]
    pub(super) fn created_at(&self) -> Option<Duration> {
        self.session.get("createdAt").and_then(since_epoch)
    }

    /// Parses JSON, which may contain lone surrogates.
    pub(super) fn parse<T: DeserializeOwned>(json: &str) -> Option<T> {
        serde_json::from_str(&replace_lone_surrogates(json)).ok()
    }
}

impl RecordReader {
    /// Reads the record of the session with this token.
    ///
    /// # Errors
    ///
    /// What is wrong with a record that is not that of a session, for the operator.
    pub(super) fn read(&self, record: Option<Record>, token: &str) -> Result<Answer, &'static str> {
        let Some(Record { mut session, user }) = record else {
            return Ok(Answer::Rejected(Rejection::InvalidSession));
        };
        // The token is removed here, before anything is built from the session.
        if session.remove("token") != Some(Value::from(token)) {
            return Err(
                "the record does not have the token of the session that was asked for: a store must return it, and a customSession plugin must keep session.token",
            );
        }
        let user_id = user.get("id").and_then(id_text);
        let owner = session.get("userId").and_then(id_text);
        let belongs = user_id == owner;
        let Some(user_id) = user_id.filter(|_| belongs) else {
            return Err(
                "the session and the user do not belong together: session.userId must equal user.id",
            );
        };
        let expires_at = session.get("expiresAt").and_then(seconds);
        let Some(expires_at) = expires_at else {
            return Err(
                "session.expiresAt is missing or is not a time with an offset, such as 2026-11-26T05:00:00Z; from a PostgreSQL column without time zone, select \"expiresAt\" at time zone 'UTC'",
            );
        };
        // A broken clock is treated as the end of time.
        let now = self.clock.since_epoch().unwrap_or(Duration::MAX);
        if now.as_secs() >= expires_at {
            return Ok(Answer::Rejected(Rejection::InvalidSession));
        }
        if is_banned(&user, now) {
            return Ok(Answer::Rejected(Rejection::Banned));
        }
        let user_id = user_id.into_owned();
        Ok(Answer::User(self.user(user_id, session, user, expires_at)))
    }

    fn user(
        &self,
        user_id: String,
        session: Map<String, Value>,
        mut user: Map<String, Value>,
        expires_at: u64,
    ) -> CurrentUser {
        user.retain(|name, _| !RESERVED_CLAIMS.contains(&name.as_str()));
        let text = |name| user.get(name).and_then(Value::as_str).map(str::to_owned);
        let (email, name) = (text("email").unwrap_or_default(), text("name"));
        let mut claims = user;
        let mut claim = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                claims.insert(name.to_owned(), value);
            }
        };
        claim("iss", Some(self.issuer.as_str().into()));
        claim("sub", Some(user_id.as_str().into()));
        claim("exp", Some(expires_at.into()));
        let created = session.get("createdAt").and_then(seconds);
        claim("iat", created.map(Value::from));
        // When an administrator starts to act as the user, the user does not sign in.
        let impersonator = session.get("impersonatedBy");
        let signed_in = created.filter(|_| impersonator.is_none_or(Value::is_null));
        claim("auth_time", signed_in.map(Value::from));
        claim("sid", session.get("id").and_then(id_text).map(Value::from));
        // The admin plugin sets it to the ID of the admin who acts as the user.
        let actor = session.get("impersonatedBy").and_then(id_text);
        claim("act", actor.map(|actor| json!({ "sub": actor })));
        claim("session", Some(Value::Object(session)));
        let json = Value::Object(claims).to_string();
        let identity = Identity {
            user_id: &user_id,
            email: &email,
            name: name.as_deref(),
            // Whole seconds up to the year 9999 are exact in an `f64`.
            expires_at: Some(expires_at as f64),
            issuer: Some(&self.issuer),
        };
        CurrentUser::from_claims(
            &json,
            identity,
            VerifiedBy {
                issuer: IssuerRef::new(self),
                user_ids: self.user_ids,
                has_template: false,
                leeway_millis: 0,
            },
        )
    }
}

/// Returns an ID as text. IDs are numbers in a database that counts them.
fn id_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(id) => Some(Cow::Borrowed(id)),
        Value::Number(id) => id.as_u64().map(|id| Cow::Owned(id.to_string())),
        _ => None,
    }
}

/// Returns the seconds since the epoch of a time as JavaScript and databases write it (RFC 3339),
/// rounded down.
fn seconds(value: &Value) -> Option<u64> {
    since_epoch(value).map(|time| time.as_secs())
}

fn since_epoch(value: &Value) -> Option<Duration> {
    let text = value.as_str()?;
    // The parser accepts any character between the date and the time.
    if !matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' ')) {
        return None;
    }
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    SystemTime::from(time).duration_since(UNIX_EPOCH).ok()
}

/// Returns whether the user is banned at `now`, the time since the epoch. Better Auth ends the
/// sessions of a user whom `ban-user` bans, but does not check a ban that the database records.
fn is_banned(user: &Map<String, Value>, now: Duration) -> bool {
    let is_set = |value: &Value| match value {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    };
    if !user.get("banned").is_some_and(is_set) {
        return false;
    }
    // A ban without an end, or with one that is not a time, does not end.
    match user.get("banExpires") {
        Some(end) => since_epoch(end).is_none_or(|end| now < end),
        None => true,
    }
}
