//! Tokens of other kinds: Better Auth's other tokens, and tokens that are bound to a key.

use serde_json::json;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

/// RFC 9449 section 7.2: sent as a bearer token, it does not prove possession of the key.
#[tokio::test]
async fn a_token_with_any_cnf_is_rejected() {
    let values = [
        json!({ "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I" }),
        json!({ "x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2" }),
        json!({}),
        json!(null),
        json!(false),
        json!(""),
        json!([]),
    ];
    let lenient = builder().email_optional().allow_any_audience();
    for layer in [layer(), lenient.build().unwrap()] {
        assert_each_value_rejected(&layer, "bound_token", "cnf", values.clone()).await;
    }
    assert_each_refused(&layer(), "bound_token", [with_text(r"\u0063nf", "{}")]).await;
    assert_each_value_accepted(&layer(), "Cnf", [json!({})]).await;
    assert_each_value_accepted(&layer(), "data", [json!({ "cnf": {} })]).await;
}

#[tokio::test]
async fn a_better_auth_token_is_accepted_with_its_issuer_and_audience() {
    let fixture = Fixture::named("hs256.custom_sign_seed");
    let layer = |builder: JwtAuthBuilder| builder.build().unwrap();
    let strict = || {
        fixture
            .builder()
            .issuer(&*fixture.issuer)
            .audience(&*fixture.audience)
    };
    let answer = ask(layer(strict()), with_bearer(&fixture.token)).await;
    answer.assert_reached(&fixture.sub, "with both");

    let user = layer(strict()).verifier().verify(&fixture.token).unwrap();
    assert_eq!(user.user_id(), fixture.sub);
    assert_eq!(user.email(), "ada@example.com");
    assert_eq!(user.name(), Some("Ada Lovelace"));
    assert_eq!(user.expires_at(), Some(at(4_102_444_800)));

    for (reason, builder) in [
        (
            "audience_not_configured",
            fixture.builder().issuer(&*fixture.issuer),
        ),
        (
            "audience",
            fixture.builder().audience("https://other.example.com"),
        ),
        (
            "issuer",
            fixture
                .builder()
                .issuer("https://other.example.com")
                .audience(&*fixture.audience),
        ),
        ("signature", JwtAuthLayer::builder().secret(SECRET)),
        ("expired", strict().clock(|| at(4_102_444_800))),
    ] {
        let rows = [(reason, fixture.token.clone())];
        assert_each_refused(&layer(builder), reason, rows).await;
    }
}

#[tokio::test]
async fn other_better_auth_tokens_under_the_secret_are_rejected() {
    for (name, reason) in [
        ("hs256.email_verification", "subject"),
        ("session_data.jwt", "token_type"),
    ] {
        let fixture = Fixture::named(name);
        let lenient = fixture.builder().email_optional().allow_any_audience();
        for builder in [fixture.builder(), lenient] {
            let layer = builder.build().unwrap();
            assert_each_refused(&layer, reason, [(name, fixture.token.clone())]).await;
        }
        let strict = fixture
            .builder()
            .audience(AUDIENCE)
            .issuer(ISSUER)
            .build()
            .unwrap();
        let answer = ask(strict, with_bearer(&fixture.token)).await;
        answer.assert_invalid_token(answer.reason(), name);
    }
}

#[tokio::test]
async fn a_token_with_session_or_update_to_is_rejected() {
    for claim in ["session", "updateTo"] {
        let values = [
            json!({ "userId": "alice" }),
            json!({}),
            json!("x"),
            json!(null),
            json!(false),
        ];
        assert_each_value_rejected(&layer(), "token_type", claim, values).await;
    }
    assert_each_refused(&layer(), "token_type", [with_text(r"\u0073ession", "{}")]).await;
    // Only these names, and only at the top level.
    let values = [
        json!({ "session": {}, "updateTo": "x" }),
        json!(["session"]),
        json!("session"),
    ];
    assert_each_value_accepted(&layer(), "data", values).await;
    assert_each_value_accepted(&layer(), "sessionId", [json!("x")]).await;
    assert_each_value_accepted(&layer(), "Session", [json!("x")]).await;
}
