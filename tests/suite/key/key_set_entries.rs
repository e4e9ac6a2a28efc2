//! The entries of a JWK Set (RFC 7517 section 4): each is checked independently.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::{KeySet, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[test]
fn a_private_or_symmetric_key_is_skipped() {
    for member in ["d", "p", "q", "dp", "dq", "qi", "oth", "k"] {
        for value in [json!("AAAA"), json!(""), json!(null), json!([])] {
            let row = format!("{member}: {value}");
            assert_each_skipped("RS256", [(&*row, "private", json!({ member: value }))]);
        }
    }
    for alg in ["ES256", "EdDSA"] {
        assert_each_skipped(alg, [(alg, "private", json!({ "d": "AAAA" }))]);
    }
    let oct = json!({ "kty": "oct", "k": encode(SECRET) });
    assert_each_skipped(
        "RS256",
        [
            ("oct", "oct", oct.clone()),
            ("oct of HS256", "oct", with(oct, json!({ "alg": "HS256" }))),
            ("oct without k", "oct", json!({ "kty": "oct" })),
        ],
    );
}

#[test]
fn a_key_that_is_not_for_verifying_is_skipped() {
    for alg in ["RS256", "ES256", "EdDSA"] {
        assert_each_skipped(
            alg,
            [
                ("enc", "use", json!({ "use": "enc" })),
                ("SIG", "use", json!({ "use": "SIG" })),
                ("empty", "use", json!({ "use": "" })),
                ("null", "use", json!({ "use": null })),
                ("an array", "use", json!({ "use": ["sig"] })),
                ("sign", "key_ops", json!({ "key_ops": ["sign"] })),
                (
                    "encrypt",
                    "key_ops",
                    json!({ "key_ops": ["encrypt", "wrapKey"] }),
                ),
                ("none", "key_ops", json!({ "key_ops": [] })),
                ("VERIFY", "key_ops", json!({ "key_ops": ["VERIFY"] })),
                ("a string", "key_ops", json!({ "key_ops": "verify" })),
                ("null", "key_ops", json!({ "key_ops": null })),
                ("arrays", "key_ops", json!({ "key_ops": [["verify"]] })),
                (
                    "both, enc",
                    "use",
                    json!({ "use": "enc", "key_ops": ["verify"] }),
                ),
                (
                    "both, sign",
                    "key_ops",
                    json!({ "use": "sig", "key_ops": ["sign"] }),
                ),
            ],
        );
    }
}

#[test]
fn a_key_with_an_unknown_or_wrong_type_is_skipped() {
    for kty in [
        json!("ec"),
        json!("EC "),
        json!("AKP"),
        json!(""),
        json!(null),
        json!(2),
    ] {
        assert_each_skipped("ES256", [(&*kty.to_string(), "kty", json!({ "kty": kty }))]);
    }
    assert_each_skipped(
        "ES256",
        [
            ("RSA on an EC key", "n", json!({ "kty": "RSA" })),
            ("OKP on an EC key", "crv", json!({ "kty": "OKP" })),
        ],
    );
    assert_each_skipped("EdDSA", [("EC on an OKP", "crv", json!({ "kty": "EC" }))]);
    assert_each_skipped("RS256", [("EC on RSA", "crv", json!({ "kty": "EC" }))]);
}

#[test]
fn a_key_with_an_unknown_or_wrong_algorithm_is_skipped() {
    for alg in supported(["RS256", "ES256", "ES384", "ES512", "EdDSA"]) {
        for unknown in ["ES256K", "none", "es256", "RSA-OAEP", "HS1", "Ed448", ""] {
            assert_each_skipped(alg, [(unknown, "alg", json!({ "alg": unknown }))]);
        }
        for value in [json!(null), json!(256), json!([alg])] {
            let row = format!("{alg}: {value}");
            assert_each_skipped(
                alg,
                [(&*row, "alg is not a string", json!({ "alg": value }))],
            );
        }
        let is_rsa = |name| RSA.contains(&name);
        for other in ALGORITHMS.into_iter().chain(["HS256", "HS384", "HS512"]) {
            if other != alg && !(is_rsa(alg) && is_rsa(other)) {
                assert_each_skipped(alg, [(other, other, json!({ "alg": other }))]);
            }
        }
    }
}

