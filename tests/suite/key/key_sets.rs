//! JWK Sets (RFC 7517 section 5): their form, and which of their keys are used.

use serde_json::json;
use tower_jwt_auth::KeySet;

use crate::{
    events::{Captured, told},
    support::{signing_keys::*, *},
};

#[test]
fn identical_keys_with_one_kid_are_merged() {
    let key = SigningKey::generate("ES256", "1");
    let same = with(key.jwk(), json!({ "use": "sig" }));
    let set = KeySet::from_jwks(&jwks_of([key.jwk(), same, key.jwk()])).unwrap();
    assert_eq!((set.keys().len(), set.skipped().len()), (1, 0));
    let layer = any_audience().keys(set).build().unwrap();
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

/// Otherwise the entry without an issuer would lift the restriction of the other.
#[test]
fn one_key_for_different_issuers_is_skipped() {
    let key = SigningKey::generate("ES256", "1");
    let of = |issuer: &str| with(key.jwk(), json!({ "issuer": issuer }));
    for entries in [
        [of("https://a.example"), of("https://b.example")],
        [of("https://a.example"), key.jwk()],
        [key.jwk(), of("https://a.example")],
    ] {
        let error = KeySet::from_jwks(&jwks_of(entries))
            .unwrap_err()
            .to_string();
        assert!(error.contains("same kid"), "{error}");
    }
    let same = [of("https://a.example"), of("https://a.example")];
    assert_eq!(KeySet::from_jwks(&jwks_of(same)).unwrap().keys().len(), 1);
}

#[test]
fn a_signing_key_is_used_if_an_encryption_key_has_the_same_kid() {
    for alg in ["RS256", "ES256"] {
        let [key, other] = [(); 2].map(|()| SigningKey::generate(alg, "1"));
        let enc = with(other.jwk(), json!({ "use": "enc" }));
        for entries in [[key.jwk(), enc.clone()], [enc, key.jwk()]] {
            let layer = layer_of(jwks_of(entries));
            assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
            assert_eq!(
                reason(&layer, &other.token(&claims())),
                "signature",
                "{alg}"
            );
        }
    }
}

#[test]
fn different_keys_with_one_kid_and_algorithm_are_all_skipped() {
    for alg in ALGORITHMS {
        let [one, two] = [(); 2].map(|()| SigningKey::generate(alg, "1"));
        let valid = SigningKey::generate(alg, "valid");
        for (row, entries, skipped) in [
            ("both", vec![&one, &two, &valid], 2),
            ("the valid key between", vec![&two, &valid, &one], 2),
            ("one of them twice", vec![&one, &two, &one, &valid], 3),
            ("both twice", vec![&one, &one, &valid, &two, &two], 4),
        ] {
            let set = KeySet::from_jwks(&jwks(entries)).unwrap();
            assert_eq!(set.keys().len(), 1, "{alg}: {row}");
            assert_eq!(set.skipped().len(), skipped, "{alg}: {row}");
            for skipped in set.skipped() {
                assert_contains(skipped, "\"1\"", row);
                assert_contains(skipped, "same kid and algorithm", row);
            }
            let layer = any_audience().keys(set).build().unwrap();
            assert_eq!(reason(&layer, &valid.token(&claims())), "accepted", "{row}");
            for key in [&one, &two] {
                let token = key.token(&claims());
                assert_eq!(reason(&layer, &token), "unknown_key", "{alg}: {row}");
                let without_kid = key.sign(&json!({ "alg": alg }), &claims());
                assert_eq!(reason(&layer, &without_kid), "signature", "{alg}: {row}");
            }
        }
        let error = KeySet::from_jwks(&jwks([&one, &two])).unwrap_err();
        assert_contains(error, "same kid and algorithm", alg);
    }
}

#[test]
fn keys_with_one_kid_and_different_algorithms_are_all_used() {
    let keys = ALGORITHMS.map(|alg| SigningKey::generate(alg, "1"));
    let set = KeySet::from_jwks(&jwks(&keys)).unwrap();
    assert_eq!(
        (set.keys().len(), set.skipped().len()),
        (ALGORITHMS.len(), 0)
    );
    let layer = any_audience().keys(set).build().unwrap();
    for key in &keys {
        let alg = key.alg;
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
        let without_kid = key.sign(&json!({ "alg": alg }), &claims());
        assert_eq!(reason(&layer, &without_kid), "accepted", "{alg}");
    }
}

#[test]
fn only_the_first_100_entries_are_read() {
    let keys: Vec<_> = (1..=102)
        .map(|number| SigningKey::generate("EdDSA", &number.to_string()))
        .collect();
    let set = KeySet::from_jwks(&jwks(&keys)).unwrap();
    // One message covers all of them, because a set may have hundreds of thousands.
    assert_eq!((set.keys().len(), set.skipped().len()), (100, 1));
    assert_contains(
        &set.skipped()[0],
        "2 more: only the first 100 keys are read",
        "the 101st",
    );
    let layer = any_audience().keys(set).build().unwrap();
    for (number, expected) in [
        (1, "accepted"),
        (99, "accepted"),
        (100, "accepted"),
        (101, "unknown_key"),
        (102, "unknown_key"),
    ] {
        let token = keys[number - 1].token(&claims());
        assert_eq!(reason(&layer, &token), expected, "key {number}");
    }

    // Invalid entries count towards the limit.
    let junk = vec![json!(null); 100];
    let error = KeySet::from_jwks(&jwks_of(junk.into_iter().chain([keys[0].jwk()])));
    assert!(error.is_err());
}

#[test]
fn other_members_of_a_key_set_are_ignored() {
    let key = SigningKey::generate("ES256", "1");
    let valid = jwks([&key]);
    for member in [
        r#""x": 0"#.to_owned(),
        r#""x": null, "x": true, "x": -1.5e9"#.into(),
        r#""x": {"keys": [{}]}, "y": [[["keys"]]]"#.into(),
        r#""k\u0065y": "keys", "": "\"keys\"""#.into(),
        format!(r#""x": {}{}"#, "[".repeat(63), "]".repeat(63)),
    ] {
        let inner = valid.trim_start_matches('{').trim_end_matches('}');
        for text in [
            format!("{{{member}, {inner}}}"),
            format!("{{{inner}, {member}}}"),
        ] {
            let layer = layer_of(text);
            let token = key.token(&claims());
            assert_eq!(reason(&layer, &token), "accepted", "{member}");
        }
    }
    // The name of the member may be written with escapes.
    let layer = layer_of(valid.replace("\"keys\"", r#""\u006Beys""#));
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn an_invalid_key_set_is_a_configuration_error() {
    let key = SigningKey::generate("ES256", "1");
    let valid = jwks([&key]);
    for (row, text, wrong) in [
        ("an empty object", "{}".to_owned(), "no array \"keys\""),
        (
            "keys an object",
            r#"{"keys": {}}"#.into(),
            "no array \"keys\"",
        ),
        ("keys null", r#"{"keys": null}"#.into(), "no array \"keys\""),
        (
            "keys a string",
            r#"{"keys": "[]"}"#.into(),
            "no array \"keys\"",
        ),
        (
            "keys in capitals",
            valid.replace("keys", "Keys"),
            "no array \"keys\"",
        ),
        ("no keys", r#"{"keys": []}"#.into(), "no keys"),
        ("an array", format!("[{}]", key.jwk()), "no array \"keys\""),
        ("a single key", key.jwk().to_string(), "no array \"keys\""),
        ("a string", json!(valid).to_string(), "no array \"keys\""),
        ("null", "null".into(), "no array \"keys\""),
        ("nothing", String::new(), "not JSON"),
        (
            "HTML",
            "<!doctype html><title>404</title>".into(),
            "not JSON",
        ),
        ("half of it", valid[..valid.len() / 2].into(), "not JSON"),
        ("something after it", format!("{valid} x"), "not JSON"),
        (
            "a byte order mark before it",
            format!("\u{FEFF}{valid}"),
            "not JSON",
        ),
        ("PEM", key.pem(), "not JSON"),
        (
            "too deep",
            format!(r#"{{"keys": {}"#, "[".repeat(100_000)),
            "nested deeper than 64 levels",
        ),
        (
            "too deep beside the keys",
            format!(
                r#"{{"x": {}{}, {}"#,
                "[".repeat(64),
                "]".repeat(64),
                &valid[1..]
            ),
            "nested deeper than 64 levels",
        ),
        (
            "keys twice",
            format!("{}, {}", valid.trim_end_matches('}'), &valid[1..]),
            "it has a duplicate member \"keys\"",
        ),
        (
            "keys twice, the first of another type",
            format!(r#"{{"keys": 0, {}"#, &valid[1..]),
            "it has a duplicate member \"keys\"",
        ),
    ] {
        assert_contains(KeySet::from_jwks(&text).unwrap_err(), wrong, row);
        let error = fault(any_audience().jwks_text(text));
        assert_contains(&error, wrong, row);
        assert_contains(&error, "the JWK Set: ", row);
    }
}

#[test]
fn a_document_mistaken_for_a_key_set_is_named_in_the_error() {
    let key = SigningKey::generate("ES256", "1");
    let discovery = json!({
        "issuer": "https://issuer.example.com",
        "jwks_uri": "https://issuer.example.com/jwks",
        "response_types_supported": ["code"],
    });
    let certificates = json!({
        "1a": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        "2b": "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
    });
    let [discovers, maps, single] = [
        "it is a discovery document: use the URL in its jwks_uri, or the document at that URL",
        "it is a map of X.509 certificates: use the URL of the issuer's JWK Set",
        "it is a single key: wrap it in {\"keys\": […]}",
    ];
    for (row, document, hint) in [
        ("a discovery document", discovery.clone(), discovers),
        (
            "a discovery document with keys of another type",
            with(
                discovery,
                json!({ "keys": "https://issuer.example.com/jwks" }),
            ),
            discovers,
        ),
        ("certificates by kid", certificates, maps),
        ("a key", key.jwk(), single),
    ] {
        let error = fault(any_audience().jwks_text(document.to_string()));
        assert_contains(&error, "it has no array \"keys\"; ", row);
        assert_contains(&error, hint, row);
    }
    for document in [json!({}), json!({ "1": "certificate" }), json!([key.jwk()])] {
        let error = fault(any_audience().jwks_text(document.to_string()));
        assert!(error.ends_with("it has no array \"keys\""), "{error}");
    }
    // A set with other members is still a set.
    let set = json!({ "keys": [key.jwk()], "jwks_uri": "https://issuer.example.com/jwks" });
    let layer = layer_of(set.to_string());
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn an_encryption_key_is_skipped_without_a_warning() {
    let key = SigningKey::generate("ES256", "1");
    let enc = with(
        SigningKey::generate("RS256", "encryption").jwk(),
        json!({ "use": "enc", "alg": "RSA-OAEP" }),
    );
    // A kid that looks like the reason is still a warning.
    let kid = "its use is enc, so it is only for encryption";
    let private = with(key.jwk(), json!({ "kid": kid, "d": "AAAA" }));
    let events = Captured::start();
    let layer = layer_of(jwks_of([key.jwk(), enc.clone()]));
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
    assert!(events.at("WARN").is_empty(), "{}", events.text());
    let debug = events.at("DEBUG");
    let skipped = debug
        .iter()
        .filter(|event| event.contains("\"encryption\""));
    assert_eq!(skipped.count(), told());

    drop(layer_of(jwks_of([key.jwk(), enc.clone(), private])));
    assert_eq!(events.at("WARN").len(), told(), "{}", events.text());

    let set = KeySet::from_jwks(&jwks_of([key.jwk(), enc.clone()])).unwrap();
    assert_contains(&set.skipped()[0], "its use is enc", "skipped");
    // Without other keys, this is the error.
    assert_contains(
        fault(any_audience().jwks_text(jwks_of([enc]))),
        "its use is enc",
        "alone",
    );
}

#[test]
fn the_error_explains_why_each_key_of_a_set_is_unusable() {
    let key = SigningKey::generate("ES256", "mine").jwk();
    let entries = [
        with(key.clone(), json!({ "use": "enc" })),
        with(key, json!({ "d": "AAAA", "kid": "private" })),
        json!({ "kty": "oct", "k": encode(SECRET) }),
    ];
    let error = fault(any_audience().jwks_text(jwks_of(entries)));
    for part in [
        "\"mine\"",
        "use",
        "\"private\"",
        "private key",
        "key 2",
        "oct",
    ] {
        assert_contains(&error, part, "all unusable");
    }
    assert!(!error.contains(&encode(SECRET)), "{error}");
}
