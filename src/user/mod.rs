mod anonymous;
mod claim;
mod scopes;
mod span;

use std::{
    borrow::Cow,
    fmt,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, de::DeserializeSeed};

use self::span::Span;
pub(crate) use self::{
    anonymous::{Anonymous, Presence},
    claim::ClaimName,
    scopes::Grant,
};

/// The user that a request was made by: whom its token names.
///
/// [`JwtAuthLayer`](crate::JwtAuthLayer) puts it into the request's extensions, where a handler
/// finds it: in axum as `Extension<CurrentUser>`, in tonic and hyper through
/// `request.extensions().get::<CurrentUser>()`.
///
/// Cloning it copies a pointer and a few numbers. `Debug` prints none of its contents.
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
pub struct CurrentUser {
    /// The claims as JSON, and after them what the JSON spells with escapes.
    text: Arc<str>,
    /// How long the JSON is, in bytes.
    claims: usize,
    user_id: Span,
    email: Span,
    name: Option<Span>,
    expires_at: Option<f64>,
    judge: Option<Judge>,
}

/// Which verifier let a user in: the address of it, that tells one from the other for as long as a
/// request lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Judge(pub(crate) NonZeroUsize);

impl Judge {
    pub(crate) fn at<T>(verifier: &T) -> Self {
        Self(std::ptr::NonNull::from(verifier).addr())
    }
}

impl CurrentUser {
    /// A user that no token was read for: for tests, and for other authentication layers whose
    /// requests are to pass a [`PathOwnerLayer`](crate::PathOwnerLayer).
    ///
    /// It has no name and never expires; its claims are `sub` and `email`.
    pub fn new(user_id: impl Into<String>, email: impl Into<String>) -> Self {
        let (user_id, email) = (user_id.into(), email.into());
        let claims = serde_json::json!({ "sub": &user_id, "email": &email }).to_string();
        let identity = Identity {
            user_id: &user_id,
            email: &email,
            name: None,
            expires_at: None,
        };
        Self::from_claims(&claims, identity, None)
    }

    #[inline]
    pub(crate) fn from_claims(
        json: &str,
        identity: Identity<'_>,
        judge: impl Into<Option<Judge>>,
    ) -> Self {
        let mut text = Cow::Borrowed(json);
        let mut place =
            |part: &str| Span::of(part, json).unwrap_or_else(|| Span::append(part, &mut text));
        let user_id = place(identity.user_id);
        let email = place(identity.email);
        let name = identity.name.map(place);
        Self {
            text: text.into(),
            claims: json.len(),
            user_id,
            email,
            name,
            expires_at: identity.expires_at,
            judge: judge.into(),
        }
    }

    /// `None` for a user that no token was read for.
    pub(crate) fn judge(&self) -> Option<Judge> {
        self.judge
    }

    /// The user's id: the `sub` claim (RFC 7519 section 4.1.2). Never empty when it came from a
    /// token.
    ///
    /// Example: [`CurrentUser`].
    pub fn user_id(&self) -> &str {
        self.user_id.within(&self.text)
    }

    /// The user's e-mail address: the `email` claim.
    ///
    /// Never empty, unless the layer was built with
    /// [`email_optional`](crate::JwtAuthBuilder::email_optional).
    pub fn email(&self) -> &str {
        self.email.within(&self.text)
    }

    /// The user's name: the `name` claim, if the token has one.
    ///
    /// Example: [`CurrentUser`].
    pub fn name(&self) -> Option<&str> {
        self.name.map(|name| name.within(&self.text))
    }

    /// When the token expires: the `exp` claim (RFC 7519 section 4.1.4), before the year 10000.
    /// Without any leeway: where one is configured, a token that is just let in may already be past.
    /// `None` for a user made with [`CurrentUser::new`].
    ///
    /// A request is judged once, when it arrives. Close what outlives it, a WebSocket or a
    /// stream of events, at this time.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = Duration::try_from_secs_f64(self.expires_at?).ok()?;
        UNIX_EPOCH.checked_add(seconds)
    }

    /// `exp` as the token has it, in seconds since the epoch.
    #[cfg(feature = "cache")]
    pub(crate) fn exp(&self) -> Option<f64> {
        self.expires_at
    }

    /// The scopes that the token grants: those of `scope` (RFC 8693 section 4.2), `scp` and
    /// `permissions`, each a text with spaces between them or an array of texts. Empty where there
    /// are none, or where one is there twice; one of a wrong type grants nothing.
    ///
    /// The claims are read at each call. To ask for a scope before the handler runs, there is
    /// [`RequireScopeLayer`](crate::RequireScopeLayer).
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// fn may_write(user: &CurrentUser) -> bool {
    ///     user.scopes().iter().any(|scope| scope == "tasks:write")
    /// }
    ///
    /// assert!(!may_write(&CurrentUser::new("u1", "ada@example.com")));
    /// ```
    pub fn scopes(&self) -> Vec<Cow<'_, str>> {
        Grant::Scopes.of(self, None)
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
        serde_json::from_str(self.json()).map_err(|error| ClaimsError {
            column: error.column(),
        })
    }

    fn claims_by<'a, S: DeserializeSeed<'a>>(&'a self, seed: S) -> serde_json::Result<S::Value> {
        seed.deserialize(&mut serde_json::Deserializer::from_str(self.json()))
    }

    fn json(&self) -> &str {
        self.text.get(..self.claims).unwrap_or_default()
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

/// What a verified token says of its user.
pub(crate) struct Identity<'a> {
    pub(crate) user_id: &'a str,
    pub(crate) email: &'a str,
    pub(crate) name: Option<&'a str>,
    pub(crate) expires_at: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_back_whether_or_not_it_was_borrowed_from_the_claims() {
        let claims = r#"{"sub":"ada","email":"a@b"}"#;
        let own = [claims[8..11].to_owned(), claims[22..25].to_owned()];
        for (user_id, email) in [
            (&claims[8..11], &claims[22..25]),
            (&own[0], &claims[22..25]),
            (&claims[8..11], &own[1]),
            (&own[0], &own[1]),
        ] {
            let identity = Identity {
                user_id,
                email,
                name: Some(user_id),
                expires_at: None,
            };
            let user = CurrentUser::from_claims(claims, identity, None);
            assert_eq!((user.user_id(), user.email()), ("ada", "a@b"));
            assert_eq!(user.name(), Some("ada"));
            assert!(user.claims::<serde_json::Value>().is_ok());
        }
        assert!(Span::of(&claims[8..11], claims).is_some());
        assert!(Span::of(&own[0], claims).is_none());
        assert!(Span::of(&claims[8..11], &claims[..10]).is_none());
    }
}
