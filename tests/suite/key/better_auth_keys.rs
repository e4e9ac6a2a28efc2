//! Tokens that a Better Auth server signed with the keys of its JWK Set.

use std::collections::HashMap;

use serde::Deserialize;
use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet};

use crate::support::*;

#[test]
fn a_jwt_plugin_token_is_accepted_with_matching_settings() {
    for name in ["jwt_plugin.EdDSA", "jwt_plugin.ES256", "jwt_plugin.RS256"] {
        let (fixture, keys) = (Fixture::named(name), Published::named(name));
        let layer = strict(&fixture, &keys.jwks).build().unwrap();
        let user = layer.verifier().verify(&fixture.token).unwrap();
        assert_eq!(user.user_id(), fixture.sub, "{name}");
        assert_eq!(user.email(), "ada@example.com", "{name}");
        assert_eq!(user.name(), Some("Ada Lovelace"), "{name}");
        assert_eq!(user.expires_at(), Some(at(4_102_444_800)), "{name}");
    }
}

#[test]
fn a_jwt_plugin_token_is_rejected_with_other_settings() {
    for name in ["jwt_plugin.EdDSA", "jwt_plugin.ES256", "jwt_plugin.RS256"] {
        let (fixture, keys) = (Fixture::named(name), Published::named(name));
        let strict = || strict(&fixture, &keys.jwks);
        let other = Published::named("rotation.new_kid").jwks;
        let origin = JwtAuthLayer::better_auth(&*fixture.issuer).jwks_text(keys.jwks.to_string());
        for (row, reason, builder) in [
            ("only its origin", "audience", origin.clone()),
            (
                "its origin and the audience",
                "accepted",
                origin.audience(&*fixture.audience),
            ),
            (
                "another issuer",
                "issuer",
                with_audience(&fixture, &keys.jwks).issuer("https://auth.example.com/"),
            ),
            (
                "a client, but no audience",
                "audience_not_configured",
                JwtAuthLayer::builder()
                    .jwks_text(keys.jwks.to_string())
                    .authorized_party("app"),
            ),
            (
                "the time of its exp",
                "expired",
                strict().clock(|| at(4_102_444_800)),
            ),
            (
                "the keys of another issuer",
                "unknown_key",
                self::strict(&fixture, &other),
            ),
        ] {
            let layer = builder.build().unwrap();
            assert_eq!(reason_of(&layer, &fixture), reason, "{name}: {row}");
        }
    }
}

#[test]
fn email_optional_accepts_a_token_without_iat_and_email() {
    let name = "jwt_plugin.api_signJWT_no_iat";
    let (fixture, keys) = (Fixture::named(name), Published::named(name));
    let layer = strict(&fixture, &keys.jwks).build().unwrap();
    assert_eq!(reason_of(&layer, &fixture), "user");

    let layer = strict(&fixture, &keys.jwks)
        .email_optional()
        .build()
        .unwrap();
    let user = layer.verifier().verify(&fixture.token).unwrap();
    assert_eq!((user.user_id(), user.email()), ("svc-1", ""));
}

#[test]
fn a_session_cache_token_is_rejected_unless_its_typ_is_accepted() {
    let name = "session_data.jwt_jwks";
    let (fixture, keys) = (Fixture::named(name), Published::named(name));
    let strict = || strict(&fixture, &keys.jwks).email_optional();
    let origin = JwtAuthLayer::better_auth(&*fixture.issuer).jwks_text(keys.jwks.to_string());
    for (row, builder) in [("its own audience", strict()), ("its origin", origin)] {
        let layer = builder.build().unwrap();
        assert_eq!(reason_of(&layer, &fixture), "token_type", "{row}");
    }
    // Only its typ distinguishes it from an access token.
    let named = strict().accept_typ("better-auth.session-cache+jwt");
    assert_eq!(reason_of(&named.build().unwrap(), &fixture), "accepted");
}

#[test]
fn a_rotated_key_verifies_tokens_once_the_set_contains_it() {
    for (name, before) in [
        ("rotation.old_kid", "accepted"),
        ("rotation.new_kid", "unknown_key"),
    ] {
        let (fixture, keys) = (Fixture::named(name), Published::named(name));
        let layer = strict(&fixture, &keys.jwks_before).build().unwrap();
        assert_eq!(reason_of(&layer, &fixture), before, "{name}, before");
        let layer = strict(&fixture, &keys.jwks).build().unwrap();
        assert_eq!(reason_of(&layer, &fixture), "accepted", "{name}, after");
    }
}

#[test]
fn each_key_of_a_better_auth_set_has_its_own_kid_and_algorithm() {
    let [ed, ec, rsa] = ["jwt_plugin.EdDSA", "jwt_plugin.ES256", "jwt_plugin.RS256"];
    let entries: Vec<_> = [ed, ec, rsa]
        .into_iter()
        .map(|name| Published::named(name).jwks["keys"][0].clone())
        .collect();
    let set = KeySet::from_jwks(&json!({ "keys": entries }).to_string()).unwrap();
    let names: Vec<_> = set
        .keys()
        .iter()
        .map(|key| (key.key_id().unwrap(), key.algorithm().to_string()))
        .collect();
    assert_eq!(
        names,
        [
            ("stssCLsV4WxJU2HKRmNsvH5conrAVWtn", "EdDSA".into()),
            ("L8OP4eqJzKLcFi0ZQrcH9bx1zFfXtPVM", "ES256".into()),
            ("Q3mUBluDIxnnLd8aO9zqCJqB0uazK2sk", "RS256".into()),
        ]
    );
    assert_eq!(set.skipped(), [] as [&str; 0]);

    let layer = || JwtAuthLayer::builder().keys(set.clone());
    for name in [ed, ec, rsa] {
        let fixture = Fixture::named(name);
        let layer = layer().audience(&*fixture.audience).build().unwrap();
        assert_eq!(reason_of(&layer, &fixture), "accepted", "{name}");
    }
}

/// The key sets that were published when and before a token was issued.
#[derive(Deserialize)]
struct Published {
    #[serde(default)]
    jwks: Value,
    #[serde(default)]
    jwks_before: Value,
}

impl Published {
    fn named(name: &str) -> Self {
        let json = include_str!("../fixtures/better-auth.json");
        let mut all: HashMap<String, Self> = serde_json::from_str(json).unwrap();
        all.remove(name).unwrap()
    }
}

/// Returns a builder for these keys and the issuer and audience of the fixture, at a time when its
/// token is valid.
fn strict(fixture: &Fixture, jwks: &Value) -> JwtAuthBuilder {
    with_audience(fixture, jwks).issuer(&*fixture.issuer)
}

/// The same without an issuer.
fn with_audience(fixture: &Fixture, jwks: &Value) -> JwtAuthBuilder {
    let now = at(fixture.valid_at);
    JwtAuthLayer::builder()
        .jwks_text(jwks.to_string())
        .audience(&*fixture.audience)
        .clock(move || now)
}

fn reason_of(layer: &JwtAuthLayer, fixture: &Fixture) -> &'static str {
    reason(layer, &fixture.token)
}
