//! The body of a rejection, as JSON or problem details; used by `response`.

use bytes::Bytes;

use super::Rejection;

pub(super) fn detail(rejection: Rejection) -> &'static str {
    detail_and_json(rejection).0
}

/// Returns a body in FastAPI's format, so that a front end for FastAPI works unchanged.
pub(super) fn json(rejection: Rejection) -> &'static [u8] {
    detail_and_json(rejection).1.as_bytes()
}

/// Returns problem details (RFC 9457) of the type `about:blank`.
pub(super) fn problem(rejection: Rejection) -> Bytes {
    let status = rejection.status();
    let title = status.canonical_reason().unwrap_or_default();
    let (status, detail) = (status.as_str(), detail(rejection));
    // The details contain no character that JSON escapes.
    let json = format!(r#"{{"title":"{title}","status":{status},"detail":"{detail}"}}"#);
    Bytes::from(json)
}

/// Returns the detail of a rejection, as plain text and as a JSON body.
fn detail_and_json(rejection: Rejection) -> (&'static str, &'static str) {
    macro_rules! both {
        ($detail:literal) => {
            ($detail, concat!("{\"detail\":\"", $detail, "\"}"))
        };
    }
    match rejection {
        Rejection::MissingToken => both!("Not authenticated"),
        Rejection::SeveralTokens
        | Rejection::InvalidToken(_)
        | Rejection::InvalidCredential
        | Rejection::SessionSignature
        | Rejection::InvalidSession
        | Rejection::Banned
        | Rejection::Inactive => both!("Could not validate credentials"),
        Rejection::CrossSite => both!("Cross-site request"),
        Rejection::NotOwner
        | Rejection::NoPattern
        | Rejection::NoParameter
        | Rejection::OtherIssuer => {
            both!("Access denied: Cannot access another user's data")
        }
        Rejection::NotFound => both!("Not Found"),
        Rejection::InsufficientScope | Rejection::MissingClaim | Rejection::McpUnlisted => {
            both!("Not enough permissions")
        }
        Rejection::InsufficientAuthentication => both!("Sign in again"),
        Rejection::BodyTooLarge => both!("Request body too large"),
        Rejection::McpRequest => both!("Invalid MCP request"),
        Rejection::McpSession => both!("Session not found"),
        Rejection::NotConfigured | Rejection::NoUser => {
            both!("Authentication system not properly configured")
        }
        Rejection::KeysUnavailable
        | Rejection::SessionsUnavailable
        | Rejection::IntrospectionUnavailable => {
            both!("Authentication is temporarily unavailable")
        }
    }
}
