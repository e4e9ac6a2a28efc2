use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{Protocol, Rejection};
use crate::token::TokenError;

/// How a layer answers the requests that it refuses.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answers {
    pub(crate) http_only: bool,
    pub(crate) realm: Option<String>,
}

impl Answers {
    pub(crate) fn answer(&self, rejection: Rejection, protocol: Protocol) -> Response<Bytes> {
        let mut response = match protocol {
            Protocol::Grpc(content_type) if !self.http_only => grpc(rejection, content_type),
            _ => self.http(rejection),
        };
        response.extensions_mut().insert(rejection);
        response
    }

    fn http(&self, rejection: Rejection) -> Response<Bytes> {
        let (_, json) = detail(rejection);
        let mut response = Response::new(Bytes::from_static(json.as_bytes()));
        *response.status_mut() = rejection.status();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(challenge) = challenge(rejection) {
            headers.insert(WWW_AUTHENTICATE, self.with_realm(challenge));
        }
        if rejection == Rejection::KeysUnavailable {
            headers.insert(RETRY_AFTER, SOON);
        }
        response
    }

    /// RFC 9110 section 11.6.1: the realm comes first.
    fn with_realm(&self, challenge: &'static str) -> HeaderValue {
        let Some(realm) = &self.realm else {
            return HeaderValue::from_static(challenge);
        };
        let parameters = challenge.strip_prefix("Bearer ").unwrap_or_default();
        let comma = if parameters.is_empty() { "" } else { ", " };
        HeaderValue::try_from(format!("Bearer realm=\"{realm}\"{comma}{parameters}"))
            // The builder refuses a realm that is no header value, so this is never reached.
            .unwrap_or_else(|_| HeaderValue::from_static(challenge))
    }
}

/// The gRPC answer that has no body, and its trailers among the headers ("Trailers-Only" in the
/// specification of gRPC over HTTP/2).
fn grpc(rejection: Rejection, content_type: HeaderValue) -> Response<Bytes> {
    let (message, _) = detail(rejection);
    let mut response = Response::new(Bytes::new());
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(GRPC_STATUS, HeaderValue::from_static(code(rejection)));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(message));
    response
}

/// The challenge of a refusal (RFC 6750 section 3). Nothing of the token is in it.
fn challenge(rejection: Rejection) -> Option<&'static str> {
    Some(match rejection {
        Rejection::MissingToken => "Bearer",
        Rejection::SeveralTokens => {
            r#"Bearer error="invalid_request", error_description="The request has more than one access token""#
        }
        Rejection::InvalidToken(TokenError::Expired) => {
            r#"Bearer error="invalid_token", error_description="The access token expired""#
        }
        Rejection::InvalidToken(TokenError::NotYetValid) => {
            r#"Bearer error="invalid_token", error_description="The access token is not yet valid""#
        }
        Rejection::InvalidToken(_) => {
            r#"Bearer error="invalid_token", error_description="The access token is invalid""#
        }
        Rejection::NotOwner
        | Rejection::NotConfigured
        | Rejection::NoUser
        | Rejection::KeysUnavailable => return None,
    })
}

/// The status code of gRPC.
fn code(rejection: Rejection) -> &'static str {
    match rejection.status() {
        StatusCode::FORBIDDEN => "7",
        StatusCode::INTERNAL_SERVER_ERROR => "13",
        StatusCode::SERVICE_UNAVAILABLE => "14",
        // 400 too: to gRPC, a request with two tokens is one without a usable token.
        _ => "16",
    }
}

/// What the client is told, plain and as JSON.
fn detail(rejection: Rejection) -> (&'static str, &'static str) {
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
        Rejection::NotOwner => both!("Access denied: Cannot access another user's data"),
        Rejection::NotConfigured | Rejection::NoUser => {
            both!("Authentication system not properly configured")
        }
        Rejection::KeysUnavailable => both!("Authentication is temporarily unavailable"),
    }
}

/// In seconds: keys that cannot be fetched are tried for again within half a minute.
const SOON: HeaderValue = HeaderValue::from_static("10");

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// Percent-encoded by its specification; the texts above have nothing that needs it.
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
