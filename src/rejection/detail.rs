//! What the client is told in words.

use bytes::Bytes;

use super::Rejection;

pub(super) fn detail(rejection: Rejection) -> &'static str {
    texts(rejection).0
}

/// The shape of FastAPI's answers, so that a front end need not change.
pub(super) fn json(rejection: Rejection) -> &'static [u8] {
    texts(rejection).1.as_bytes()
}

/// Problem details (RFC 9457), of the type that says no more than the status.
pub(super) fn problem(rejection: Rejection) -> Bytes {
    let status = rejection.status();
    let title = status.canonical_reason().unwrap_or_default();
    let (status, detail) = (status.as_str(), detail(rejection));
    // None of the texts has a character that JSON escapes.
    let json = format!(r#"{{"title":"{title}","status":{status},"detail":"{detail}"}}"#);
    Bytes::from(json)
}

/// Plain, and as JSON.
fn texts(rejection: Rejection) -> (&'static str, &'static str) {
    macro_rules! both {
        ($detail:literal) => {
            ($detail, concat!("{\"detail\":\"", $detail, "\"}"))
        };
    }
    match rejection {
        Rejection::MissingToken => both!("Not authenticated"),
        Rejection::SeveralTokens | Rejection::InvalidToken(_) => {
            both!("Could not validate credentials")
        }
        Rejection::NotOwner
        | Rejection::NoPattern
        | Rejection::NoParameter
        | Rejection::OtherIssuer => {
            both!("Access denied: Cannot access another user's data")
        }
        Rejection::NotFound => both!("Not Found"),
        Rejection::InsufficientScope => both!("Not enough permissions"),
        Rejection::NotConfigured | Rejection::NoUser => {
            both!("Authentication system not properly configured")
        }
        Rejection::KeysUnavailable => both!("Authentication is temporarily unavailable"),
    }
}