#[test]
fn a_key_with_an_unknown_or_wrong_curve_is_skipped() {
    assert_each_skipped(
        "ES256",
        [
            (
                "P-384",
                "coordinate",
                json!({ "crv": "P-384", "alg": "ES384" }),
            ),
            (
                "P-521",
                "coordinate",
                json!({ "crv": "P-521", "alg": "ES512" }),
            ),
            ("secp256k1", "crv", json!({ "crv": "secp256k1" })),
            ("p-256", "crv", json!({ "crv": "p-256" })),
            ("Ed25519", "crv", json!({ "crv": "Ed25519" })),
            ("a number", "crv", json!({ "crv": 256 })),
        ],
    );
    assert_each_skipped(
        "ES384",
        [(
            "P-256",
            "coordinate",
            json!({ "crv": "P-256", "alg": "ES256" }),
        )],
    );
    assert_each_skipped(
        "EdDSA",
        [
            ("X25519", "crv", json!({ "crv": "X25519" })),
            ("Ed448", "crv", json!({ "crv": "Ed448" })),
            ("P-256", "crv", json!({ "crv": "P-256" })),
            ("null", "crv", json!({ "crv": null })),
        ],
    );
}

#[test]
fn a_key_whose_numbers_are_not_strict_base64url_is_skipped() {
    for (alg, members) in [
        ("RS256", &["n", "e"][..]),
        ("ES256", &["x", "y"]),
        ("EdDSA", &["x"]),
    ] {
        for member in members {
            for (row, value) in [
                ("a number", json!(65537)),
                ("null", json!(null)),
                ("bytes", json!([1, 0, 1])),
            ] {
                let wrong = format!("{member} is not a string");
                assert_each_skipped(alg, [(row, &*wrong, json!({ *member: value }))]);
            }
            for text in [
                "AQAB=", "AQ==", "AQ+B", "AQ/B", "AQAB\n", " AQAB", "AQABA", "AR", "\u{e4}",
            ] {
                let wrong = format!("{member} is not base64url");
                assert_each_skipped(alg, [(text, &*wrong, json!({ *member: text }))]);
            }
        }
    }
}

#[test]
fn a_key_without_a_required_member_is_skipped() {
    for (alg, members) in [
        ("RS256", &["kty", "n", "e"][..]),
        ("ES256", &["kty", "crv", "x", "y"]),
        ("EdDSA", &["kty", "crv", "x"]),
    ] {
        let jwk = SigningKey::generate(alg, "invalid").jwk();
        for member in members {
            let wrong = format!("it has no {member}");
            assert_skipped(alg, &wrong, without(jwk.clone(), member));
        }
    }
}

