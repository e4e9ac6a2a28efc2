//! The builders for known issuers, which need more than one value.

use serde::Deserialize;

use super::{
    field::{Field, Setting},
    reader::{Reader, Unknown, impl_table},
};
use crate::auth::{CognitoToken, JwtAuthBuilder, JwtAuthLayer};

/// The arguments of [`JwtAuthLayer::better_auth_oauth`].
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct BetterAuthOauth {
    /// The origin of Better Auth.
    origin: Field<String>,
    /// The audience: the URL of this resource.
    resource: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// The arguments of [`JwtAuthLayer::cloudflare_access`].
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct CloudflareAccess {
    /// The name of the team.
    team: Field<String>,
    /// The audience (AUD) tag of the application.
    audience: Field<String>,
    #[serde(flatten)]
    unknown: Unknown,
}

/// The arguments of [`JwtAuthLayer::cognito`].
#[derive(Clone, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cognito {
    /// The ID of the user pool.
    user_pool_id: Field<String>,
    /// The ID of the app client.
    client_id: Field<String>,
    /// The accepted tokens.
    tokens: Field<CognitoToken>,
    #[serde(flatten)]
    unknown: Unknown,
}

impl_table!(BetterAuthOauth, "a table with `origin` and `resource`");
impl_table!(CloudflareAccess, "a table with `team` and `audience`");
impl_table!(
    Cognito,
    "a table with `user_pool_id`, `client_id`, and `tokens`"
);

impl Setting for CognitoToken {
    fn expected() -> String {
        "\"access\", \"id\", or \"either\"".into()
    }

    fn from_text(name: &str) -> Option<Self> {
        match name {
            "access" => Some(Self::Access),
            "id" => Some(Self::Id),
            "either" => Some(Self::Either),
            _ => None,
        }
    }
}

impl BetterAuthOauth {
    pub(super) fn into_builder(self, reader: &mut Reader<'_>) -> Option<JwtAuthBuilder> {
        reader.reject(self.unknown);
        let origin = reader.require("origin", self.origin);
        let resource = reader.require("resource", self.resource);
        Some(JwtAuthLayer::better_auth_oauth(origin?, resource?))
    }
}

impl CloudflareAccess {
    pub(super) fn into_builder(self, reader: &mut Reader<'_>) -> Option<JwtAuthBuilder> {
        reader.reject(self.unknown);
        let team = reader.require("team", self.team);
        let audience = reader.require("audience", self.audience);
        Some(JwtAuthLayer::cloudflare_access(team?, audience?))
    }
}

impl Cognito {
    pub(super) fn into_builder(self, reader: &mut Reader<'_>) -> Option<JwtAuthBuilder> {
        reader.reject(self.unknown);
        let user_pool_id = reader.require("user_pool_id", self.user_pool_id);
        let client_id = reader.require("client_id", self.client_id);
        let tokens = reader.require("tokens", self.tokens);
        Some(JwtAuthLayer::cognito(user_pool_id?, client_id?, tokens?))
    }
}
