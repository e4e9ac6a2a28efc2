//! [`ExtraRules`]: the rules that read additional claims and that most issuers do not need; used by
//! `policy`.

use std::borrow::Cow;

use serde::Deserialize;

use super::{
    claims::{Claims, ExtraClaims},
    error::TokenError,
    printable::is_visible,
};
use crate::{json::ClaimValue, user::ClaimName};

/// The prefix of a service's user ID, which the ID of a user must not have.
const SERVICE_PREFIX: &str = "service:";

/// Rules that read the claims a second time.
#[derive(Clone, Debug, Default)]
pub(crate) struct ExtraRules {
    /// The claim that contains the user ID, if it is not a string in `sub`.
    pub(crate) user_id_claim: Option<ClaimName>,
    /// The claim that contains the email address, if it is not `email`.
    pub(crate) email_claim: Option<ClaimName>,
    /// The accepted clients; `azp`, or `client_id` if there is no `azp`, must name one of them.
    pub(crate) authorized_parties: Vec<String>,
    /// Whether a token whose `token_use` is `id` names its client in `aud`, as in Amazon Cognito.
    pub(crate) id_tokens_name_client_in_aud: bool,
    /// The accepted values of `token_use`; empty if the claim is not checked.
    pub(crate) token_uses: &'static [&'static str],
    /// Whether a token that has a `common_name` but no user is accepted as a service's token.
    pub(crate) allow_services: bool,
}

impl ExtraRules {
    /// Reads the claims that the rules need, and replaces `sub` and `email` with the claims that
    /// are configured instead. `tenant` is the claim that must equal the tenant in `iss`, if there
    /// is a template.
    #[cold]
    pub(crate) fn read<'a>(
        &self,
        claims: &mut Claims<'a>,
        tenant: Option<&ClaimName>,
        json: &'a str,
    ) -> Result<(), TokenError> {
        let find = |name: &ClaimName| name.find_in(json).ok_or(TokenError::Claims);
        let mut extra = Box::new(ExtraClaims::default());
        if let Some(name) = &self.user_id_claim {
            claims.sub = match find(name)? {
                ClaimValue::Integer(id) => ClaimValue::Text(id.to_string().into()),
                other => other,
            };
        }
        if let Some(name) = &self.email_claim {
            claims.email = find(name)?;
        }
        if let Some(name) = tenant {
            extra.tenant = find(name)?;
        }
        if !self.authorized_parties.is_empty() {
            extra.authorized_party = authorized_party(json)?;
        }
        if !self.token_uses.is_empty() {
            extra.token_use = parse::<TokenUse<'_>>(json)?.token_use;
        }
        let is_id_token = extra.token_use.is_text("id");
        if self.id_tokens_name_client_in_aud && is_id_token {
            extra.authorized_party = claims.aud.clone();
        }
        if self.allow_services {
            extra.is_service = name_service(claims, json)?;
        }
        claims.extra = Some(extra);
        Ok(())
    }

    pub(crate) fn check_token_use(&self, claims: &ExtraClaims<'_>) -> Result<(), TokenError> {
        match &claims.token_use {
            _ if self.token_uses.is_empty() => Ok(()),
            ClaimValue::Text(token_use) if self.token_uses.contains(&&**token_use) => Ok(()),
            _ => Err(TokenError::TokenType),
        }
    }

    pub(crate) fn check_authorized_party(
        &self,
        claims: &ExtraClaims<'_>,
    ) -> Result<(), TokenError> {
        let is_ours = |party: &str| self.authorized_parties.iter().any(|ours| ours == party);
        match &claims.authorized_party {
            _ if self.authorized_parties.is_empty() => Ok(()),
            ClaimValue::Text(party) if is_ours(party) => Ok(()),
            _ => Err(TokenError::AuthorizedParty),
        }
    }
}

/// The claim in which Amazon Cognito states the kind of token.
#[derive(Deserialize)]
struct TokenUse<'a> {
    #[serde(borrow, default)]
    token_use: ClaimValue<'a>,
}

/// The client to which a token was issued.
#[derive(Deserialize)]
struct Client<'a> {
    /// OpenID Connect Core section 2.
    #[serde(borrow, default)]
    azp: ClaimValue<'a>,
    /// RFC 9068 section 2.2.
    #[serde(borrow, default)]
    client_id: ClaimValue<'a>,
}

/// The claim that names the service of a Cloudflare Access service token.
#[derive(Deserialize)]
struct Service<'a> {
    #[serde(borrow, default)]
    common_name: ClaimValue<'a>,
}

/// Reads additional claims. A duplicate claim is an error.
fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, TokenError> {
    serde_json::from_str(json).map_err(|_| TokenError::Claims)
}

fn authorized_party(json: &str) -> Result<ClaimValue<'_>, TokenError> {
    let client: Client<'_> = parse(json)?;
    Ok(match client.azp {
        ClaimValue::Absent => client.client_id,
        party => party,
    })
}

/// Returns whether a token belongs to a service and names no user.
pub(super) fn is_of_service(claims: &Claims<'_>, json: &str) -> bool {
    claims.sub.is_text("") && matches!(service_name(json), Ok(Some(_)))
}

/// Returns the `common_name` if it can be part of a user ID.
fn service_name(json: &str) -> Result<Option<Cow<'_, str>>, TokenError> {
    Ok(match parse::<Service<'_>>(json)?.common_name {
        ClaimValue::Text(name) if is_visible(&name) => Some(name),
        _ => None,
    })
}

/// Replaces an empty `sub` with the name of the service. Returns whether the token belongs to a
/// service.
fn name_service<'a>(claims: &mut Claims<'a>, json: &'a str) -> Result<bool, TokenError> {
    match &claims.sub {
        ClaimValue::Text(sub) if sub.is_empty() => {
            let Some(name) = service_name(json)? else {
                return Ok(false);
            };
            claims.sub = ClaimValue::Text(format!("{SERVICE_PREFIX}{name}").into());
            Ok(true)
        }
        ClaimValue::Text(sub) if sub.starts_with(SERVICE_PREFIX) => Err(TokenError::Subject),
        _ => Ok(false),
    }
}
