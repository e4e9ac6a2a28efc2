//! The scopes and roles that a token grants; used by the authorization layers and by handlers.

use std::borrow::Cow;

use serde::Deserialize;

use super::{claim::ClaimName, current_user::CurrentUser};
use crate::{config_error::Fault, json::ClaimValue};

/// The kinds of grants in a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Scopes,
    Roles,
}

/// The claims in which issuers store grants.
#[derive(Deserialize)]
struct GrantClaims<'a> {
    /// RFC 8693 section 4.2: one string, separated by spaces.
    #[serde(borrow, default)]
    scope: ClaimValue<'a>,
    /// Used by Microsoft and Okta.
    #[serde(borrow, default)]
    scp: ClaimValue<'a>,
    /// Used by Auth0.
    #[serde(borrow, default)]
    permissions: ClaimValue<'a>,
    /// Used by Better Auth's admin plugin: one string, separated by commas.
    #[serde(borrow, default)]
    role: ClaimValue<'a>,
    #[serde(borrow, default)]
    roles: ClaimValue<'a>,
}

impl CurrentUser {
    /// Returns the scopes that the token grants: those in `scope` (RFC 8693 section 4.2), `scp`,
    /// and `permissions`. Each claim is a string with spaces between the scopes or an array of
    /// strings; a claim of any other type grants nothing. The result is empty if there are no
    /// scopes or if one of the claims is duplicated.
    ///
    /// Each call parses the claims. To check a scope before the handler runs, use
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
        self.grants(Grant::Scopes, None)
    }

    /// Returns the user's roles: those in `role` and `roles`, as
    /// [`RequireScopeLayer::any_role`](crate::RequireScopeLayer::any_role) reads them. Each claim is
    /// a string with commas between the roles or an array of strings; a claim of any other type
    /// grants nothing. The result is empty if there are no roles or if one of the claims is
    /// duplicated.
    ///
    /// Each call parses the claims. To check a role before the handler runs, use
    /// [`RequireScopeLayer`](crate::RequireScopeLayer).
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// fn is_admin(user: &CurrentUser) -> bool {
    ///     user.roles().iter().any(|role| role == "admin")
    /// }
    ///
    /// let ada = CurrentUser::new("u1", "ada@example.com");
    /// assert!(!is_admin(&ada));
    /// assert!(is_admin(&ada.with_roles(["admin"])));
    /// ```
    pub fn roles(&self) -> Vec<Cow<'_, str>> {
        self.grants(Grant::Roles, None)
    }

    /// Returns the grants of this kind, from `claim` or the usual claims.
    pub(crate) fn grants(&self, grant: Grant, claim: Option<&ClaimName>) -> Vec<Cow<'_, str>> {
        grant.find_in(self.json(), claim)
    }

    /// Returns the scopes that were granted to the client: those in `scope` and `scp`. Auth0's
    /// `permissions` are the user's own, which a client has even if the user granted it no scope.
    #[cfg(feature = "mcp")]
    pub(crate) fn client_scopes(&self) -> Vec<Cow<'_, str>> {
        let claims = serde_json::from_str(self.json()).ok();
        let values = claims.map(|claims: GrantClaims<'_>| [claims.scope, claims.scp]);
        let values = values.into_iter().flatten();
        values
            .flat_map(|value| Grant::Scopes.split(value))
            .collect()
    }
}

impl Grant {
    /// Returns the grants in `claim` or, by default, in [`GrantClaims`]. A claim of the wrong type
    /// grants nothing; if a claim is duplicated, the result is empty.
    fn find_in<'j>(self, json: &'j str, claim: Option<&ClaimName>) -> Vec<Cow<'j, str>> {
        let values = match (claim, self) {
            (Some(claim), _) => claim.find_in(json).into_iter().collect(),
            (None, Self::Scopes) => serde_json::from_str(json).map_or_else(
                |_| Vec::new(),
                |claims: GrantClaims<'_>| vec![claims.scope, claims.scp, claims.permissions],
            ),
            (None, Self::Roles) => serde_json::from_str(json).map_or_else(
                |_| Vec::new(),
                |claims: GrantClaims<'_>| vec![claims.role, claims.roles],
            ),
        };
        values
            .into_iter()
            .flat_map(|value| self.split(value))
            .collect()
    }

    fn split<'u>(self, value: ClaimValue<'u>) -> Vec<Cow<'u, str>> {
        let separator = match self {
            Self::Scopes => ' ',
            Self::Roles => ',',
        };
        let mut parts: Vec<Cow<'u, str>> = match value {
            ClaimValue::Text(Cow::Borrowed(text)) => {
                let parts = text.split(separator).map(str::trim_ascii);
                parts.map(Cow::Borrowed).collect()
            }
            ClaimValue::Text(Cow::Owned(text)) => {
                let parts = text.split(separator).map(str::trim_ascii);
                parts.map(|part| Cow::Owned(part.to_owned())).collect()
            }
            ClaimValue::Texts(texts) => texts,
            ClaimValue::Absent
            | ClaimValue::Null
            | ClaimValue::Integer(_)
            | ClaimValue::Fraction(_)
            | ClaimValue::Other => Vec::new(),
        };
        parts.retain(|part| !part.is_empty());
        parts
    }
}

/// Checks that `name` is a scope (RFC 6749 section 3.3).
pub(crate) fn check_scope(name: &str) -> Result<(), Fault> {
    if is_scope_token(name) {
        return Ok(());
    }
    Err(Fault::new(format!(
        "{name:?} is not a scope, which consists of visible ASCII without quotes, backslashes, or spaces (RFC 6749 section 3.3); pass each scope separately"
    )))
}

/// Returns whether `name` consists of the characters of a scope (RFC 6749 section 3.3). They need no
/// escapes in a challenge, and spaces can separate such names.
pub(crate) fn is_scope_token(name: &str) -> bool {
    let is_scope_char = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
    !name.is_empty() && name.bytes().all(is_scope_char)
}