/// RFC 7517 section 4: another parser may choose the other value.
#[test]
fn a_key_with_a_duplicate_member_is_skipped() {
    let valid = SigningKey::generate("EdDSA", "valid");
    for (alg, members) in [
        (
            "RS256",
            &["kty", "use", "alg", "kid", "key_ops", "n", "e"][..],
        ),
        ("ES256", &["crv", "x", "y"]),
        ("EdDSA", &["crv", "x"]),
    ] {
        let jwk = with(
            SigningKey::generate(alg, "invalid").jwk(),
            json!({ "use": "sig", "key_ops": ["verify"] }),
        );
        for member in members {
            for again in [jwk[*member].clone(), json!("other"), json!(null), json!({})] {
                let text = jwk.to_string();
                let inner = text.trim_end_matches('}');
                let invalid = format!("{inner}, {}: {again}}}", json!(member));
                let row = format!("{alg}: {member} twice, then {again}");
                let wrong = format!("it has a duplicate member {member}");
                assert_contains(VerifyingKey::from_jwk(&invalid).unwrap_err(), &wrong, &row);
                let set = format!(r#"{{"keys": [{invalid}, {}]}}"#, valid.jwk());
                let set = KeySet::from_jwks(&set).unwrap();
                let [skipped] = set.skipped() else {
                    panic!("{row}: {set:?}")
                };
                assert_contains(skipped, &wrong, &row);
                assert_contains(skipped, "\"invalid\"", &row);
                assert_eq!(set.keys().len(), 1, "{row}");
            }
        }
        // Ignored members may be duplicated.
        let text = jwk.to_string();
        let twice = format!(r#"{}, "x5c": [], "x5c": 1}}"#, text.trim_end_matches('}'));
        assert!(VerifyingKey::from_jwk(&twice).is_ok(), "{alg}");
    }
}

#[test]
fn an_entry_without_kid_is_named_by_its_position() {
    let (valid, ec) = (
        SigningKey::generate("EdDSA", "valid"),
        SigningKey::generate("ES256", "invalid").jwk(),
    );
    for entry in [
        json!(null),
        json!(1),
        json!("key"),
        json!([]),
        json!([ec.clone()]),
        json!({}),
        with(ec.clone(), json!({ "kid": 7 })),
        with(ec.clone(), json!({ "kid": null })),
        with(ec.clone(), json!({ "kid": ["invalid"] })),
        with(ec, json!({ "kid": { "kid": "invalid" } })),
    ] {
        let text = jwks_of([valid.jwk(), entry.clone()]);
        let set = KeySet::from_jwks(&text).unwrap();
        assert_eq!(set.keys().len(), 1, "{entry}");
        assert_eq!(set.skipped().len(), 1, "{entry}");
        assert_contains(&set.skipped()[0], "key 1: ", &entry);
        let layer = layer_of(text);
        assert_eq!(
            reason(&layer, &valid.token(&claims())),
            "accepted",
            "{entry}"
        );
    }
}

#[test]
fn optional_members_do_not_make_a_key_unusable() {
    for alg in ["RS256", "ES256", "EdDSA"] {
        let key = SigningKey::generate(alg, "1");
        for members in [
            json!({ "use": "sig" }),
            json!({ "key_ops": ["verify"] }),
            json!({ "key_ops": ["sign", "verify"] }),
            json!({ "use": "sig", "key_ops": ["verify"], "ext": true }),
            json!({ "x5c": ["AAAA"], "x5t": "AAAA", "x5u": "https://example.com/cert" }),
            json!({ "iat": 1, "exp": 2, "revoked": null, "D": "AAAA" }),
        ] {
            let layer = layer_of(jwks_of([with(key.jwk(), members.clone())]));
            let row = format!("{alg}: {members}");
            assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{row}");
        }
        let layer = layer_of(jwks_of([without(key.jwk(), "alg")]));
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
    }
}

#[test]
fn a_der_sign_byte_before_the_modulus_is_ignored() {
    let key = SigningKey::generate("RS256", "1");
    let jwk = key.jwk();
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(jwk["n"].as_str().unwrap())
        .unwrap();
    let jwk = with(jwk, json!({ "n": encode([&[0], &*bytes].concat()) }));
    let layer = layer_of(jwks_of([jwk]));
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn a_skipped_key_is_described_in_one_short_line_without_secrets() {
    let valid = SigningKey::generate("EdDSA", "valid");
    let invalid = SigningKey::generate("ES256", "invalid").jwk();
    for kid in [
        "a\nb",
        "a\r\nb",
        "\u{1b}[31mred",
        "\0",
        "\u{202e}abc",
        &"k".repeat(1 << 20),
    ] {
        let entry = with(invalid.clone(), json!({ "kid": kid, "d": encode(SECRET) }));
        let set = KeySet::from_jwks(&jwks_of([valid.jwk(), entry])).unwrap();
        let [skipped] = set.skipped() else {
            panic!("{set:?}")
        };
        assert!(skipped.chars().count() < 200, "{skipped}");
        assert!(!skipped.contains(char::is_control), "{skipped:?}");
        let debug = format!("{set:?}");
        assert!(!debug.contains(&encode(SECRET)), "{debug}");
    }
}

/// Asserts that a key of this algorithm is skipped with the members of each row.
#[track_caller]
fn assert_each_skipped<'a>(
    alg: &'static str,
    rows: impl IntoIterator<Item = (&'a str, &'a str, Value)>,
) {
    let jwk = SigningKey::generate(alg, "invalid").jwk();
    for (row, wrong, members) in rows {
        assert_skipped(&format!("{alg}, {row}"), wrong, with(jwk.clone(), members));
    }
}

/// Asserts that the key is skipped next to a valid key, which still works, and that it is a
/// configuration error as the only key. Each message names the key and the problem.
#[track_caller]
fn assert_skipped(row: &str, wrong: &str, jwk: Value) {
    let valid = SigningKey::generate("EdDSA", "valid");
    for entries in [[jwk.clone(), valid.jwk()], [valid.jwk(), jwk.clone()]] {
        let set = KeySet::from_jwks(&jwks_of(entries)).unwrap();
        let [skipped] = set.skipped() else {
            panic!("{row}: {set:?}")
        };
        let (_, why) = skipped.split_once("\"invalid\"").unwrap();
        assert_contains(why, wrong, row);
        let layer = any_audience().keys(set).build().unwrap();
        assert_eq!(reason(&layer, &valid.token(&claims())), "accepted", "{row}");
    }
    assert_contains(fault(any_audience().jwks_text(jwks_of([jwk]))), wrong, row);
}
