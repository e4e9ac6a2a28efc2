//! A builder with public keys: its errors, and the algorithms that it allows.

use serde_json::json;
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer, KeySet, SharedKeys, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[test]
fn only_the_configured_algorithms_are_accepted() {
    let keys = ALGORITHMS.map(|alg| SigningKey::generate(alg, alg));
    let all = || any_audience().jwks_text(jwks(&keys));
    for allowed in [
        vec!["ES256"],
        vec!["EdDSA"],
        vec!["RS256", "PS256"],
        vec!["ES256", "ES256"],
        ALGORITHMS.to_vec(),
    ] {
        let layer = all().algorithms(allowed.iter().map(|alg| algorithm(alg)));
        let layer = layer.build().unwrap();
        for key in &keys {
            let is_allowed = allowed.contains(&key.alg);
            let expected = if is_allowed { "accepted" } else { "algorithm" };
            let row = format!("{} with {allowed:?} allowed", key.alg);
            assert_eq!(reason(&layer, &key.token(&claims())), expected, "{row}");
        }
    }
    let layer = all().algorithms([Algorithm::EdDSA]).build().unwrap();
    let header = json!({ "alg": "Ed25519", "kid": "EdDSA" });
    assert_eq!(
        reason(&layer, &keys.last().unwrap().sign(&header, &claims())),
        "accepted"
    );
}

#[test]
fn algorithms_that_do_not_fit_the_keys_are_rejected() {
    let key = SigningKey::generate("ES256", "1");
    let public = || any_audience().jwks_text(jwks([&key]));
    let error = "the algorithms set with .algorithms(…) do not match the keys";
    for (row, builder) in [
        ("HS256", public().algorithms([Algorithm::HS256])),
        (
            "HS256 among others",
            public().algorithms([Algorithm::ES256, Algorithm::HS256]),
        ),
        ("none", public().algorithms([])),
        (
            "RS256 of a secret",
            builder().algorithms([Algorithm::RS256]),
        ),
        (
            "both of a secret",
            builder().algorithms([Algorithm::HS256, Algorithm::EdDSA]),
        ),
        ("none of a secret", builder().algorithms([])),
    ] {
        assert_contains(fault(builder), error, row);
    }
    drop(builder().algorithms([Algorithm::HS256]).build().unwrap());
}

#[test]
fn a_url_or_shared_keys_cannot_be_combined_with_other_keys() {
    let key = SigningKey::generate("ES256", "1");
    let set = KeySet::from_jwks(&jwks([&key])).unwrap();
    let shared = || SharedKeys::new(set.clone());
    let url = "https://example.com/jwks";
    for (row, builder) in [
        (
            "URL, text",
            any_audience().jwks_url(url).jwks_text(jwks([&key])),
        ),
        (
            "text, URL",
            any_audience().jwks_text(jwks([&key])).jwks_url(url),
        ),
        (
            "URL, PEM",
            any_audience().jwks_url(url).public_key_pem(key.pem()),
        ),
        ("URL, set", any_audience().jwks_url(url).keys(set.clone())),
        (
            "two URLs",
            any_audience()
                .jwks_url(url)
                .jwks_url("https://example.com/2"),
        ),
        (
            "URL, shared",
            any_audience().jwks_url(url).shared_keys(shared()),
        ),
        (
            "shared, text",
            any_audience().shared_keys(shared()).jwks_text(jwks([&key])),
        ),
        (
            "shared, shared",
            any_audience().shared_keys(shared()).shared_keys(shared()),
        ),
    ] {
        let error = fault(builder);
        assert_contains(&error, "are combined with other public keys", row);
        assert_contains(&error, "keep one of the sources", row);
    }
}

#[test]
fn keys_from_several_settings_are_combined() {
    let keys = ["1", "2", "3", "4"].map(|kid| SigningKey::generate("ES256", kid));
    let layer = any_audience()
        .jwks_text(jwks([&keys[0]]))
        .keys(KeySet::from_jwks(&jwks([&keys[1]])).unwrap())
        .key(VerifyingKey::from_jwk(&keys[2].jwk().to_string()).unwrap())
        .public_key_pem(keys[3].pem())
        .build()
        .unwrap();
    for key in &keys {
        let row = &key.kid;
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{row}");
    }
}

#[test]
fn a_layer_without_a_usable_key_is_not_built() {
    let [one, two] = [(); 2].map(|()| SigningKey::generate("ES256", "1"));
    let rows = [
        ("no keys at all", any_audience()),
        ("an empty set", any_audience().keys(KeySet::default())),
        (
            "two keys with one kid, from two sets",
            any_audience()
                .jwks_text(jwks([&one]))
                .jwks_text(jwks([&two])),
        ),
        (
            "two keys with one kid, added separately",
            any_audience()
                .key(VerifyingKey::from_jwk(&one.jwk().to_string()).unwrap())
                .key(VerifyingKey::from_jwk(&two.jwk().to_string()).unwrap()),
        ),
    ];
    let built = rows
        .into_iter()
        .filter(|(_, builder)| builder.clone().build().is_ok());
    let built: Vec<_> = built.map(|(row, _)| row).collect();
    assert_eq!(built, [""; 0], "these layers would always respond with 503");
}

