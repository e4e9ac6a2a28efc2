//! The hints that are logged at INFO and above if the configuration does not match the tokens.

use serde_json::{Value, json};
#[cfg(feature = "jwks-custom")]
use tower_jwt_auth::CognitoToken;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, ProtectedResource};

use crate::{
    events::Captured,
    support::{signing_keys::*, *},
};

const ISSUER: &str = "https://app.example.com";

/// Returns the events at INFO and above after three requests with this token.
async fn events_of(layer: JwtAuthLayer, token: &str) -> Vec<String> {
    let captured = Captured::start();
    for _ in 0..3 {
        ask(layer.clone(), with_bearer(token)).await;
    }
    events_from_info(&captured, &[token])
}

fn events_from_info(captured: &Captured, secrets: &[&str]) -> Vec<String> {
    let events = ["INFO", "WARN", "ERROR"]
        .map(|level| captured.at(level))
        .concat();
    for event in &events {
        println!("{event}");
        for text in secrets.iter().chain(&["alice", "mallory"]) {
            assert!(!event.contains(text), "{event}");
        }
    }
    events
}

fn with_issuer_and_audience() -> JwtAuthBuilder {
    builder().issuer(ISSUER).audience("https://api.example.com")
}

fn valid_claims(members: Value) -> Value {
    let claims = claims_with(json!({ "iss": ISSUER, "aud": "https://api.example.com" }));
    with(claims, members)
}

#[tokio::test]
async fn a_rejected_token_of_the_issuer_logs_one_warning_with_a_hint() {
    for (row, claims, parts) in [
        (
            "a trailing slash",
            valid_claims(json!({ "iss": "https://app.example.com/" })),
            [
                "issuer",
                "iss must be \"https://app.example.com\"",
                "trailing slash",
            ],
        ),
        (
            "http",
            valid_claims(json!({ "iss": "http://app.example.com" })),
            ["issuer", "http instead of https", ".issuer(…)"],
        ),
        (
            "a path",
            valid_claims(json!({ "iss": "https://app.example.com/api/auth" })),
            ["issuer", "has a path", ".issuer(…)"],
        ),
        (
            "a Docker host",
            valid_claims(json!({ "iss": "http://localhost:3000" })),
            ["issuer", "localhost", ".issuer(…)"],
        ),
        (
            "another audience",
            valid_claims(json!({ "aud": "https://mallory.example.com" })),
            [
                "audience",
                "aud must be \"https://api.example.com\"",
                "a different host",
            ],
        ),
        (
            "no audience",
            without(valid_claims(json!({})), "aud"),
            ["audience", "the token has none", ".audience(…)"],
        ),
        (
            "no email",
            without(valid_claims(json!({})), "email"),
            [
                "user",
                "email is required, but the token has none",
                ".email_optional()",
            ],
        ),
        (
            "no exp",
            without(valid_claims(json!({})), "exp"),
            ["claims", "exp is required", "has none"],
        ),
        (
            "a string as exp",
            valid_claims(json!({ "exp": "tomorrow" })),
            ["claims", "exp", "must be numbers"],
        ),
        (
            "a list as sub",
            valid_claims(json!({ "sub": [7] })),
            ["subject", "not a string", ".user_id_claim(…)"],
        ),
        (
            "an integer as sub",
            valid_claims(json!({ "sub": 7 })),
            ["subject", "an integer", ".user_id_claim(\"sub\")"],
        ),
    ] {
        let events = events_of(with_issuer_and_audience().build().unwrap(), &token(&claims)).await;
        assert_one_event(&events, "WARN", &parts, row);
    }
}

#[tokio::test]
async fn each_reason_is_logged_once_per_layer() {
    let layer = with_issuer_and_audience().build().unwrap();
    let captured = Captured::start();
    for _ in 0..3 {
        for claims in [
            valid_claims(json!({ "iss": "x" })),
            valid_claims(json!({ "aud": "x" })),
        ] {
            ask(layer.clone(), with_bearer(&token(&claims))).await;
        }
    }
    assert_eq!(
        events_from_info(&captured, &[]).len(),
        2 * crate::events::told()
    );
}

