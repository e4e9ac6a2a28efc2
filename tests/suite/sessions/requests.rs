//! Requests with several credentials, and a layer that accepts all of them.

use http::{
    HeaderName, Request,
    header::{AUTHORIZATION, COOKIE},
    request::Parts,
};
use serde_json::json;
use tower_jwt_auth::{
    Authentication, BetterAuthSessions, CurrentUser, JwtAuthBuilder, JwtAuthLayer, Rejection,
    TokenSource,
};

use super::server::{self, Answer, SECRET, SessionServer, encoded, signed, token};
use crate::support::{self, ask, authenticator::by_fn};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// A server with the sessions 1 to 3. Session 4 is that of a banned user, 5 is not answered, 6 has no
/// email address, and all others have ended.
pub(super) async fn start() -> SessionServer {
    let is = |request: &str, number: usize| request.contains(&token(number));
    SessionServer::with(move |request| {
        let mut record = server::record(&token(4));
        match request {
            _ if (1..=3).any(|number| is(request, number)) => Answer::session(request),
            _ if is(request, 4) => {
                record["user"]["banned"] = json!(true);
                Answer::new("200 OK", record.to_string())
            }
            _ if is(request, 5) => Answer::status("500 Internal Server Error"),
            _ if is(request, 6) => {
                record = server::record(&token(6));
                record["user"]["email"] = json!(null);
                Answer::new("200 OK", record.to_string())
            }
            _ => Answer::no_session(),
        }
    })
    .await
}

/// Accepts JWTs in two places, API keys, and sessions.
pub(super) fn builder(server: &SessionServer) -> JwtAuthBuilder {
    with(server.sessions().secret(SECRET))
}

pub(super) fn with(sessions: BetterAuthSessions) -> JwtAuthBuilder {
    let keys = by_fn(|request: &Parts| match request.headers.get(API_KEY) {
        None => Authentication::NotMine,
        Some(key) if key == "valid" => {
            Authentication::User(CurrentUser::new("service", "service@example.com"))
        }
        Some(key) if key == "another" => Authentication::lookup(async { Authentication::NotMine }),
        Some(_) => Authentication::rejected(Rejection::InvalidCredential),
    });
    support::builder()
        .token_sources([TokenSource::header(), TokenSource::cookie("token")])
        .authenticate_with(keys)
        .sessions(sessions)
}

pub(super) type Fields = Vec<(HeaderName, String)>;

pub(super) fn request(method: &str, fields: &[(HeaderName, String)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in fields {
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

/// The ID of the user, or the reason for the rejection.
pub(super) async fn result(
    layer: &JwtAuthLayer,
    request: Request<()>,
) -> Result<String, &'static str> {
    let answer = ask(layer.clone(), request).await;
    match answer.reason() {
        "accepted" => Ok(String::from_utf8(answer.body.to_vec()).unwrap()),
        reason => Err(reason),
    }
}

/// The value of the cookie with this session.
pub(super) fn session(number: usize) -> String {
    encoded(&signed(&token(number), SECRET))
}

/// A value that another secret signed.
pub(super) fn forged(number: usize) -> String {
    encoded(&signed(
        &token(number),
        "another-secret-0123456789abcdefghijk",
    ))
}

/// The session cookie with this value.
pub(super) fn cookie(value: impl AsRef<str>) -> (HeaderName, String) {
    cookies(&[("better-auth.session_token", value.as_ref())])
}

pub(super) fn cookies(cookies: &[(&str, &str)]) -> (HeaderName, String) {
    let cookies = cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"));
    (COOKIE, cookies.collect::<Vec<_>>().join("; "))
}

pub(super) fn bearer(token: impl AsRef<str>) -> (HeaderName, String) {
    (AUTHORIZATION, format!("Bearer {}", token.as_ref()))
}

pub(super) fn key(key: &str) -> (HeaderName, String) {
    (API_KEY, key.to_owned())
}