#[test]
fn different_keys_with_the_same_kid_are_not_used() {
    let [one, two] = [(); 2].map(|()| SigningKey::generate("ES256", "1"));
    let other = SigningKey::generate("ES256", "2");
    let layer = any_audience()
        .jwks_text(jwks([&one, &other]))
        .key(VerifyingKey::from_jwk(&two.jwk().to_string()).unwrap())
        .build()
        .unwrap();
    for (key, expected) in [
        (&one, "unknown_key"),
        (&two, "unknown_key"),
        (&other, "accepted"),
    ] {
        assert_eq!(reason(&layer, &key.token(&claims())), expected);
    }
    // The same key in two settings is one key.
    let layer = any_audience()
        .jwks_text(jwks([&other]))
        .jwks_text(jwks([&other]))
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &other.token(&claims())), "accepted");
}

#[test]
fn all_key_errors_are_reported_at_once() {
    let error = fault(
        any_audience()
            .jwks_text("<html>")
            .jwks_text("{}")
            .public_key_pem("garbage")
            .algorithms([])
            .issuer(""),
    );
    for part in [
        "5 configuration errors:",
        "not JSON",
        "no array \"keys\"",
        "-----BEGIN PUBLIC KEY-----",
        ".algorithms(…)",
        "the issuer is empty",
    ] {
        assert_contains(&error, part, "five faults");
    }
}

/// The error for public keys without an audience.
const NO_AUDIENCE: &str = "public keys are configured without an audience";

/// Builders with each kind of public key and no audience.
fn without_audience() -> Vec<(&'static str, JwtAuthBuilder)> {
    let key = SigningKey::generate("ES256", "1");
    let set = KeySet::from_jwks(&jwks([&key])).unwrap();
    vec![
        ("text", keyless().jwks_text(jwks([&key]))),
        ("a set", keyless().keys(set.clone())),
        ("a key", keyless().key(set.keys()[0].clone())),
        ("PEM", keyless().public_key_pem(key.pem())),
        ("shared keys", keyless().shared_keys(SharedKeys::new(set))),
        (
            "a secret and a key",
            builder().public_key_pem(key.pem()).issuer("a"),
        ),
        #[cfg(feature = "jwks")]
        ("a URL", keyless().jwks_url("https://example.com/jwks")),
        #[cfg(feature = "jwks")]
        ("an issuer", keyless().discover("https://example.com")),
    ]
}

/// RFC 8725 section 3.9.
#[test]
fn public_keys_need_an_audience_or_a_client() {
    for (row, builder) in without_audience() {
        let error = fault(builder.clone());
        assert!(error.starts_with(NO_AUDIENCE), "{row}: {error}");
        for (setting, complete) in [
            (".audience(…)", builder.clone().audience("api")),
            (
                ".authorized_party(…)",
                builder.clone().authorized_party("app"),
            ),
            (
                ".allow_any_audience()",
                builder.clone().allow_any_audience(),
            ),
        ] {
            assert_contains(&error, setting, row);
            assert!(complete.build().is_ok(), "{row} with {setting}");
        }
        let both = builder.audience("api").authorized_party("app");
        assert!(both.build().is_ok(), "{row}");
    }
}

#[test]
fn each_issuer_with_public_keys_needs_an_audience() {
    for (row, without) in without_audience() {
        let complete = builder().issuer("b").audience("api");
        let without = without.issuer("c");
        for builder in [
            complete.clone().or(without.clone()),
            without.clone().or(complete.clone()),
        ] {
            assert!(fault(builder).starts_with(NO_AUDIENCE), "{row}");
        }
        assert!(
            complete.or(without.audience("api")).build().is_ok(),
            "{row}"
        );
    }
}

#[test]
fn a_secret_needs_no_audience() {
    assert!(builder().build().is_ok());
    assert!(builder().issuer("a").build().is_ok());
}

#[test]
fn the_origin_of_better_auth_is_an_audience() {
    let set = jwks([&SigningKey::generate("EdDSA", "1")]);
    let with_origin = |origin| JwtAuthLayer::better_auth(origin).jwks_text(&*set);
    assert!(with_origin("https://app.example.com").build().is_ok());
    // Only the origin is wrong.
    let error = fault(with_origin("app.example.com"));
    assert!(error.starts_with("the origin"), "{error}");
}

#[test]
fn an_empty_audience_or_client_is_one_error() {
    for (_, builder) in without_audience() {
        let error = fault(builder.clone().audience(""));
        assert!(error.starts_with("the audience is empty"), "{error}");
        let error = fault(builder.authorized_party(" "));
        assert_contains(&error, "the client set with .authorized_party(…)", &error);
        assert!(!error.contains(NO_AUDIENCE), "{error}");
    }
}

#[test]
fn debug_output_of_a_builder_contains_no_key() {
    let key = SigningKey::generate("RS256", "1");
    let builder = any_audience()
        .jwks_text(jwks_of([with(key.jwk(), json!({ "d": "canary" }))]))
        .public_key_pem(key.private_pem());
    let debug = format!("{builder:?}");
    let line = key.private_pem().lines().nth(1).unwrap().to_owned();
    assert!(
        !debug.contains("canary") && !debug.contains(&line),
        "{debug}"
    );
}
