mod claim;
mod scopes;
mod served;
mod span;

use std::{
    borrow::Cow,
    fmt,
    num::NonZeroUsize,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

use self::span::StrRange;
pub(crate) use self::{claim::ClaimName, scopes::Grant, served::ServedUsers};

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
    user_id: StrRange,
    email: StrRange,
    name: Option<StrRange>,
    expires_at: Option<f64>,
    issuer: Option<StrRange>,
    /// Whether the ID is one of another issuer than the layer's first, and so may be that of
    /// another person.
    is_of_other_issuer: bool,
    verified_by: Option<IssuerRef>,
}

/// Identifies the issuer whose keys verified a token: its address, which is its own for as long as
/// the request lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct IssuerRef(NonZeroUsize);

impl IssuerRef {
    pub(crate) fn to<T>(issuer: &T) -> Self {
        Self(std::ptr::NonNull::from(issuer).addr())
    }
}

/// The issuer whose keys verified a token.
#[derive(Clone, Copy)]
pub(crate) struct VerifiedBy {
    pub(crate) issuer: IssuerRef,
    pub(crate) has_own_users: bool,
}

impl CurrentUser {
    /// A user that no token was read for: for tests, and for other authentication layers whose
    /// requests are to pass a [`PathOwnerLayer`](crate::PathOwnerLayer).
    ///
    /// It has no name and never expires; its claims are `sub` and `email`. It is a user of the first
    /// issuer, whatever that is called; [`from_issuer`](Self::from_issuer) makes it another's.
    pub fn new(user_id: impl Into<String>, email: impl Into<String>) -> Self {
        let (user_id, email) = (user_id.into(), email.into());
        let claims = serde_json::json!({ "sub": &user_id, "email": &email }).to_string();
        let identity = Identity {
            user_id: &user_id,
            email: &email,
            name: None,
            expires_at: None,
            issuer: None,
        };
        Self::from_claims(&claims, identity, None)
    }

    /// The same user as one of this issuer, which is not the first: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or). Authorization layers reject it, unless they
    /// name the issuer. Its claims stay as they are.
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// let ours = CurrentUser::new("alice", "alice@example.com");
    /// let theirs = ours.clone().from_issuer("https://partner.example.com");
    /// assert_eq!(theirs.issuer(), Some("https://partner.example.com"));
    /// ```
    #[must_use]
    pub fn from_issuer(mut self, issuer: impl Into<String>) -> Self {
        let mut text = Cow::Borrowed(&*self.text);
        self.issuer = Some(StrRange::append(&issuer.into(), &mut text));
        self.text = text.into();
        self.is_of_other_issuer = true;
        self
    }

    #[inline]
    pub(crate) fn from_claims(
        json: &str,
        identity: Identity<'_>,
        verified_by: impl Into<Option<VerifiedBy>>,
    ) -> Self {
        let mut text = Cow::Borrowed(json);
        let mut place = |part: &str| {
            StrRange::find(part, json).unwrap_or_else(|| StrRange::append(part, &mut text))
        };
        let user_id = place(identity.user_id);
        let email = place(identity.email);
        let name = identity.name.map(&mut place);
        let issuer = identity.issuer.map(place);
        let verified_by = verified_by.into();
        Self {
            text: text.into(),
            claims: json.len(),
            user_id,
            email,
            name,
            expires_at: identity.expires_at,
            issuer,
            is_of_other_issuer: verified_by.is_some_and(|by| by.has_own_users),
            verified_by: verified_by.map(|by| by.issuer),
        }
    }

    /// `None` for a user that no token was read for.
    pub(crate) fn verified_by(&self) -> Option<IssuerRef> {
        self.verified_by
    }

    /// The user's id: the `sub` claim (RFC 7519 section 4.1.2). Never empty when it came from a
    /// token.
    pub fn user_id(&self) -> &str {
        self.user_id.within(&self.text)
    }

    /// The user's e-mail address: the `email` claim. It is unverified unless the token says
    /// otherwise, in Better Auth's tokens with the claim `emailVerified`, which
    /// [`check`](crate::JwtAuthBuilder::check) can require.
    ///
    /// Never empty, unless the layer was built with
    /// [`email_optional`](crate::JwtAuthBuilder::email_optional).
    pub fn email(&self) -> &str {
        self.email.within(&self.text)
    }

    /// The user's name: the `name` claim, if the token has one.
    pub fn name(&self) -> Option<&str> {
        self.name.map(|name| name.within(&self.text))
    }

    /// The issuer that vouches for the user: the verified `iss` claim (RFC 7519 section 4.1.1).
    ///
    /// A [`user_id`](Self::user_id) is unique only within its issuer. If the layer accepts several
    /// ([`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or)), use both as the key of what belongs to
    /// the user.
    ///
    /// `None` if no [`issuer`](crate::JwtAuthBuilder::issuer) is configured, since then nothing
    /// checks the claim, and for a user made with [`CurrentUser::new`].
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.map(|issuer| issuer.within(&self.text))
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
    /// `None` if no issuer is configured.
    pub(crate) issuer: Option<&'a str>,
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
                issuer: Some(email),
            };
            let user = CurrentUser::from_claims(claims, identity, None);
            assert_eq!((user.user_id(), user.email()), ("ada", "a@b"));
            assert_eq!((user.name(), user.issuer()), (Some("ada"), Some("a@b")));
            assert!(user.claims::<serde_json::Value>().is_ok());
        }
        assert!(StrRange::find(&claims[8..11], claims).is_some());
        assert!(StrRange::find(&own[0], claims).is_none());
        assert!(StrRange::find(&claims[8..11], &claims[..10]).is_none());
    }
}
