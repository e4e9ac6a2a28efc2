//! The registered claims of a user's token that no rule of a layer needs; used by handlers.

use std::{
    borrow::Cow,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

use super::{claim::find_at, current_user::CurrentUser};
use crate::json::ClaimValue;

/// The time of issue.
#[derive(Deserialize)]
struct IssuedAt {
    #[serde(default)]
    iat: Option<f64>,
}

/// # Further claims of the token
///
/// Each call parses the claims (about a microsecond for a few hundred bytes).
impl CurrentUser {
    /// Returns the time at which the token was issued: the `iat` claim (RFC 7519 section 4.1.6).
    /// Returns `None` if the claim is missing, duplicated, or not a time.
    ///
    /// The time may be in the future, because no rule forbids that.
    #[doc(alias = "iat")]
    pub fn issued_at(&self) -> Option<SystemTime> {
        let IssuedAt { iat } = serde_json::from_str(self.json()).ok()?;
        let seconds = Duration::try_from_secs_f64(iat?).ok()?;
        UNIX_EPOCH.checked_add(seconds)
    }

    /// Returns the ID of the token: the `jti` claim (RFC 7519 section 4.1.7), which is unique within
    /// its issuer. Returns `None` if the claim is missing, duplicated, or not a string. The string
    /// may be empty and may contain any characters.
    #[doc(alias = "jti")]
    pub fn token_id(&self) -> Option<Cow<'_, str>> {
        self.text_claim(&["jti"])
    }

    /// Returns the ID of the session in which the token was issued: the `sid` claim (OpenID Connect
    /// Front-Channel Logout 1.0 section 3), which is unique within its issuer. Returns `None` if the
    /// claim is missing, duplicated, or not a string. The string may be empty and may contain any
    /// characters.
    #[doc(alias = "sid")]
    pub fn session_id(&self) -> Option<Cow<'_, str>> {
        self.text_claim(&["sid"])
    }

    /// Returns the ID of the party that acts for the user, such as a support agent or a service: the
    /// `sub` member of the `act` claim (RFC 8693 section 4.1), or `act` itself if it is a string, as
    /// some issuers write it. Returns `None` if nobody acts for the user, or if the claim or its
    /// `sub` is missing, duplicated, or of another type.
    ///
    /// If several parties acted in turn, the result is the current one. Use the earlier ones, which
    /// are nested in `act`, only for information, as the RFC requires. The ID belongs to the issuer
    /// of the token, unless `act` has an `iss` of its own: read that with
    /// [`claims`](CurrentUser::claims).
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// fn log_line(user: &CurrentUser) -> String {
    ///     match user.actor() {
    ///         Some(actor) => format!("{} for {}", actor, user.user_id()),
    ///         None => user.user_id().to_owned(),
    ///     }
    /// }
    ///
    /// assert_eq!(log_line(&CurrentUser::new("ada", "ada@example.com")), "ada");
    /// ```
    #[doc(alias = "act")]
    pub fn actor(&self) -> Option<Cow<'_, str>> {
        match find_at(&["act"], self.json())? {
            ClaimValue::Text(actor) => Some(actor),
            _ => self.text_claim(&["act", "sub"]),
        }
    }

    fn text_claim(&self, path: &[&str]) -> Option<Cow<'_, str>> {
        match find_at(path, self.json())? {
            ClaimValue::Text(text) => Some(text),
            _ => None,
        }
    }
}
