//! A key verifies only with its own algorithm, regardless of the header of a token (RFC 8725
//! sections 2.1 and 3.1).

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[tokio::test]
async fn a_public_key_is_never_used_as_an_hmac_secret() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let (jwk, set) = (key.jwk(), jwks([&key]));
        let number = |name: &str| {
            let text = jwk.get(name).and_then(Value::as_str).unwrap_or_default();
            BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
        };
        let mut secrets = vec![
            ("its PEM", key.pem().into_bytes()),
            ("its PEM, trimmed", key.pem().trim().as_bytes().to_vec()),
            ("its DER", key.spki()),
            ("its JWK", jwk.to_string().into_bytes()),
            ("its JWK Set", set.clone().into_bytes()),
            ("its kid", b"1".to_vec()),
            ("its n", number("n")),
            ("its x", number("x")),
            ("its y", number("y")),
            ("its point", [vec![4], number("x"), number("y")].concat()),
            ("an empty secret", Vec::new()),
        ];
        if alg.starts_with("RS") || alg.starts_with("PS") {
            secrets.push(("its PKCS #1 PEM", key.pkcs1_pem().into_bytes()));
        }
        let from_pem = VerifyingKey::from_pem(key.pem()).unwrap();
        let from_pem = from_pem.with_algorithm(algorithm(alg)).unwrap();
        let with_secret = builder()
            .allow_any_audience()
            .jwks_text(&*set)
            .build()
            .unwrap();
        let layers = [
            ("a set", layer_of(set), "algorithm"),
            (
                "PEM",
                any_audience().key(from_pem).build().unwrap(),
                "algorithm",
            ),
            ("a set beside a secret", with_secret, "signature"),
        ];
        for (form, layer, hs256_reason) in &layers {
            assert_eq!(reason(layer, &key.token(&claims())), "accepted", "{alg}");
            for header in [
                json!({ "alg": "HS256" }),
                json!({ "alg": "HS256", "kid": "1" }),
            ] {
                let rows = secrets.iter().map(|(row, secret)| {
                    let token = sign(header.to_string(), claims().to_string(), secret);
                    (format!("{alg} from {form}, {row}"), token)
                });
                assert_each_refused(layer, hs256_reason, rows).await;
            }
            // The same MACs under the algorithm of the key.
            let header = json!({ "alg": alg, "kid": "1" });
            let rows = secrets.iter().map(|(row, secret)| {
                let token = sign(header.to_string(), claims().to_string(), secret);
                (format!("{alg} from {form}, a MAC with {row}"), token)
            });
            assert_each_refused(layer, "signature", rows).await;
            // The configured secret does not sign for the algorithm of the key.
            let token = sign(header.to_string(), claims().to_string(), SECRET);
            assert_each_refused(layer, "signature", [(form, token)]).await;
        }
    }
}

#[test]
fn a_token_with_another_algorithm_than_the_key_is_rejected() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let alone = layer_of(jwks([&key]));
        let with_secret = builder()
            .allow_any_audience()
            .jwks_text(jwks([&key]))
            .build()
            .unwrap();
        for other in ALGORITHMS.into_iter().chain(["HS256"]) {
            if other == alg {
                continue;
            }
            for header in [json!({ "alg": other, "kid": "1" }), json!({ "alg": other })] {
                let token = key.sign(&header, &claims());
                let row = format!("{alg} as {other}");
                assert_eq!(reason(&alone, &token), "algorithm", "{row}");
                let expected = if other == "HS256" {
                    "signature"
                } else {
                    "algorithm"
                };
                assert_eq!(
                    reason(&with_secret, &token),
                    expected,
                    "{row}, with a secret"
                );
            }
        }
    }
}

#[test]
fn a_signature_of_another_rsa_algorithm_is_rejected() {
    let mut key = SigningKey::generate("RS256", "1");
    for alg in RSA {
        key.alg = alg;
        let layer = layer_of(jwks([&key]));
        for other in RSA {
            // Signed with `other` under a header with `alg`.
            key.alg = other;
            let token = key.sign(&json!({ "alg": alg, "kid": "1" }), &claims());
            let expected = if other == alg {
                "accepted"
            } else {
                "signature"
            };
            assert_eq!(reason(&layer, &token), expected, "{other} as {alg}");
            // Signed with `other` under a header with `other`.
            let expected = if other == alg {
                "accepted"
            } else {
                "algorithm"
            };
            let token = key.token(&claims());
            assert_eq!(reason(&layer, &token), expected, "{other} for {alg}");
        }
    }
}

#[test]
fn an_rsa_key_without_alg_verifies_only_rs256() {
    let mut key = SigningKey::generate("RS256", "1");
    let layer = layer_of(jwks_of([without(key.jwk(), "alg")]));
    for alg in RSA {
        key.alg = alg;
        let expected = match alg {
            "RS256" => "accepted",
            _ => "algorithm",
        };
        assert_eq!(reason(&layer, &key.token(&claims())), expected, "{alg}");
    }
}

