//! The axum example behind a real Better Auth server, which runs on Node.

mod attacks;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
mod doctor;
#[cfg(all(
    feature = "aws-lc-rs",
    feature = "introspection",
    feature = "jwks",
    feature = "sessions-custom"
))]
mod introspection;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
mod jwks;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
mod rotation;
mod server;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks", feature = "sessions-custom"))]
mod sessions;

use std::{
    io::{self, Write},
    sync::{Arc, Mutex},
};

use axum::body::Body;
use http::{Request, Response, header::AUTHORIZATION};
use tower::ServiceExt;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, Rejection};
use tracing::{Level, subscriber::DefaultGuard};
use tracing_subscriber::util::SubscriberInitExt;

use self::server::Server;

#[path = "../../examples/axum.rs"]
#[allow(dead_code)]
mod example;

const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";
const API_SECRET: &str = "test-only-api-0123456789abcdefghijklmnopqrstuv";
const AUDIENCE: &str = "https://api.example.com";
const TOKEN: &str = "/api/auth/hs256-token";
const TASKS: &str = "/api/{user_id}/tasks";

#[tokio::test]
async fn an_hs256_recipe_token_gives_access_to_its_users_path_only() {
    // Under the shared secret, the verification link is rejected because it has no audience.
    for (mode, auth, link_reason) in [
        ("separate", auth(API_SECRET), "signature"),
        ("shared", auth(SECRET).email_claim("user_email"), "audience"),
    ] {
        let Some(server) = start(mode, &[("AUDIENCE", AUDIENCE)]) else {
            return;
        };
        let ada = server.sign_up("ada@example.com").await;
        let bob = server.sign_up("bob@example.com").await;
        let token = server.token(TOKEN, &ada).await;
        let tampered = with_another_user(&token, &ada.id, &bob.id);
        let link = server.text("/test/verification-token").await;
        for (what, token, path, status, reason) in [
            ("own tasks", &token, tasks_of(&ada.id), 200, "accepted"),
            (
                "another's tasks",
                &token,
                tasks_of(&bob.id),
                403,
                "not_owner",
            ),
            (
                "another user",
                &tampered,
                tasks_of(&bob.id),
                401,
                "signature",
            ),
            (
                "verification link",
                &link,
                tasks_of(&ada.id),
                401,
                link_reason,
            ),
            (
                "session token",
                &ada.session_token,
                tasks_of(&ada.id),
                401,
                "opaque_session_token",
            ),
        ] {
            let answer = ask(auth.clone(), token, &path).await;
            assert_eq!(answer.status(), status, "{mode}, {what}");
            assert_eq!(reason_of(&answer), reason, "{mode}, {what}");
        }
    }
}

#[tokio::test]
async fn a_verification_link_under_the_shared_secret_is_rejected() {
    let Some(server) = start("shared", &[]) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let link = server.text("/test/verification-token").await;
    // Without a configured audience, the link is rejected because it has no subject.
    let answer = ask(
        JwtAuthLayer::builder().secret(SECRET),
        &link,
        &tasks_of(&ada.id),
    )
    .await;
    assert_eq!(answer.status(), 401);
    assert_eq!(reason_of(&answer), "subject");
}

#[tokio::test]
async fn the_recipe_puts_the_email_in_the_documented_claim() {
    for (mode, secret, address, missing) in [
        ("separate", API_SECRET, "email", "user_email"),
        ("shared", SECRET, "user_email", "email"),
    ] {
        let Some(server) = start(mode, &[("AUDIENCE", AUDIENCE)]) else {
            return;
        };
        let ada = server.sign_up("ada@example.com").await;
        let token = server.token(TOKEN, &ada).await;
        let layer = auth(secret).email_claim(address).build().unwrap();
        let user = layer.verifier().verify(&token).unwrap();
        assert_eq!(user.email(), "ada@example.com", "{mode}");
        let claims: serde_json::Value = user.claims().unwrap();
        assert_eq!(claims["emailVerified"], false, "{mode}");
        assert!(claims.get(missing).is_none(), "{mode}");
    }
}

