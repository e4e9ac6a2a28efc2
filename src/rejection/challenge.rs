//! The `WWW-Authenticate` challenge; used by `response`.

use http::HeaderValue;

use super::{
    Rejection,
    details::{Refusal, RejectionDetails},
};
use crate::token::TokenError;

const SCHEME: &str = "Bearer";

/// The configured parameters of a challenge, which the builder has validated.
#[derive(Clone, Debug, Default)]
pub(crate) struct Challenge {
    pub(crate) realm: Option<String>,
    /// A URL (RFC 9728 section 5.1).
    pub(crate) resource_metadata: Option<String>,
}

impl Challenge {
    pub(super) fn is_default(&self) -> bool {
        self.realm.is_none() && self.resource_metadata.is_none()
    }
}

/// Builds the challenge of a rejection (RFC 6750 section 3). It contains no part of the token.
pub(super) fn challenge(refusal: Refusal<'_>, configured: &Challenge) -> Option<HeaderValue> {
    let default = default_challenge(refusal.rejection)?;
    let scope = refusal.details.and_then(RejectionDetails::scope);
    if configured.is_default() && scope.is_none() {
        return Some(HeaderValue::from_static(default));
    }
    let error = default
        .strip_prefix(SCHEME)
        .unwrap_or_default()
        .trim_start();
    // RFC 9110 section 11.6.1: the realm is the first parameter.
    let parameters = [
        configured
            .realm
            .as_ref()
            .map(|realm| format!("realm=\"{realm}\"")),
        (!error.is_empty()).then(|| error.to_owned()),
        scope.map(|scope| format!("scope=\"{scope}\"")),
        configured
            .resource_metadata
            .as_ref()
            .map(|url| format!("resource_metadata=\"{url}\"")),
    ];
    let parameters: Vec<String> = parameters.into_iter().flatten().collect();
    let challenge = HeaderValue::try_from(format!("{SCHEME} {}", parameters.join(", ")));
    // The builders reject invalid header values, so the fallback is never used.
    Some(challenge.unwrap_or_else(|_| HeaderValue::from_static(default)))
}

/// Returns the challenge of a layer without configured parameters.
fn default_challenge(rejection: Rejection) -> Option<&'static str> {
    Some(match rejection {
        Rejection::MissingToken => SCHEME,
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
        Rejection::NotOwner
        | Rejection::NotFound
        | Rejection::OtherIssuer
        | Rejection::NoPattern
        | Rejection::NoParameter
        | Rejection::MissingClaim
        | Rejection::NotConfigured
        | Rejection::NoUser
        | Rejection::CrossSite
        | Rejection::KeysUnavailable
        | Rejection::SessionsUnavailable
        | Rejection::IntrospectionUnavailable => return None,
    })
}