#[test]
fn an_es256_token_is_rejected_for_a_key_of_another_curve() {
    for alg in supported(["ES384", "ES512"]) {
        let key = SigningKey::generate(alg, "1");
        let token = key.sign(&json!({ "alg": "ES256", "kid": "1" }), &claims());
        assert_eq!(
            reason(&layer_of(jwks([&key])), &token),
            "algorithm",
            "{alg}"
        );

        // A key of that curve cannot be bound to ES256.
        let jwk = with(key.jwk(), json!({ "alg": "ES256" }));
        let error = VerifyingKey::from_jwk(&jwk.to_string()).unwrap_err();
        assert_contains(error, "ES256 cannot be used with this type of key", alg);
        let from_pem = VerifyingKey::from_pem(key.pem()).unwrap();
        let error = from_pem.with_algorithm(Algorithm::ES256).unwrap_err();
        assert_contains(error, "ES256 cannot be used with this type of key", alg);
    }
}

#[test]
fn an_eddsa_token_may_have_the_alg_ed25519() {
    let key = SigningKey::generate("EdDSA", "1");
    for (row, jwk) in [
        ("EdDSA", key.jwk()),
        ("Ed25519", with(key.jwk(), json!({ "alg": "Ed25519" }))),
        ("no alg", without(key.jwk(), "alg")),
    ] {
        let layer = layer_of(jwks_of([jwk]));
        for (alg, expected) in [
            ("EdDSA", "accepted"),
            ("Ed25519", "accepted"),
            ("ed25519", "algorithm"),
            ("Ed448", "algorithm"),
            ("EDDSA", "algorithm"),
        ] {
            let token = key.sign(&json!({ "alg": alg, "kid": "1" }), &claims());
            assert_eq!(reason(&layer, &token), expected, "{alg} for a key of {row}");
        }
    }
}

#[test]
fn an_unknown_or_missing_alg_is_rejected() {
    let key = SigningKey::generate("ES256", "1");
    let layer = layer_of(jwks([&key]));
    for alg in [
        json!("none"),
        json!("None"),
        json!("NONE"),
        json!(""),
        json!("es256"),
        json!("ES256 "),
        json!("ES256\0"),
        json!("ES256K"),
        json!("ECDH-ES"),
        json!(null),
        json!(256),
        json!(["ES256"]),
        json!({ "alg": "ES256" }),
    ] {
        let token = key.sign(&json!({ "alg": alg, "kid": "1" }), &claims());
        assert_eq!(reason(&layer, &token), "algorithm", "{alg}");
        let unsigned = with_signature(&token, [0; 64]);
        assert_eq!(reason(&layer, &unsigned), "algorithm", "{alg}");
        let empty = with_signature(&token, "");
        assert_eq!(reason(&layer, &empty), "malformed", "{alg}");
    }
    let token = key.sign(&json!({ "kid": "1" }), &claims());
    assert_eq!(reason(&layer, &token), "algorithm", "no alg");
}

#[test]
fn a_key_embedded_or_referenced_in_the_header_is_never_used() {
    let (trusted, attacker) = (
        SigningKey::generate("ES256", "1"),
        SigningKey::generate("ES256", "2"),
    );
    let layer = layer_of(jwks([&trusted]));
    for (member, value) in [
        ("jwk", attacker.jwk()),
        ("jwk", with(attacker.jwk(), json!({ "kid": "1" }))),
        ("jku", json!("https://attacker.example.com/jwks")),
        ("x5u", json!("https://attacker.example.com/cert")),
        ("x5c", json!([encode(attacker.spki())])),
    ] {
        for (kid, expected) in [("1", "signature"), ("2", "unknown_key")] {
            let header = json!({ "alg": "ES256", "kid": kid, member: value });
            let token = attacker.sign(&header, &claims());
            assert_eq!(reason(&layer, &token), expected, "{member}, kid {kid}");
        }
        let header = json!({ "alg": "ES256", "kid": "1", member: value });
        let token = trusted.sign(&header, &claims());
        assert_eq!(reason(&layer, &token), "accepted", "{member}");
    }
}

/// If both backends of jsonwebtoken are enabled, as with `--all-features`, code that needs its
/// process-wide provider panics.
#[test]
fn keys_and_tokens_need_no_jsonwebtoken_crypto_provider() {
    #[cfg(all(feature = "aws-lc-rs", feature = "rust-crypto"))]
    {
        let key = jsonwebtoken::DecodingKey::from_secret(SECRET.as_bytes());
        let verify = || jsonwebtoken::crypto::verify("", b"", &key, jsonwebtoken::Algorithm::HS256);
        assert!(
            std::panic::catch_unwind(verify).is_err(),
            "a provider is installed"
        );
    }
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let from_pem = VerifyingKey::from_pem(key.pem()).unwrap();
        let from_pem = from_pem.with_algorithm(algorithm(alg)).unwrap();
        let from_jwk = VerifyingKey::from_jwk(&key.jwk().to_string()).unwrap();
        for configured in [from_pem, from_jwk] {
            let layer = any_audience().key(configured).build().unwrap();
            assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
        }
    }
}
