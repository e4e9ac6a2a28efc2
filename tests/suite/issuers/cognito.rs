//! Amazon Cognito: access and ID tokens of an app client.

use serde_json::{Value, json};
use tower_jwt_auth::{CognitoToken, JwtAuthBuilder, JwtAuthLayer};

use super::*;

const POOL: &str = "eu-central-1_Zz9Yy8Xx7";
const ISSUER: &str = "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Zz9Yy8Xx7";
const KEYS: &str =
    "https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Zz9Yy8Xx7/.well-known/jwks.json";
const USER: &str = "99998888-7777-6666-5555-444433332222";

fn builder(tokens: CognitoToken) -> JwtAuthBuilder {
    JwtAuthLayer::cognito(POOL, "web", tokens)
}

fn row(case: &'static str, claims: Value) -> Row {
    let header = json!({ "alg": "RS256", "kid": "a+b/c=" });
    let jwk = json!({ "alg": "RS256", "use": "sig", "kid": "a+b/c=" });
    Row::new("Amazon Cognito", case, header, claims).keys(KEYS, [jwk])
}

fn access(members: Value) -> Value {
    let claims = json!({
        "sub": USER, "cognito:groups": ["staff"], "iss": ISSUER, "version": 2, "client_id": "web",
        "token_use": "access", "scope": "openid notes", "auth_time": NOW - 5, "jti": "j",
        "username": "grace",
    });
    with(claims, members)
}

fn id(members: Value) -> Value {
    let claims = json!({
        "sub": USER, "email_verified": true, "iss": ISSUER, "aud": "web", "token_use": "id",
        "auth_time": NOW - 5, "jti": "j", "email": "grace@example.com",
    });
    with(claims, members)
}

pub(super) fn rows() -> Vec<Row> {
    const SCOPES: &[&str] = &["openid", "notes"];
    const PARTY: &str = "authorized_party";
    let another_client = json!({ "client_id": "other" });
    let another_audience = json!({ "aud": "other" });
    let use_access = || builder(CognitoToken::Access);
    let use_id = || builder(CognitoToken::Id);
    let use_either = || builder(CognitoToken::Either);
    vec![
        row("an access token", access(json!({})))
            .configured(use_access)
            .accepted(USER, "", SCOPES),
        row("an ID token for access tokens", id(json!({})))
            .configured(use_access)
            .rejected("token_type", "or pass CognitoToken::Either"),
        row(
            "the access token of another client",
            access(another_client.clone()),
        )
        .configured(use_access)
        .rejected(PARTY, "must be \"web\""),
        row(
            "an access token without a client",
            without(access(json!({})), "client_id"),
        )
        .configured(use_access)
        .rejected(PARTY, "the token has none"),
        row("an ID token", id(json!({})))
            .configured(use_id)
            .accepted(USER, "grace@example.com", &[]),
        row("an access token for ID tokens", access(json!({})))
            .configured(use_id)
            .rejected("token_type", "token_use must be id"),
        row(
            "an access token with an audience for ID tokens",
            access(json!({ "aud": "web" })),
        )
        .configured(use_id)
        .rejected("token_type", "token_use must be id"),
        row(
            "the ID token of another client",
            id(another_audience.clone()),
        )
        .configured(use_id)
        .rejected("audience", "aud must be \"web\""),
        row("an access token for either", access(json!({})))
            .configured(use_either)
            .accepted(USER, "", SCOPES),
        row("an ID token for either", id(json!({})))
            .configured(use_either)
            .accepted(USER, "grace@example.com", &[]),
        row(
            "the access token of another client for either",
            access(another_client),
        )
        .configured(use_either)
        .rejected(PARTY, "must be \"web\""),
        row(
            "the ID token of another client for either",
            id(another_audience),
        )
        .configured(use_either)
        .rejected(PARTY, "aud in an ID token) must be \"web\""),
        row(
            "an ID token without an audience for either",
            without(id(json!({})), "aud"),
        )
        .configured(use_either)
        .rejected(PARTY, "the token has none"),
        row(
            "another use for either",
            id(json!({ "token_use": "refresh" })),
        )
        .configured(use_either)
        .rejected("token_type", "token_use must be access or id"),
        row("no use for either", without(id(json!({})), "token_use"))
            .configured(use_either)
            .rejected("token_type", "token_use must be access or id"),
    ]
}

/// A user pool's ID token names its client in `aud`, so `client_id` must not replace it.
#[tokio::test(start_paused = true)]
async fn the_use_of_a_token_decides_which_claim_names_its_client() {
    for (case, claims, expected) in [
        (
            "an ID token",
            id(json!({ "client_id": "web", "aud": "other" })),
            "authorized_party",
        ),
        (
            "an access token",
            access(json!({ "client_id": "other", "aud": "web" })),
            "authorized_party",
        ),
        (
            "its own audience",
            id(json!({ "client_id": "other", "aud": "web" })),
            "accepted",
        ),
    ] {
        let row = row(case, claims).configured(|| builder(CognitoToken::Either));
        let layer = row.layer(&row.pages());
        layer.ready().await.unwrap();
        assert_eq!(sent(&layer, &row.token()).await, expected, "{case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_client_is_added_to_the_first() {
    let access = builder(CognitoToken::Access).authorized_party("ios");
    let id = builder(CognitoToken::Id).audience("ios");
    let either = builder(CognitoToken::Either).authorized_party("ios");
    for (case, builder, claims) in [
        ("access", &access, self::access(json!({}))),
        ("id", &id, self::id(json!({}))),
        ("either, access", &either, self::access(json!({}))),
        ("either, id", &either, self::id(json!({}))),
    ] {
        let name = if claims.get("aud").is_some() {
            "aud"
        } else {
            "client_id"
        };
        for (client, is_accepted) in [("web", true), ("ios", true), ("other", false)] {
            let row = row("", with(claims.clone(), json!({ name: client })));
            let layer = layer_with(builder.clone(), &row.pages());
            layer.ready().await.unwrap();
            let reason = sent(&layer, &row.token()).await;
            assert_eq!(
                reason == "accepted",
                is_accepted,
                "{case}: {client}, {reason}"
            );
        }
    }
}
