//! [`CurrentUser`]: the user of a verified token; used by all layers and by handlers.

use std::{
    borrow::Cow,
    fmt,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::Deserialize;

use super::{
    claim::ClaimName,
    identity::{Identity, IssuerRef, UserIds, VerifiedBy},
    span::StrRange,
};
use crate::json::ClaimValue;

/// The authenticated user of a request.
///
/// [`JwtAuthLayer`](crate::JwtAuthLayer) inserts it into the request's extensions. Handlers read it
/// as `Extension<CurrentUser>` in axum, and with `request.extensions().get::<CurrentUser>()` in
/// tonic and hyper. With the feature `axum`, `CurrentUser` is an extractor itself.
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
#[doc(alias = "current_user", alias = "Depends")]
#[derive(Clone)]
pub struct CurrentUser {
    /// The claims as JSON, followed by the decoded form of each value that is escaped in the JSON.
    pub(super) text: Arc<str>,
    /// The length of the JSON, in bytes.
    pub(super) claims: usize,
    pub(super) user_id: StrRange,
    pub(super) email: StrRange,
    pub(super) name: Option<StrRange>,
    pub(super) expires_at: Option<f64>,
    pub(super) issuer: Option<StrRange>,
    pub(super) user_ids: UserIds,
    pub(super) may_name_tenant: bool,
    pub(super) verified_by: Option<IssuerRef>,
    /// The time for which the layer accepts the token after its expiry. Zero for a user without a
    /// token.
    #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
    pub(super) leeway_millis: u32,
}

impl CurrentUser {
    #[inline]
    pub(crate) fn from_claims(
        json: &str,
        identity: Identity<'_>,
        verified_by: impl Into<Option<VerifiedBy>>,
    ) -> Self {
        let mut text = Cow::Borrowed(json);
        let mut locate = |part: &str| {
            StrRange::find(part, json).unwrap_or_else(|| StrRange::append(part, &mut text))
        };
        let user_id = locate(identity.user_id);
        let email = locate(identity.email);
        let name = identity.name.map(&mut locate);
        let issuer = identity.issuer.map(locate);
        let verified_by = verified_by.into();
        Self {
            text: text.into(),
            claims: json.len(),
            user_id,
            email,
            name,
            expires_at: identity.expires_at,
            issuer,
            user_ids: verified_by.map_or(UserIds::FirstIssuers, |by| by.user_ids),
            may_name_tenant: verified_by.is_some_and(|by| by.has_template),
            verified_by: verified_by.map(|by| by.issuer),
            #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
            leeway_millis: verified_by.map_or(0, |by| by.leeway_millis),
        }
    }

    /// Returns this user, accepted by the rules of this issuer.
    #[cfg(feature = "authenticator")]
    pub(crate) fn accepted_by(mut self, issuer: IssuerRef) -> Self {
        self.verified_by = Some(issuer);
        self
    }

    /// Returns the issuer that verified the token, or `None` for a user without a token.
    pub(crate) fn verified_by(&self) -> Option<IssuerRef> {
        self.verified_by
    }

    /// Returns the user's ID: the `sub` claim (RFC 7519 section 4.1.2). It is never empty for a
    /// verified token.
    #[doc(alias = "id", alias = "sub")]
    pub fn user_id(&self) -> &str {
        self.user_id.within(&self.text)
    }

    /// Returns the user's email address: the `email` claim. The address may be unverified. Better
    /// Auth's tokens have the claim `emailVerified`, which [`check`](crate::JwtAuthBuilder::check)
    /// can require.
    ///
    /// The address is never empty for a verified token, unless the layer was built with
    /// [`email_optional`](crate::JwtAuthBuilder::email_optional).
    pub fn email(&self) -> &str {
        self.email.within(&self.text)
    }

    /// Returns the user's name: the `name` claim, if the token has one.
    pub fn name(&self) -> Option<&str> {
        self.name.map(|name| name.within(&self.text))
    }

    /// Returns the issuer of the token: the verified `iss` claim (RFC 7519 section 4.1.1).
    ///
    /// A [`user_id`](Self::user_id) is unique only within its issuer. If the layer accepts several
    /// issuers ([`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or)), use both values together as the
    /// key for a user's data.
    ///
    /// Returns `None` if no [`issuer`](crate::JwtAuthBuilder::issuer) is configured, because the
    /// claim is then unverified, and for a user created with [`CurrentUser::new`].
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.map(|issuer| issuer.within(&self.text))
    }

    /// Returns the expiry time of the token: the `exp` claim (RFC 7519 section 4.1.4). It is always
    /// before the year 10000. The leeway is not added, so the time may already have passed when a
    /// token is accepted. Returns `None` for a user created with [`CurrentUser::new`].
    ///
    /// A request is verified once, when it arrives. Close longer-lived connections, such as a
    /// WebSocket or an event stream, at this time; with the feature `jwks-custom` or `sessions-custom`, `expired()` waits
    /// for it.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let seconds = Duration::try_from_secs_f64(self.expires_at?).ok()?;
        UNIX_EPOCH.checked_add(seconds)
    }

    /// Returns `exp` unchanged, in seconds since the epoch.
    #[cfg(any(feature = "_lookups", feature = "cache", feature = "jwks-custom"))]
    pub(crate) fn exp(&self) -> Option<f64> {
        self.expires_at
    }

    /// Deserializes the token's claims into your own type. Claims that the type does not name are
    /// ignored.
    ///
    /// Each call parses the verified JSON (about a microsecond for a few hundred bytes).
    ///
    /// # Errors
    ///
    /// [`ClaimsError`] if the claims do not have the shape of `T`.
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

    /// Returns a claim, or `None` if it is duplicated.
    pub(crate) fn claim(&self, name: &ClaimName) -> Option<ClaimValue<'_>> {
        name.find_in(self.json())
    }

    /// Returns the size of the user's claims, in bytes.
    #[cfg(feature = "_lookups")]
    pub(crate) fn size(&self) -> usize {
        self.text.len()
    }

    /// Returns the people among whom the user ID is unique.
    pub(super) fn user_ids(&self) -> UserIds {
        self.user_ids
    }

    /// Returns whether the issuer may contain the name of a tenant, which comes from the token.
    pub(super) fn may_name_tenant(&self) -> bool {
        self.may_name_tenant
    }

    pub(super) fn json(&self) -> &str {
        self.text.get(..self.claims).unwrap_or_default()
    }
}

impl fmt::Debug for CurrentUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CurrentUser").finish_non_exhaustive()
    }
}

/// Error returned by [`CurrentUser::claims`] if the claims do not have the shape of the requested
/// type.
///
/// It reports the position as a byte column in the claims' JSON, but no part of their content.
#[derive(Clone, Debug, thiserror::Error)]
#[error(
    "the token's claims do not have the shape of the requested type (column {column} of their JSON)"
)]
pub struct ClaimsError {
    column: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borrowed_and_owned_strings_are_both_read_back() {
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
