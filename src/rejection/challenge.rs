//! The `WWW-Authenticate` challenge; used by `response`.

use http::HeaderValue;

use super::{
    Rejection,
    details::{Refusal, RejectionDetails},
};
use crate::{protected_resource::ProtectedResource, token::TokenError};

pub(super) const BEARER: &str = "Bearer";

/// The configured parameters of a challenge, which the builder has validated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenge {
    pub(crate) realm: Option<String>,
    /// A URL (RFC 9728 section 5.1).
    pub(crate) resource_metadata: Option<String>,
    /// The resource that the layer protects; its scopes are part of the challenges.
    pub(crate) resource: Option<ProtectedResource>,
}

impl Challenge {
    pub(super) fn is_default(&self) -> bool {
        self.realm.is_none() && self.resource_metadata.is_none() && self.resource.is_none()
    }
}

/// Builds the challenge of a rejection (RFC 6750 section 3). It contains no part of the token.
pub(super) fn challenge(refusal: Refusal<'_>, configured: &Challenge) -> Option<HeaderValue> {
    let default = default_challenge(refusal.rejection)?;
    if configured.is_default() && refusal.details.is_none() {
        return Some(HeaderValue::from_static(default));
    }
    Some(with_parameters(default, refusal.details, configured))
}

/// Adds the configured parameters and the details of a rejection to its default challenge.
#[cold]
fn with_parameters(
    default: &'static str,
    details: Option<&RejectionDetails>,
    configured: &Challenge,
) -> HeaderValue {
    let scope = details.and_then(RejectionDetails::scope);
    let max_age = details.and_then(RejectionDetails::max_age);
    let acr_values = details.and_then(RejectionDetails::acr_values);
    let error = default
        .strip_prefix(BEARER)
        .unwrap_or_default()
        .trim_start();
    let metadata = match &configured.resource {
        Some(resource) => Some(resource.metadata_url()),
        None => configured.resource_metadata.as_deref(),
    };
    let quoted = |name, value: Option<&str>| value.map(|value| format!("{name}=\"{value}\""));
    // RFC 9110 section 11.6.1: the realm is the first parameter.
    let parameters = [
        quoted("realm", configured.realm.as_deref()),
        (!error.is_empty()).then(|| error.to_owned()),
        quoted("scope", scope),
        // A number, which RFC 9470 section 3 shows in quotes.
        max_age.map(|max_age| format!("max_age=\"{}\"", max_age.as_secs())),
        quoted("acr_values", acr_values),
        quoted("resource_metadata", metadata),
    ];
    let parameters: Vec<String> = parameters.into_iter().flatten().collect();
    if parameters.is_empty() {
        return HeaderValue::from_static(default);
    }
    let challenge = HeaderValue::try_from(format!("{BEARER} {}", parameters.join(", ")));
    // The builders reject invalid header values, so the fallback is never used.
    challenge.unwrap_or_else(|_| HeaderValue::from_static(default))
}

/// Returns the challenge of a layer without configured parameters.
fn default_challenge(rejection: Rejection) -> Option<&'static str> {
    Some(match rejection {
        Rejection::MissingToken => BEARER,
        Rejection::SeveralTokens => {
            r#"Bearer error="invalid_request", error_description="The request has more than one access token""#
        }
        Rejection::InvalidToken(TokenError::Expired) => {
            r#"Bearer error="invalid_token", error_description="The access token expired""#
        }
        Rejection::InvalidToken(TokenError::NotYetValid) => {
            r#"Bearer error="invalid_token", error_description="The access token is not yet valid""#
        }
        Rejection::InvalidToken(_)
        | Rejection::InvalidCredential
        | Rejection::SessionSignature
        | Rejection::InvalidSession
        | Rejection::Banned
        | Rejection::Inactive => {
            r#"Bearer error="invalid_token", error_description="The access token is invalid""#
        }
        Rejection::InsufficientScope => r#"Bearer error="insufficient_scope""#,
        Rejection::InsufficientAuthentication => {
            r#"Bearer error="insufficient_user_authentication", error_description="A more recent or a stronger sign-in is required""#
        }
        Rejection::NotOwner
        | Rejection::NotFound
        | Rejection::OtherIssuer
        | Rejection::NoPattern
        | Rejection::NoParameter
        | Rejection::MissingClaim
        | Rejection::NotConfigured
        | Rejection::NoUser
        | Rejection::CrossSite
        | Rejection::BodyTooLarge
        | Rejection::McpRequest
        | Rejection::McpUnlisted
        | Rejection::McpSession
        | Rejection::KeysUnavailable
        | Rejection::SessionsUnavailable
        | Rejection::IntrospectionUnavailable => return None,
    })
}