#[tokio::test]
async fn an_unconfigured_audience_is_rejected_and_the_fix_is_logged() {
    let Some(server) = start("separate", &[("AUDIENCE", AUDIENCE)]) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let token = server.token(TOKEN, &ada).await;

    let log = Log::default();
    let _guard = log.capture();
    let unconfigured = JwtAuthLayer::builder().secret(API_SECRET);
    let answer = ask(unconfigured, &token, &tasks_of(&ada.id)).await;
    assert_eq!(answer.status(), 401);
    let text = log.text();
    assert!(text.contains("WARN"), "{text}");
    assert!(
        text.contains(r#"reason="audience_not_configured""#),
        "{text}"
    );
    assert!(text.contains("set BETTER_AUTH_AUDIENCE"), "{text}");
    assert!(!text.contains(&token), "{text}");

    let answer = ask(auth(API_SECRET), &token, &tasks_of(&ada.id)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn a_recipe_token_without_aud_needs_no_configured_audience() {
    let Some(server) = start("separate", &[("AUDIENCE", ""), ("ISSUER", "")]) else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let token = server.token(TOKEN, &ada).await;
    let auth = JwtAuthLayer::builder().secret(API_SECRET);
    let answer = ask(auth, &token, &tasks_of(&ada.id)).await;
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn session_data_signed_with_the_same_secret_is_rejected() {
    let Some(server) = Server::start(&[("BETTER_AUTH_SECRET", SECRET), ("SESSION_CACHE", "jwt")])
    else {
        return;
    };
    let ada = server.sign_up("ada@example.com").await;
    let token = ada
        .session_data
        .expect("the server caches sessions in a cookie");
    let answer = ask(
        JwtAuthLayer::builder().secret(SECRET),
        &token,
        &tasks_of(&ada.id),
    )
    .await;
    assert_eq!(answer.status(), 401);
    assert_eq!(reason_of(&answer), "token_type");
}

#[test]
fn the_guide_contains_the_tested_recipe() {
    let guide = include_str!("../../docs/better-auth.md");
    assert!(guide.contains(include_str!("hs256-token.mjs")));
}

/// Starts a server whose recipe signs with the separate or the shared secret.
fn start(mode: &str, variables: &[(&str, &str)]) -> Option<Server> {
    let defaults = [
        ("BETTER_AUTH_SECRET", SECRET),
        ("API_TOKEN_SECRET", API_SECRET),
        ("HS256_TOKEN", mode),
    ];
    Server::start(&[&defaults, variables].concat())
}

fn auth(secret: &str) -> JwtAuthBuilder {
    JwtAuthLayer::builder().secret(secret).audience(AUDIENCE)
}

fn tasks_of(user_id: &str) -> String {
    TASKS.replace("{user_id}", user_id)
}

/// Sends a request to the axum example behind this authentication.
async fn ask(auth: JwtAuthBuilder, token: &str, path: &str) -> Response<Body> {
    ask_layer(auth.build().unwrap(), token, path).await
}

async fn ask_layer(auth: JwtAuthLayer, token: &str, path: &str) -> Response<Body> {
    let router = example::router(auth).unwrap();
    let request = Request::get(path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .body(Body::empty())
        .unwrap();
    router.oneshot(request).await.unwrap()
}

fn reason_of(answer: &Response<Body>) -> &'static str {
    let rejection = answer.extensions().get::<Rejection>();
    rejection.map_or("accepted", Rejection::reason)
}

/// Replaces the user in the claims of a token, and keeps its signature.
fn with_another_user(token: &str, user: &str, other: &str) -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

    let parts: Vec<_> = token.split('.').collect();
    let claims = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).unwrap();
    let rewritten = String::from_utf8(claims).unwrap().replace(user, other);
    let tampered = [
        parts[0],
        &BASE64_URL_SAFE_NO_PAD.encode(rewritten),
        parts[2],
    ]
    .join(".");
    assert_ne!(tampered, token);
    tampered
}

/// The captured log.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Captures the events of this thread, of level DEBUG and above.
    fn capture(&self) -> DefaultGuard {
        tracing_subscriber::fmt()
            .with_max_level(Level::DEBUG)
            .with_writer(self.clone())
            .finish()
            .set_default()
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl tracing_subscriber::fmt::MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
