//! The algorithms of a key without `alg`, which is optional (RFC 7517 section 4.4).

use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer, KeySet, VerifyingKey};

use crate::support::{signing_keys::*, *};

/// Returns the RSA algorithms that a layer accepts with this key.
fn accepted(layer: &JwtAuthLayer, key: &mut SigningKey) -> Vec<&'static str> {
    let original = key.alg;
    let mut accepted = Vec::new();
    for alg in RSA {
        key.alg = alg;
        match reason(layer, &key.token(&claims())) {
            "accepted" => accepted.push(alg),
            // For a fetched set, the reason is `unknown_key`, because a new fetch may find a key.
            reason => assert!(
                matches!(reason, "algorithm" | "unknown_key"),
                "{alg}: {reason}"
            ),
        }
    }
    key.alg = original;
    accepted
}

fn with_algorithms(builder: JwtAuthBuilder, algs: &[&str]) -> JwtAuthLayer {
    let algorithms = algs.iter().map(|alg| algorithm(alg));
    builder.algorithms(algorithms).build().unwrap()
}

#[test]
fn a_key_without_alg_verifies_the_configured_algorithms() {
    let mut key = SigningKey::generate("RS256", "1");
    let without_alg = without(key.jwk(), "alg");
    let set = jwks_of([without_alg.clone()]);
    let from_jwk = || VerifyingKey::from_jwk(&without_alg.to_string()).unwrap();
    let pem = key.pem();
    for (named, expected) in [
        (&["PS256"][..], &["PS256"][..]),
        (&["PS256", "RS256"], &["RS256", "PS256"]),
        (&["RS512", "ES256", "PS384", "EdDSA"], &["RS512", "PS384"]),
        (&["RS256"], &["RS256"]),
        (&["RS256", "RS256"], &["RS256"]),
        (&["ES256"], &[]),
        (&RSA, &RSA),
    ] {
        for (row, builder) in [
            ("text", any_audience().jwks_text(set.clone())),
            (
                "a set",
                any_audience().keys(KeySet::from_jwks(&set).unwrap()),
            ),
            ("a key", any_audience().key(from_jwk())),
            (
                "a key with a new ID",
                any_audience().key(from_jwk().with_key_id("1")),
            ),
            ("PEM", any_audience().public_key_pem(pem.as_str())),
        ] {
            let layer = with_algorithms(builder, named);
            assert_eq!(accepted(&layer, &mut key), expected, "{row}: {named:?}");
        }
    }
    // Without configured algorithms, the default of the key type applies.
    assert_eq!(accepted(&layer_of(set), &mut key), ["RS256"]);
    assert_eq!(from_jwk().algorithm(), Algorithm::RS256);
}

#[test]
fn a_key_with_alg_verifies_only_that_algorithm() {
    let mut key = SigningKey::generate("RS256", "1");
    let bound = |key: VerifyingKey| key.with_algorithm(Algorithm::RS256).unwrap();
    let without_alg = without(key.jwk(), "alg").to_string();
    for (row, builder) in [
        ("alg", any_audience().jwks_text(jwks([&key]))),
        (
            "bound",
            any_audience().key(bound(VerifyingKey::from_jwk(&without_alg).unwrap())),
        ),
        (
            "bound, PEM",
            any_audience().key(bound(VerifyingKey::from_pem(key.pem()).unwrap())),
        ),
        ("bound, with an ID", {
            let key = VerifyingKey::from_pem(key.pem()).unwrap();
            any_audience().key(bound(key).with_key_id("1"))
        }),
    ] {
        let layer = with_algorithms(builder, &RSA);
        assert_eq!(accepted(&layer, &mut key), ["RS256"], "{row}");
    }
}

#[test]
fn a_key_type_with_one_algorithm_ignores_the_configured_ones() {
    for alg in supported(["ES256", "ES384", "ES512", "EdDSA"]) {
        let key = SigningKey::generate(alg, "1");
        let builder = any_audience().jwks_text(jwks_of([without(key.jwk(), "alg")]));
        let layer = with_algorithms(builder, &ALGORITHMS);
        for other in ALGORITHMS {
            let token = key.sign(&json!({ "alg": other, "kid": "1" }), &claims());
            let expected = if other == alg {
                "accepted"
            } else {
                "algorithm"
            };
            assert_eq!(reason(&layer, &token), expected, "{other} for {alg}");
        }
    }
}

/// An explicit `alg` takes precedence over a key without `alg`.
#[test]
fn a_key_with_alg_is_preferred_to_one_without_for_the_same_kid() {
    let mut without_alg = SigningKey::generate("RS256", "1");
    let named = SigningKey::generate("PS256", "1");
    let entries = [without(without_alg.jwk(), "alg"), named.jwk()];
    for entries in [entries.clone(), {
        let [one, two] = entries;
        [two, one]
    }] {
        let builder = any_audience().jwks_text(jwks_of(entries));
        let layer = with_algorithms(builder, &["RS256", "PS256", "PS512"]);
        for (alg, expected) in [
            ("RS256", "accepted"),
            ("PS512", "accepted"),
            ("PS256", "signature"),
        ] {
            without_alg.alg = alg;
            assert_eq!(
                reason(&layer, &without_alg.token(&claims())),
                expected,
                "{alg}"
            );
        }
        assert_eq!(reason(&layer, &named.token(&claims())), "accepted");
    }
}

#[test]
fn two_keys_with_one_kid_and_no_alg_are_both_unusable() {
    let keys = [(); 2].map(|()| SigningKey::generate("RS256", "1"));
    let entries: Vec<Value> = keys.iter().map(|key| without(key.jwk(), "alg")).collect();
    let set = KeySet::from_jwks(&jwks_of(entries));
    assert_contains(set.unwrap_err(), "same kid and algorithm", "two");
}

#[cfg(feature = "jwks-custom")]
#[tokio::test]
async fn a_fetched_key_without_alg_verifies_the_configured_algorithms() {
    use std::pin::Pin;

    use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

    struct Fixed(String);

    impl JwksFetch for Fixed {
        fn fetch<'a>(
            &'a self,
            _: &'a str,
        ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
            Box::pin(std::future::ready(Ok(FetchedJwks::new(self.0.clone()))))
        }
    }

    let mut key = SigningKey::generate("RS256", "1");
    let set = jwks_of([without(key.jwk(), "alg")]);
    let builder = || {
        let builder = any_audience().jwks_url("https://issuer.example.com/jwks");
        builder.jwks_fetcher(Fixed(set.clone()))
    };
    let layer = with_algorithms(builder(), &["PS256", "RS384"]);
    layer.ready().await.unwrap();
    assert_eq!(accepted(&layer, &mut key), ["RS384", "PS256"]);
    let layer = builder().build().unwrap();
    layer.ready().await.unwrap();
    assert_eq!(accepted(&layer, &mut key), ["RS256"]);
}
