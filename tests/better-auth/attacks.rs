//! Tokens of the HS256 recipe, sent to Better Auth instead of a service: to each of its releases,
//! signed with a separate secret and with Better Auth's secret.

use std::time::{SystemTime, UNIX_EPOCH};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Response;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use sha2::Sha256;

use super::{
    API_SECRET, SECRET,
    server::{
        Credential::{Anonymous, Bearer, Cookies},
        Server, User, cookie,
    },
};

const RELEASES: [&str; 4] = ["1.4", "1.5", "1.6", "1.7"];

const VERIFY_EMAIL: &str = "/api/auth/verify-email?token=";
const SESSION: &str = "/api/auth/get-session";
/// Finds the session and its user in the database.
const STORED_SESSION: &str = "/api/auth/get-session?disableCookieCache=true";
/// Finds a session with `getCookieCache`, as middleware of Next.js does.
const CACHED_SESSION: &str = "/test/cached-session";

#[tokio::test]
async fn a_recipe_token_verifies_no_email_and_starts_no_session() {
    for release in RELEASES {
        for (mode, at_verify_email) in [("separate", 401), ("shared", 500)] {
            let Some(server) = start(release, mode) else {
                return;
            };
            // Mallory signs up with the address of another person.
            let mallory = server.sign_up("victor@example.com").await;
            let bob = server.sign_up("bob@example.com").await;
            let token = server.token("/api/auth/hs256-token", &mallory).await;
            let link = format!("{VERIFY_EMAIL}{token}");
            let deletion = format!("/api/auth/delete-user/callback?token={token}");
            let reset = json!({ "newPassword": "correct horses", "token": token }).to_string();
            let data = format!("better-auth.session_data={token}");
            let beside = format!("better-auth.session_token={}; {data}", bob.session_cookie);
            let signed = format!("better-auth.session_token={}", with_cookie_mac(&token));
            let by_mallory = Bearer(&mallory.session_token);
            for (place, status, path, credential, body) in [
                ("link", at_verify_email, &*link, Anonymous, ""),
                ("link", 404, &deletion, by_mallory, ""),
                ("body", 400, "/api/auth/reset-password", Anonymous, &*reset),
                ("session_data", 200, SESSION, Cookies(&data), ""),
                ("session_data", 200, CACHED_SESSION, Cookies(&data), ""),
                ("beside Bob's session", 200, SESSION, Cookies(&beside), ""),
                ("session_token", 200, SESSION, Cookies(&signed), ""),
                ("bearer", 200, SESSION, Bearer(&token), ""),
            ] {
                let answer = server.ask(path, credential, body).await;
                let outcome = Outcome::new(&server, &mallory, &answer).await;
                let path = path.split('?').next().unwrap();
                let row = format!("{release}, {mode}, {path}, {place}: {outcome:?}");
                println!("{row}");
                assert_eq!(outcome.status, status, "{row}");
                // Only Bob's session may be in the response.
                assert!(["", &bob.id].contains(&&*outcome.signed_in), "{row}");
                assert!(!outcome.starts_session, "{row}");
                assert_eq!(outcome.address, "victor@example.com", "{row}");
                assert!(!outcome.is_verified, "{row}");
            }
        }
    }
}

/// Shows that the test above can detect a verified email.
#[tokio::test]
async fn a_token_under_better_auths_secret_verifies_its_email() {
    for release in RELEASES {
        let Some(server) = start(release, "separate") else {
            return;
        };
        let mallory = server.sign_up("victor@example.com").await;
        // The claims that the recipe would sign with Better Auth's secret.
        let claims = json!({
            "sub": mallory.id,
            "email": "victor@example.com",
            "name": "Ada Lovelace",
            "iat": now(),
            "exp": now() + 900,
        });
        for (secret, is_own, status) in [(API_SECRET, false, 401), (SECRET, true, 200)] {
            let link = format!("{VERIFY_EMAIL}{}", sign(&claims, secret));
            let answer = server.ask(&link, Anonymous, "").await;
            let outcome = Outcome::new(&server, &mallory, &answer).await;
            let row = format!("{release}, Better Auth's own: {is_own}: {outcome:?}");
            println!("{row}");
            assert_eq!(outcome.status, status, "{row}");
            assert_eq!(outcome.is_verified, is_own, "{row}");
            assert_eq!(outcome.starts_session, is_own, "{row}");
        }
    }
}

