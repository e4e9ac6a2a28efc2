use std::borrow::Cow;

use serde::Deserialize;

use super::{ClaimName, CurrentUser};
use crate::json::ClaimValue;

/// What a token may grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Grant {
    Scopes,
    Roles,
}

/// Where issuers write what they grant.
#[derive(Deserialize)]
struct GrantClaims<'a> {
    /// RFC 8693 section 4.2: one text.
    #[serde(borrow, default)]
    scope: ClaimValue<'a>,
    /// Microsoft's and Okta's.
    #[serde(borrow, default)]
    scp: ClaimValue<'a>,
    /// Auth0's.
    #[serde(borrow, default)]
    permissions: ClaimValue<'a>,
    /// Better Auth's admin plugin: one text, in which commas part several.
    #[serde(borrow, default)]
    role: ClaimValue<'a>,
    #[serde(borrow, default)]
    roles: ClaimValue<'a>,
}

impl Grant {
    /// What a user's token grants: in this claim, or where it usually stands. Nothing, where that
    /// has a wrong type or is there twice.
    pub(crate) fn of<'u>(
        self,
        user: &'u CurrentUser,
        claim: Option<&ClaimName>,
    ) -> Vec<Cow<'u, str>> {
        let values = match (claim, self) {
            (Some(claim), _) => claim.find(user).into_iter().collect(),
            (None, Self::Scopes) => user.claims().map_or_else(
                |_| Vec::new(),
                |usual: GrantClaims<'_>| vec![usual.scope, usual.scp, usual.permissions],
            ),
            (None, Self::Roles) => user.claims().map_or_else(
                |_| Vec::new(),
                |usual: GrantClaims<'_>| vec![usual.role, usual.roles],
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
            ClaimValue::Absent | ClaimValue::Null | ClaimValue::Integer(_) | ClaimValue::Other => {
                Vec::new()
            }
        };
        parts.retain(|part| !part.is_empty());
        parts
    }
}
