//! One issuer with secrets and public keys, during a migration from one to the other.

use serde_json::json;
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, KeySet, SharedKeys, VerifyingKey};

use crate::support::{signing_keys::*, *};

const ISSUER: &str = "https://app.example.com";

/// Adds one public key to a builder.
type AddKey = Box<dyn Fn(JwtAuthBuilder) -> JwtAuthBuilder>;

/// Returns the ways to add one public key to a builder.
fn ways(key: &SigningKey) -> Vec<(&'static str, AddKey)> {
    let set = KeySet::from_jwks(&jwks([key])).unwrap();
    let (pem, text) = (key.pem(), jwks([key]));
    let parsed = VerifyingKey::from_pem(&*pem).unwrap();
    let shared = SharedKeys::new(set.clone());
    vec![
        ("PEM", Box::new(move |to| to.public_key_pem(&*pem))),
        ("a key", Box::new(move |to| to.key(parsed.clone()))),
        ("a set", Box::new(move |to| to.keys(set.clone()))),
        ("JWKS text", Box::new(move |to| to.jwks_text(&*text))),
        (
            "shared keys",
            Box::new(move |to| to.shared_keys(shared.clone())),
        ),
    ]
}

/// A builder for the secret and for public keys. The tokens have no `aud`.
fn for_both() -> JwtAuthBuilder {
    builder().allow_any_audience()
}

