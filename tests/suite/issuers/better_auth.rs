//! Tokens of Better Auth's plugins `jwt()` and `oauth-provider`, and of an HS256 recipe.

use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use super::*;

const ORIGIN: &str = "https://tasks.example.com";
const KEYS: &str = "https://tasks.example.com/api/auth/jwks";
const SESSION_TOKENS: &str = "Better Auth, `jwt()`";

fn plugin() -> JwtAuthBuilder {
    JwtAuthLayer::better_auth(ORIGIN)
}

fn with_secret() -> JwtAuthBuilder {
    plugin().secret(LONG_SECRET)
}

fn jwk(members: Value) -> Value {
    with(
        json!({ "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA" }),
        members,
    )
}

fn session_claims(id: &str) -> Value {
    json!({
        "name": "Grace", "email": "grace@example.com", "emailVerified": true, "image": null,
        "createdAt": "2027-01-02T03:04:05.678Z", "updatedAt": "2027-01-02T03:04:05.678Z",
        "id": id, "sub": id, "iss": ORIGIN, "aud": ORIGIN,
    })
}

pub(super) fn rows() -> Vec<Row> {
    let keyed = json!({ "alg": "EdDSA", "kid": "Xy7" });
    let own_key = || [jwk(json!({ "kid": "Xy7" }))];
    let recipe = json!({ "alg": "HS256", "typ": "JWT" });
    vec![
        Row::new(
            SESSION_TOKENS,
            "the default payload",
            keyed.clone(),
            session_claims("gR4ce"),
        )
        .keys(KEYS, own_key())
        .configured(plugin)
        .accepted("gR4ce", "grace@example.com", &[]),
        Row::new(
            SESSION_TOKENS,
            "without key IDs, signed by the last of six keys",
            json!({ "alg": "EdDSA" }),
            json!({ "sub": "17", "email": "grace@example.com", "iss": ORIGIN, "aud": ORIGIN }),
        )
        .keys(KEYS, (0..6).map(|_| jwk(json!({}))))
        .configured(plugin)
        .accepted("17", "grace@example.com", &[]),
        Row::new(
            SESSION_TOKENS,
            "a payload with the session",
            keyed.clone(),
            with(
                session_claims("gR4ce"),
                json!({ "session": { "id": "s9", "token": "t" } }),
            ),
        )
        .keys(KEYS, own_key())
        .configured(plugin)
        .accepted("gR4ce", "grace@example.com", &[]),
        Row::new(
            SESSION_TOKENS,
            "the token of a recipe, beside the plugin",
            recipe.clone(),
            session_claims("gR4ce"),
        )
        .keys(KEYS, own_key())
        .configured(with_secret)
        .accepted("gR4ce", "grace@example.com", &[]),
        Row::new(
            SESSION_TOKENS,
            "the token of the plugin, beside a recipe",
            keyed.clone(),
            session_claims("gR4ce"),
        )
        .keys(KEYS, own_key())
        .configured(with_secret)
        .accepted("gR4ce", "grace@example.com", &[]),
        Row::new(
            "Better Auth, HS256",
            "the token of a recipe",
            recipe,
            session_claims("gR4ce"),
        )
        .configured(|| {
            let builder = JwtAuthLayer::builder().secret(LONG_SECRET);
            builder.issuer(ORIGIN).audience(ORIGIN)
        })
        .accepted("gR4ce", "grace@example.com", &[]),
        oauth("an access token", json!({})).accepted("gR4ce", "", &["openid", "notes:read"]),
        oauth(
            "a token for another resource",
            json!({ "aud": "https://mail.example.com/mcp" }),
        )
        .rejected("audience", "aud must be \"https://notes.example.com/mcp\""),
    ]
}

fn oauth(case: &'static str, members: Value) -> Row {
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": "Xy7" });
    let claims = json!({
        "iss": "https://tasks.example.com/api/auth", "sub": "gR4ce", "client_id": "cli", "azp": "cli",
        "aud": ["https://notes.example.com/mcp", "https://tasks.example.com/api/auth/oauth2/userinfo"],
        "scope": "openid notes:read", "sid": "s9", "jti": "j9",
    });
    Row::new(
        "Better Auth, `oauth-provider`",
        case,
        header,
        with(claims, members),
    )
    .keys(KEYS, [jwk(json!({ "kid": "Xy7" }))])
    .configured(|| JwtAuthLayer::better_auth_oauth(ORIGIN, "https://notes.example.com/mcp"))
}

#[tokio::test(start_paused = true)]
async fn a_replaced_key_without_id_is_found_before_the_time_to_live() {
    let pages = Pages::default();
    let old = SigningKey::generate("EdDSA", "");
    let new = SigningKey::generate("EdDSA", "");
    let page = |key: &SigningKey| jwks_of([without(key.jwk(), "kid")]);
    pages.publish(KEYS, page(&old));
    let layer = layer_with(plugin(), &pages);
    layer.ready().await.unwrap();
    let claims = with(session_claims("gR4ce"), json!({ "exp": NOW + 900 }));
    let token = |key: &SigningKey| key.sign(&json!({ "alg": "EdDSA" }), &claims);
    assert_eq!(sent(&layer, &token(&old)).await, "accepted");
    pages.publish(KEYS, page(&new));
    let before = tokio::time::Instant::now();
    assert_eq!(sent(&layer, &token(&new)).await, "accepted");
    assert!(before.elapsed().as_secs() < 10);
    assert_eq!(sent(&layer, &token(&old)).await, "signature");
}