/// Any client can send such a token, so the level is not WARN.
#[tokio::test]
async fn a_token_that_does_not_verify_logs_one_hint_at_info() {
    let key = SigningKey::generate("EdDSA", "1");
    let other = SigningKey::generate("EdDSA", "2");
    let jwt_plugin = || any_audience().jwks_text(jwks([&key]));
    let resource = ProtectedResource::new("https://api.example.com/mcp", ISSUER).unwrap();
    let protected = { JwtAuthLayer::builder().jwks_text(jwks([&key])) }
        .issuer(ISSUER)
        .protected_resource(&resource)
        .build()
        .unwrap();
    let forged = sign(
        r#"{"alg":"HS256"}"#,
        claims().to_string(),
        "mallory".repeat(9),
    );
    for (row, layer, token, parts) in [
        (
            "a secret for tokens of the jwt() plugin",
            layer(),
            key.token(&claims()),
            ["algorithm", "accepts HS256", "better_auth(…)"],
        ),
        (
            "public keys for tokens of the HS256 recipe",
            jwt_plugin().build().unwrap(),
            token(&claims()),
            ["algorithm", "EdDSA", ".secret_from_env(…)"],
        ),
        (
            "another key set",
            jwt_plugin().build().unwrap(),
            other.token(&claims()),
            [
                "unknown_key",
                "kid",
                "check that they are the keys of the issuer",
            ],
        ),
        (
            "another secret",
            layer(),
            forged,
            ["signature", "does not verify", "a different secret"],
        ),
        (
            "a session token",
            layer(),
            "Xw93kfQz71Xw93kfQz71Xw93kfQz71Xw".to_owned(),
            [
                "opaque_session_token",
                "authClient.token()",
                "your HS256 tokens",
            ],
        ),
        (
            "an opaque access token",
            protected,
            "Xw93kfQz71Xw93kfQz71Xw93kfQz71Xw".to_owned(),
            ["opaque_session_token", "resource (RFC 8707)", "with a JWT"],
        ),
        (
            "a quoted token",
            layer(),
            "\"x.y.z\"".to_owned(),
            ["malformed", "without quotes", "a single `Bearer`"],
        ),
        (
            "an unknown issuer",
            with_issuer_and_audience()
                .or(jwt_plugin().issuer("https://partner.example.com"))
                .build()
                .unwrap(),
            token(&valid_claims(json!({ "iss": "https://app.example.com/" }))),
            [
                "issuer",
                "or \"https://partner.example.com\"",
                "trailing slash",
            ],
        ),
    ] {
        let events = events_of(layer, &token).await;
        assert_one_event(&events, "INFO", &parts, row);
    }
}

#[cfg(feature = "jwks-custom")]
#[tokio::test]
async fn a_token_with_another_token_use_logs_one_warning() {
    let issuer = memory_issuer::MemoryIssuer::new();
    let key = issuer.rotate();
    let layer = JwtAuthLayer::cognito("eu-west-1_Ab", "app", CognitoToken::Access)
        .jwks_fetcher(issuer)
        .clock(|| at(NOW));
    let layer = layer.build().unwrap();
    layer.ready().await.unwrap();
    let claims = claims_with(json!({
        "iss": "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Ab",
        "client_id": "app",
        "token_use": "id",
    }));

    // Anyone can send another `typ`, because it is checked before the signature.
    let header = json!({ "alg": key.alg, "kid": key.kid, "typ": "dpop+jwt" });
    let typed = key.sign(&header, &claims);
    assert_eq!(reason(&layer, &typed), "token_type");
    assert_eq!(events_of(layer.clone(), &typed).await, [""; 0]);

    let events = events_of(layer, &key.token(&claims)).await;
    let parts = ["token_type", "token_use must be access"];
    assert_one_event(&events, "WARN", &parts, "an ID token");
}

/// Anyone can send it, because it is rejected before the signature is verified.
#[cfg(feature = "jwks-custom")]
#[tokio::test]
async fn a_token_in_the_source_of_another_issuer_logs_one_hint_at_info() {
    let access = JwtAuthLayer::cloudflare_access("team", "tag")
        .jwks_fetcher(memory_issuer::MemoryIssuer::new());
    let layer = with_issuer_and_audience().or(access).build().unwrap();
    let token = token(&valid_claims(json!({})));
    assert_eq!(reason(&layer, &token), "accepted");
    let captured = Captured::start();
    for _ in 0..3 {
        let mut request = get("/");
        let value = token.parse().unwrap();
        request
            .headers_mut()
            .insert("cf-access-jwt-assertion", value);
        assert_eq!(ask(layer.clone(), request).await.reason(), "issuer");
    }
    let events = events_from_info(&captured, &[&token]);
    let events: Vec<_> = { events.into_iter() }
        .filter(|event| event.contains("issuer"))
        .collect();
    let parts = ["only in the token sources of its issuer"];
    assert_one_event(&events, "INFO", &parts, "another source");
}

#[cfg(feature = "axum")]
#[tokio::test]
async fn a_wrong_path_param_logs_one_error_with_the_valid_names() {
    use axum::{Router, body::Body, routing::get};
    use http::Request;
    use tower::{ServiceExt, layer::util::Stack};
    use tower_jwt_auth::PathOwnerLayer;

    let router = Router::new()
        .route("/api/{user_id}/tasks", get(async || "tasks"))
        .route_layer(Stack::new(PathOwnerLayer::path_param("userid"), layer()));
    let captured = Captured::start();
    for _ in 0..3 {
        let mut request: Request<Body> = Request::new(Body::empty());
        let token = token(&claims());
        request
            .headers_mut()
            .insert("authorization", format!("Bearer {token}").parse().unwrap());
        *request.uri_mut() = "/api/alice/tasks".parse().unwrap();
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), 403);
    }
    let parts = ["no_parameter", "userid", "user_id"];
    assert_one_event(&events_from_info(&captured, &[]), "ERROR", &parts, "a typo");
}

#[track_caller]
fn assert_one_event(events: &[String], level: &str, parts: &[&str], row: &str) {
    assert_eq!(events.len(), crate::events::told(), "{row}: {events:?}");
    for event in events {
        assert!(event.starts_with(level), "{row}: {event}");
        for part in parts {
            assert!(event.contains(part), "{row}: {part:?} is not in {event}");
        }
    }
}
