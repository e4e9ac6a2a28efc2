//! The answers about tokens, and the rules that apply to them.

use serde_json::json;

use super::server::{Answer, Server, ask, builder, claims, claims_with, user};

const TOKEN: &str = "opaque-token.with~all_characters+of/RFC6750==";

#[tokio::test]
async fn the_members_of_the_answer_are_the_users_claims() {
    let server = Server::start().await;
    let user = user(&server.layer(), TOKEN).await.unwrap();
    assert_eq!(user.user_id(), "alice");
    assert_eq!(user.email(), "alice@example.com");
    assert_eq!(user.name(), Some("Alice"));
    assert_eq!(user.scopes(), ["tasks:read", "tasks:write"]);
    assert_eq!(user.issuer(), Some("https://auth.example.com"));
    assert!(user.expires_at().is_some());
    assert_eq!(user.claims::<serde_json::Value>().unwrap(), claims());
}

#[tokio::test]
async fn the_rules_for_jwts_apply_to_the_answer() {
    let server = Server::start().await;
    for (row, changed, expected) in [
        ("valid", json!({}), Ok("alice")),
        ("inactive", json!({ "active": false }), Err("inactive")),
        ("expired", json!({ "exp": 1_000_000_000 }), Err("expired")),
        ("no exp", json!({ "exp": null }), Ok("alice")),
        ("exp as text", json!({ "exp": "4102444800" }), Err("claims")),
        (
            "not yet valid",
            json!({ "nbf": 4_102_444_000_u64 }),
            Err("not_yet_valid"),
        ),
        (
            "another issuer",
            json!({ "iss": "https://evil.example" }),
            Err("issuer"),
        ),
        ("no issuer", json!({ "iss": null }), Err("issuer")),
        (
            "another audience",
            json!({ "aud": "https://other.example.com" }),
            Err("audience"),
        ),
        (
            "audiences",
            json!({ "aud": ["a", "https://api.example.com"] }),
            Ok("alice"),
        ),
        ("no audience", json!({ "aud": null }), Err("audience")),
        ("no user", json!({ "sub": null }), Err("subject")),
        ("no email", json!({ "email": null }), Err("user")),
        (
            "bound",
            json!({ "cnf": { "jkt": "x" } }),
            Err("bound_token"),
        ),
    ] {
        let answer = claims_with(changed).to_string();
        server.set(move |_| Answer::new(200, &answer));
        let result = ask(&server.layer(), TOKEN).await;
        assert_eq!(result, expected.map(str::to_owned), "{row}");
    }
}

#[tokio::test]
async fn a_token_without_exp_has_no_expiry() {
    let server = Server::with(|_| Answer::new(200, claims_with(json!({ "exp": null })))).await;
    let user = user(&server.layer(), TOKEN).await.unwrap();
    assert_eq!(user.expires_at(), None);
}

#[tokio::test]
async fn the_settings_for_users_apply() {
    let changed =
        json!({ "sub": null, "email": null, "username": "bob", "mail": "bob@example.com" });
    let server = Server::with(move |_| Answer::new(200, claims_with(changed.clone()))).await;
    let layer = builder(server.introspection())
        .user_id_claim("username")
        .email_claim("mail")
        .check(|user| user.user_id() != "eve")
        .build()
        .unwrap();
    let user = user(&layer, TOKEN).await.unwrap();
    assert_eq!((user.user_id(), user.email()), ("bob", "bob@example.com"));
    server.set(|_| {
        Answer::new(
            200,
            claims_with(json!({ "username": "eve", "mail": "e@x.example" })),
        )
    });
    assert_eq!(ask(&layer, "another").await, Err("check"));
}

#[tokio::test]
async fn an_answer_that_is_no_introspection_response_is_an_outage() {
    let server = Server::start().await;
    let valid = claims().to_string();
    for (row, status, body) in [
        ("no JSON", 200, "<html>".to_owned()),
        ("null", 200, "null".to_owned()),
        ("an array", 200, "[false]".to_owned()),
        (
            "no active",
            200,
            claims_with(json!({ "active": null })).to_string(),
        ),
        (
            "active as text",
            200,
            claims_with(json!({ "active": "true" })).to_string(),
        ),
        (
            "active twice",
            200,
            valid.replace('{', r#"{"active":false,"#),
        ),
        (
            "too large",
            200,
            claims_with(json!({ "x": "a".repeat(64 * 1024) })).to_string(),
        ),
        ("201", 201, valid.clone()),
        ("redirect", 302, String::new()),
        ("bad client", 401, valid.clone()),
        ("forbidden", 403, valid.clone()),
        ("not found", 404, valid.clone()),
        ("rate limit", 429, valid.clone()),
        ("error", 500, valid.clone()),
        ("bad gateway", 502, valid),
    ] {
        server.set(move |_| Answer::new(status, &body));
        let result = ask(&server.layer(), TOKEN).await;
        assert_eq!(result, Err("introspection_unavailable"), "{row}");
    }
}
