//! [`TestSession`]: a session whose user, expiry, and other columns a test can change.

use std::{collections::BTreeMap, fmt, num::NonZero, time::Duration};

use serde::Serialize;
use serde_json::{Map, Value};
use time::{
    OffsetDateTime,
    format_description::well_known::{
        Iso8601,
        iso8601::{Config, EncodedConfig, TimePrecision},
    },
};

use super::{clock::TestClock, sessions::TestSessions, token::json};

/// RFC 3339 with milliseconds, as JavaScript writes times.
const TIME_FORMAT: EncodedConfig = Config::DEFAULT
    .set_time_precision(TimePrecision::Second {
        decimal_digits: NonZero::new(3),
    })
    .encode();

/// A session before sign-in: [`TestSessions::session_for`] starts it, and [`sign_in`](Self::sign_in)
/// creates it.
///
/// If a column is set more than once, the last value is used. Times are relative to the clock at
/// sign-in. Each sign-in creates another session.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::test_kit::TestSessions;
///
/// let sessions = TestSessions::new();
/// let alice = || sessions.session_for("alice");
/// let admin = alice().name("Alice").roles(["user", "admin"]).sign_in();
/// let impersonated = alice().impersonated_by("bob").sign_in();
///
/// // These are rejected with `session`, `banned`, and `user`.
/// let expired = alice().expires_in(Duration::ZERO).sign_in();
/// let banned = alice().banned().sign_in();
/// let without_email = alice().user_column("email", ()).sign_in();
/// # drop((admin, impersonated, expired, banned, without_email));
/// ```
#[derive(Clone)]
#[must_use = "a test session does not exist until .sign_in() is called"]
pub struct TestSession {
    sessions: TestSessions,
    user: Columns,
    session: Columns,
    response: Option<String>,
}

type Columns = BTreeMap<String, Column>;

#[derive(Clone)]
enum Column {
    Fixed(Value),
    /// A time after the sign-in.
    FromNow(Duration),
}

/// The default of Better Auth.
const LIFETIME: Duration = Duration::from_secs(7 * 24 * 60 * 60);

impl TestSession {
    pub(super) fn new(sessions: TestSessions, user_id: &str) -> Self {
        let mut session = Self {
            sessions,
            user: Columns::new(),
            session: Columns::new(),
            response: None,
        };
        for table in [&mut session.user, &mut session.session] {
            for column in ["createdAt", "updatedAt"] {
                table.insert(column.to_owned(), Column::FromNow(Duration::ZERO));
            }
        }
        session
            .user_column("id", user_id)
            .name(user_id)
            .email(format!("{user_id}@example.com"))
            .user_column("emailVerified", true)
            .session_column("userId", user_id)
            .expires_in(LIFETIME)
    }

    /// Sets the user's email.
    pub fn email(self, email: impl Into<String>) -> Self {
        self.user_column("email", email.into())
    }

    /// Sets the user's name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.user_column("name", name.into())
    }

    /// Sets the user's `role` to these roles, separated by commas, as the plugin `admin()` does.
    pub fn roles<N: Into<String>>(self, roles: impl IntoIterator<Item = N>) -> Self {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        self.user_column("role", roles.join(","))
    }

    /// Bans the user. The session is rejected with `banned`.
    pub fn banned(self) -> Self {
        self.user_column("banned", true)
    }

    /// Bans the user until this time after the sign-in, rounded down to the second.
    pub fn banned_for(mut self, time: Duration) -> Self {
        self = self.banned();
        let end = Column::FromNow(time);
        self.user.insert("banExpires".to_owned(), end);
        self
    }

    /// Declares that an administrator with this user ID acts as the user: see
    /// [`CurrentUser::actor`](crate::CurrentUser::actor).
    pub fn impersonated_by(self, admin_id: &str) -> Self {
        self.session_column("impersonatedBy", admin_id)
    }

    /// Sets the expiry to this time after the sign-in, rounded down to the second. From then on, the
    /// session is rejected with `session`.
    pub fn expires_in(mut self, lifetime: Duration) -> Self {
        let end = Column::FromNow(lifetime);
        self.session.insert("expiresAt".to_owned(), end);
        self
    }

    /// Sets any column of the user to a value of any type, including the wrong type. `()` is `null`.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialized as JSON, for example a map with keys that are not
    /// strings.
    pub fn user_column(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.user.insert(name.into(), Column::Fixed(json(value)));
        self
    }

    /// Sets any column of the session, for example `activeOrganizationId`. The column `token` is always
    /// the session's token.
    ///
    /// # Panics
    ///
    /// The same as for [`user_column`](Self::user_column).
    pub fn session_column(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.session.insert(name.into(), Column::Fixed(json(value)));
        self
    }

    /// Makes lookups of this session return this text, for example a response of `get-session` that you
    /// recorded from your server. In it, `$token` is replaced with the session's token. The columns are
    /// not used.
    pub fn response(mut self, text: impl Into<String>) -> Self {
        self.response = Some(text.into());
        self
    }

    /// Creates the session, and returns the value of a `Cookie` header: see [`TestSessions::sign_in`].
    ///
    /// # Panics
    ///
    /// Panics if a time is before 1970 or after the year 9999.
    pub fn sign_in(&self) -> String {
        self.sessions.add(|token| match &self.response {
            Some(text) => text.replace("$token", token),
            None => {
                let clock = self.sessions.clock();
                let user = record(&self.user, clock);
                let mut session = record(&self.session, clock);
                { session.entry("id") }
                    .or_insert_with(|| format!("session-{}", &token[..8]).into());
                session.insert("token".to_owned(), token.into());
                serde_json::json!({ "session": session, "user": user }).to_string()
            }
        })
    }
}

fn record(columns: &Columns, clock: &TestClock) -> Map<String, Value> {
    let values = columns.iter().map(|(name, column)| {
        let value = match column {
            Column::Fixed(value) => value.clone(),
            Column::FromNow(time) => {
                let time = clock.now().checked_add(*time);
                let time = time.expect("the system can represent the time");
                let time = OffsetDateTime::from(time).format(&Iso8601::<TIME_FORMAT>);
                time.expect("the year has four digits").into()
            }
        };
        (name.clone(), value)
    });
    values.collect()
}

/// Omits the columns, which may be copied from a real user.
impl fmt::Debug for TestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestSession")
            .field("sessions", &self.sessions)
            .finish_non_exhaustive()
    }
}