#[tokio::test]
async fn better_auths_secret_allows_impersonating_any_user() {
    for release in RELEASES {
        let Some(server) = start(release, "separate") else {
            return;
        };
        let bob = server.sign_up("bob@example.com").await;
        for secret in [API_SECRET, SECRET] {
            let is_own = secret == SECRET;
            // The token of an existing session, without its signature.
            let raw = bob.session_cookie.split(['.', '%']).next().unwrap();
            let signed = format!("better-auth.session_token={}", signed_cookie(raw, secret));
            // A session that was never in the database.
            let invented = signed_cookie("invented", secret);
            let cached = format!("better-auth.session_data={}", session_data(&bob, secret));
            let forged = format!("better-auth.session_token={invented}; {cached}");
            for (path, cookies) in [
                (STORED_SESSION, &signed),
                (SESSION, &forged),
                (CACHED_SESSION, &cached),
            ] {
                let answer = server.ask(path, Cookies(cookies), "").await;
                let outcome = Outcome::new(&server, &bob, &answer).await;
                let row = format!("{release}, Better Auth's own: {is_own}, {path}: {outcome:?}");
                println!("{row}");
                assert_eq!(outcome.signed_in == bob.id, is_own, "{row}");
            }

            let change = json!({
                "email": "bob@example.com",
                "userId": bob.id,
                "updateTo": "mallory@example.com",
                "requestType": "change-email-verification",
                "exp": now() + 900,
            });
            let link = format!("{VERIFY_EMAIL}{}", sign(&change, secret));
            let answer = server.ask(&link, Anonymous, "").await;
            let outcome = Outcome::new(&server, &bob, &answer).await;
            let row = format!("{release}, Better Auth's own: {is_own}, new address: {outcome:?}");
            println!("{row}");
            assert_eq!(outcome.address == "mallory@example.com", is_own, "{row}");
        }
    }
}

#[test]
fn the_recipe_does_not_start_without_a_separate_secret() {
    let too_short = "is missing or shorter than 32 bytes";
    for (release, api_secret, problem) in [
        ("1.7", "", too_short),
        ("1.7", &API_SECRET[..31], too_short),
        ("1.4", SECRET, "is Better Auth's own secret"),
        ("1.5", SECRET, "is Better Auth's own secret"),
        ("1.6", SECRET, "is Better Auth's own secret"),
        ("1.7", SECRET, "is Better Auth's own secret"),
    ] {
        let Some(error) = Server::start_error(&[
            ("BETTER_AUTH_SECRET", SECRET),
            ("API_TOKEN_SECRET", api_secret),
            ("HS256_TOKEN", "separate"),
            ("RELEASE", release),
        ]) else {
            return;
        };
        let expected = format!("Error: API_TOKEN_SECRET {problem}");
        assert!(error.contains(&expected), "{release}: {error}");
        assert!(!error.contains(&SECRET[..31]), "{release}: {error}");
    }
}

fn start(release: &str, mode: &str) -> Option<Server> {
    let server = Server::start(&[
        ("BETTER_AUTH_SECRET", SECRET),
        ("API_TOKEN_SECRET", API_SECRET),
        ("HS256_TOKEN", mode),
        ("SESSION_CACHE", "jwt"),
        ("RELEASE", release),
    ])?;
    assert!(server.version.starts_with(&format!("{release}.")));
    Some(server)
}

/// The effects of a request.
#[derive(Debug)]
struct Outcome {
    status: u16,
    /// The user of the session in the response, or an empty string.
    signed_in: String,
    starts_session: bool,
    /// The attacked user's email in the database after the request.
    address: String,
    is_verified: bool,
}

impl Outcome {
    async fn new(server: &Server, target: &User, answer: &Response<Bytes>) -> Self {
        let by_target = Bearer(&target.session_token);
        let stored = json_of(&server.ask(STORED_SESSION, by_target, "").await);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let session = cookie(answer.headers(), "better-auth.session_token");
        Self {
            status: answer.status().as_u16(),
            signed_in: text(&json_of(answer)["session"]["userId"]),
            // An empty cookie ends a session.
            starts_session: session.is_some_and(|value| !value.is_empty()),
            address: text(&stored["user"]["email"]),
            is_verified: stored["user"]["emailVerified"].as_bool().unwrap(),
        }
    }
}

fn json_of(answer: &Response<Bytes>) -> Value {
    serde_json::from_slice(answer.body()).unwrap_or_default()
}

/// A `session_data` cookie for the user, with an invented session.
fn session_data(user: &User, secret: &str) -> String {
    let (time, expiry) = ("2026-01-01T00:00:00.000Z", "2100-01-01T00:00:00.000Z");
    let claims = json!({
        "session": { "id": "s", "userId": user.id, "token": "invented", "createdAt": time, "updatedAt": time, "expiresAt": expiry },
        "user": { "id": user.id, "name": "Bob", "email": "bob@example.com", "emailVerified": true, "createdAt": time, "updatedAt": time },
        "updatedAt": now() * 1000,
        "version": "1",
        "exp": now() + 300,
    });
    sign(&claims, secret)
}

/// The token as a cookie that Better Auth has signed: the same HMAC in another base64 alphabet.
fn with_cookie_mac(token: &str) -> String {
    let (value, signature) = token.rsplit_once('.').unwrap();
    cookie_with_mac(value, &BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap())
}

fn signed_cookie(value: &str, secret: &str) -> String {
    cookie_with_mac(value, &mac(value, secret))
}

fn cookie_with_mac(value: &str, mac: &[u8]) -> String {
    let text = format!("{value}.{}", BASE64_STANDARD.encode(mac));
    utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string()
}

fn sign(claims: &Value, secret: &str) -> String {
    let encode = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let input = format!(
        "{}.{}",
        encode(r#"{"alg":"HS256","typ":"JWT"}"#),
        encode(&claims.to_string())
    );
    let signature = BASE64_URL_SAFE_NO_PAD.encode(mac(&input, secret));
    format!("{input}.{signature}")
}

fn mac(input: &str, secret: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(input.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_secs()
}