#[test]
fn an_issuer_verifies_tokens_of_both_kinds() {
    const OLD: &str = "another secret of 32 bytes or more";
    let key = SigningKey::generate("ES256", "1");
    let old = sign(r#"{"alg":"HS256"}"#, claims().to_string(), OLD);
    for (row, add) in ways(&key) {
        for builder in [add(for_both()), add(any_audience()).secret(SECRET)] {
            let layer = builder.secrets([OLD]).build().unwrap();
            for token in [&token(&claims()), &old, &key.token(&claims())] {
                assert_eq!(reason(&layer, token), "accepted", "{row}");
            }
            let forged = with_flipped_bit(&key.token(&claims()));
            assert_eq!(reason(&layer, &forged), "signature", "{row}");
        }
    }
}

#[test]
fn the_rules_of_the_issuer_apply_to_both_kinds() {
    let key = SigningKey::generate("EdDSA", "1");
    let layer = builder()
        .jwks_text(jwks([&key]))
        .issuer(ISSUER)
        .audience("api")
        .build()
        .unwrap();
    for (row, members, expected) in [
        ("valid", json!({ "iss": ISSUER, "aud": "api" }), "accepted"),
        ("no iss", json!({ "aud": "api" }), "issuer"),
        (
            "another aud",
            json!({ "iss": ISSUER, "aud": "x" }),
            "audience",
        ),
    ] {
        let claims = claims_with(members);
        assert_eq!(reason(&layer, &token(&claims)), expected, "{row}, a secret");
        assert_eq!(
            reason(&layer, &key.token(&claims)),
            expected,
            "{row}, a key"
        );
    }
}

#[test]
fn one_of_several_issuers_may_have_both_kinds() {
    let (ours, partners) = (
        SigningKey::generate("EdDSA", "1"),
        SigningKey::generate("EdDSA", "1"),
    );
    let partner = "https://partner.example.com";
    let layer = for_both()
        .jwks_text(jwks([&ours]))
        .issuer(ISSUER)
        .or(any_audience().jwks_text(jwks([&partners])).issuer(partner))
        .build()
        .unwrap();
    let from = |iss: &str| claims_with(json!({ "iss": iss }));
    for (row, token, expected) in [
        ("our secret", token(&from(ISSUER)), "accepted"),
        ("our key", ours.token(&from(ISSUER)), "accepted"),
        (
            "the partner's key",
            partners.token(&from(partner)),
            "accepted",
        ),
        (
            "our secret for the partner",
            token(&from(partner)),
            "algorithm",
        ),
        (
            "our key for the partner",
            ours.token(&from(partner)),
            "signature",
        ),
        (
            "the partner's key for us",
            partners.token(&from(ISSUER)),
            "signature",
        ),
    ] {
        assert_eq!(reason(&layer, &token), expected, "{row}");
    }
}

#[tokio::test]
async fn a_missing_secret_causes_500_only_for_hs256_tokens() {
    let key = SigningKey::generate("EdDSA", "1");
    let layer = any_audience()
        .secret_from_env("TOWER_JWT_AUTH_TEST_UNSET")
        .allow_missing_secret()
        .jwks_text(jwks([&key]))
        .build()
        .unwrap();
    let by_secret = ask(layer.clone(), with_bearer(&token(&claims()))).await;
    by_secret.assert_server_fault("not_configured", "HS256");
    let by_key = ask(layer.clone(), with_bearer(&key.token(&claims()))).await;
    by_key.assert_reached("alice", "EdDSA");
    for (row, token, reason) in [
        ("garbage", "a.b".to_owned(), "malformed"),
        (
            "an unknown alg",
            key.sign(&json!({ "alg": "x" }), &claims()),
            "algorithm",
        ),
    ] {
        let rejected = ask(layer.clone(), with_bearer(&token)).await;
        rejected.assert_invalid_token(reason, row);
    }
}

#[tokio::test]
async fn an_unavailable_key_set_causes_503_only_for_public_key_tokens() {
    let key = SigningKey::generate("EdDSA", "1");
    let keys = SharedKeys::new(KeySet::default());
    let layer = for_both().shared_keys(keys.clone()).build().unwrap();
    let by_secret = async || ask(layer.clone(), with_bearer(&token(&claims()))).await;
    let by_key = async || ask(layer.clone(), with_bearer(&key.token(&claims()))).await;
    by_secret().await.assert_reached("alice", "no key set yet");
    let unavailable = by_key().await;
    assert_eq!(
        (unavailable.status().as_u16(), unavailable.reason()),
        (503, "keys_unavailable")
    );
    keys.replace(KeySet::from_jwks(&jwks([&key])).unwrap());
    by_key().await.assert_reached("alice", "a key set");
    by_secret().await.assert_reached("alice", "both");
}

#[test]
fn algorithms_that_exclude_one_kind_of_key_are_rejected() {
    let key = SigningKey::generate("ES256", "1");
    let with = |algorithms: &[Algorithm]| {
        let both = for_both().jwks_text(jwks([&key]));
        both.algorithms(algorithms.to_vec()).build()
    };
    assert!(with(&[Algorithm::HS256, Algorithm::ES256]).is_ok());
    for algorithms in [
        &[Algorithm::HS256][..],
        &[Algorithm::ES256, Algorithm::EdDSA],
    ] {
        let error = with(algorithms).unwrap_err();
        assert_contains(
            error,
            "the algorithms of only one kind",
            format!("{algorithms:?}"),
        );
    }
    assert_contains(with(&[]).unwrap_err(), ".algorithms(…)", "none");
}

/// Needs no network: connections to this JWKS URL are refused immediately.
#[cfg(feature = "jwks")]
#[tokio::test]
async fn better_auth_with_a_secret_keeps_its_jwks_url() {
    let origin = "http://localhost:1";
    let layer = tower_jwt_auth::JwtAuthLayer::better_auth(origin)
        .secret(SECRET)
        .clock(|| at(NOW));
    let layer = layer.build().unwrap();
    let health = layer.jwks_health();
    assert_eq!(health.len(), 1);
    assert_eq!(health[0].url, format!("{origin}/api/auth/jwks"));
    let ours = claims_with(json!({ "iss": origin, "aud": origin }));
    assert_eq!(reason(&layer, &token(&ours)), "accepted");
    assert!(layer.ready().await.is_err());
    let key = SigningKey::generate("EdDSA", "1");
    assert_eq!(reason(&layer, &key.token(&ours)), "keys_unavailable");
}

#[cfg(feature = "cache")]
#[test]
fn a_cached_token_depends_only_on_the_keys_of_its_kind() {
    let key = SigningKey::generate("EdDSA", "1");
    let keys = SharedKeys::new(KeySet::from_jwks(&jwks([&key])).unwrap());
    let both = for_both().shared_keys(keys.clone()).cache_tokens(10);
    let layer = both.build().unwrap();
    let (by_secret, by_key) = (token(&claims()), key.token(&claims()));
    for _ in 0..2 {
        assert_eq!(reason(&layer, &by_secret), "accepted");
        assert_eq!(reason(&layer, &by_key), "accepted");
    }
    assert_eq!(layer.cache_stats().unwrap().hits, 2);
    keys.replace(KeySet::default());
    assert_eq!(reason(&layer, &by_secret), "accepted");
    assert_eq!(reason(&layer, &by_key), "keys_unavailable");
    assert_eq!(layer.cache_stats().unwrap().hits, 3);
}
