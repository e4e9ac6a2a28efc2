use std::{
    fmt,
    ops::Range,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

/// The user that a request was made by: whom its token names.
///
/// [`JwtAuthLayer`](crate::JwtAuthLayer) puts it into the request's extensions, where a handler
/// finds it: in axum as `Extension<CurrentUser>`, in tonic and hyper through
/// `request.extensions().get::<CurrentUser>()`.
///
/// Cloning it copies one pointer. `Debug` prints none of its contents.
///
/// ```
/// use tower_jwt_auth::CurrentUser;
///
/// fn greet(user: &CurrentUser) -> String {
///     format!("Hello {}", user.name().unwrap_or(user.email()))
/// }
///
/// assert_eq!(greet(&CurrentUser::new("u1", "ada@example.com")), "Hello ada@example.com");
/// ```
#[derive(Clone)]
pub struct CurrentUser(Arc<Inner>);

struct Inner {
    /// The claims as JSON, which the texts below mostly point into.
    claims: String,
    user_id: Text,
    email: Text,
    name: Option<Text>,
    expires_at: Option<f64>,
    judge: Option<Judge>,
}

/// Which verifier let a user in: the address of it, that tells one from the other for as long as a
/// request lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judge(pub(crate) usize);

impl CurrentUser {
    /// A user that no token was read for: for tests, and for other authentication layers whose
    /// requests are to pass a [`PathOwnerLayer`](crate::PathOwnerLayer).
    ///
    /// It has no name and never expires; its claims are `sub` and `email`.
    pub fn new(user_id: impl Into<String>, email: impl Into<String>) -> Self {
        let (user_id, email) = (user_id.into(), email.into());
        let claims = serde_json::json!({ "sub": &user_id, "email": &email }).to_string();
        Self(Arc::new(Inner {
            claims,
            user_id: Text::Own(user_id.into()),
            email: Text::Own(email.into()),
            name: None,
            expires_at: None,
            judge: None,
        }))
    }

    pub(crate) fn from_claims(claims: String, identity: Identity, judge: Judge) -> Self {
        Self(Arc::new(Inner {
            claims,
            user_id: identity.user_id,
            email: identity.email,
            name: identity.name,
            expires_at: Some(identity.expires_at),
            judge: Some(judge),
        }))
    }

    /// `None` for a user that no token was read for.
    pub(crate) fn judge(&self) -> Option<Judge> {
        self.0.judge
    }

    /// The user's id: the `sub` claim (RFC 7519 section 4.1.2). Never empty when it came from a
    /// token.
    pub fn user_id(&self) -> &str {
        self.0.user_id.within(&self.0.claims)
    }

    /// The user's e-mail address: the `email` claim.
    ///
    /// Never empty, unless the layer was built with
    /// [`email_optional`](crate::JwtAuthBuilder::email_optional).
    pub fn email(&self) -> &str {
        self.0.email.within(&self.0.claims)
    }

    /// The user's name: the `name` claim, if the token has one.
    pub fn name(&self) -> Option<&str> {
        self.0.name.as_ref().map(|name| name.within(&self.0.claims))
    }

    /// When the token expires: the `exp` claim (RFC 7519 section 4.1.4), without any leeway.
    /// `None` for a user made with [`CurrentUser::new`].
    ///
    /// A request is judged once, when it arrives. Close what outlives it, a WebSocket or a
    /// stream of events, at this time.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = Duration::try_from_secs_f64(self.0.expires_at?).ok()?;
        UNIX_EPOCH.checked_add(seconds)
    }

    /// `exp` as the token has it, in seconds since the epoch.
    #[cfg(feature = "cache")]
    pub(crate) fn exp(&self) -> Option<f64> {
        self.0.expires_at
    }

    /// The token's claims as a type of your own. Claims that the type does not name are skipped.
    ///
    /// The verified JSON is parsed at each call (about a microsecond for a few hundred bytes).
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] when the claims do not have the shape of `T`.
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Mine<'a> {
    ///     email: &'a str,
    ///     #[serde(rename = "emailVerified", default)]
    ///     email_verified: bool,
    /// }
    ///
    /// let user = CurrentUser::new("u1", "ada@example.com");
    /// let mine = user.claims::<Mine>()?;
    /// assert!(mine.email == "ada@example.com" && !mine.email_verified);
    /// # Ok::<(), tower_jwt_auth::ClaimsError>(())
    /// ```
    pub fn claims<'a, T: Deserialize<'a>>(&'a self) -> Result<T, ClaimsError> {
        serde_json::from_str(&self.0.claims).map_err(|error| ClaimsError {
            column: error.column(),
        })
    }
}

impl fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentUser").finish_non_exhaustive()
    }
}

/// Why [`CurrentUser::claims`] failed: the claims do not have the shape of the type asked for.
///
/// It says where, as a byte column of the claims' JSON, and not what stood there.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the token's claims do not have the shape of the type asked for (column {column} of their JSON)"
)]
pub struct ClaimsError {
    column: usize,
}

/// Left in the extensions of a request that may go on without a user. Where neither this nor a
/// [`CurrentUser`] is, no authentication layer ran.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Anonymous;

/// What a verified token says of its user.
pub(crate) struct Identity {
    pub(crate) user_id: Text,
    pub(crate) email: Text,
    pub(crate) name: Option<Text>,
    pub(crate) expires_at: f64,
}

/// A text of the claims: mostly a range of their JSON, which saves its copy; of its own when the
/// JSON spells it with escapes.
pub(crate) enum Text {
    Within(Range<usize>),
    Own(Box<str>),
}

impl Text {
    /// `text` as it was read from `claims`: borrowed from there, or else to be copied.
    pub(crate) fn of(text: &str, claims: &str) -> Self {
        let start = (text.as_ptr() as usize).wrapping_sub(claims.as_ptr() as usize);
        let range = start..start.wrapping_add(text.len());
        match claims.get(range.clone()) {
            Some(part) if part == text => Self::Within(range),
            _ => Self::Own(text.into()),
        }
    }

    fn within<'a>(&'a self, claims: &'a str) -> &'a str {
        match self {
            Self::Within(range) => claims.get(range.clone()).unwrap_or_default(),
            Self::Own(text) => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_of_the_claims_is_read_back_whether_or_not_it_was_borrowed_from_them() {
        let claims = r#"{"sub":"ada"}"#.to_owned();
        let elsewhere = "ada".to_owned();
        for text in [&claims[8..11], elsewhere.as_str()] {
            assert_eq!(Text::of(text, &claims).within(&claims), "ada");
        }
        assert!(matches!(Text::of(&claims[8..11], &claims), Text::Within(_)));
    }
}
