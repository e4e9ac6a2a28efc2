//! Several issuers, each with its own keys and rules.

use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer};

use crate::support::{signing_keys::*, *};

const A: &str = "https://a.example.com";
const B: &str = "https://b.example.com";
const C: &str = "https://c.example.com";

const CLIENT: &str = "app";

#[test]
fn a_token_is_verified_only_with_the_keys_of_its_issuer() {
    // All keys have the same kid, so only the issuer distinguishes them.
    let [a, b, c] = [(); 3].map(|()| SigningKey::generate("ES256", "1"));
    let layer = builder_for(A, &a)
        .or(builder_for(B, &b))
        .or(builder_for(C, &c))
        .build()
        .unwrap();
    for (signer, key) in [(A, &a), (B, &b), (C, &c)] {
        for named in [A, B, C] {
            let expected = if named == signer {
                "accepted"
            } else {
                "signature"
            };
            let token = key.token(&claims_of(named));
            assert_eq!(
                reason(&layer, &token),
                expected,
                "a key of {signer}, iss {named}"
            );
            let token = key.sign(&json!({ "alg": "ES256" }), &claims_of(named));
            assert_eq!(
                reason(&layer, &token),
                expected,
                "a key of {signer}, iss {named}, no kid"
            );
        }
    }
}

#[test]
fn a_kid_selects_only_among_the_keys_of_the_named_issuer() {
    let (a, b) = (
        SigningKey::generate("EdDSA", "a"),
        SigningKey::generate("EdDSA", "b"),
    );
    let layer = builder_for(A, &a).or(builder_for(B, &b)).build().unwrap();
    assert_eq!(reason(&layer, &a.token(&claims_of(A))), "accepted");
    assert_eq!(reason(&layer, &a.token(&claims_of(B))), "unknown_key");
    assert_eq!(reason(&layer, &b.token(&claims_of(A))), "unknown_key");
}

#[test]
fn the_order_and_nesting_of_issuers_do_not_matter() {
    let [a, b, c] = [(); 3].map(|()| SigningKey::generate("EdDSA", "1"));
    let all = || (builder_for(A, &a), builder_for(B, &b), builder_for(C, &c));
    let flat = {
        let (a, b, c) = all();
        c.or(b).or(a)
    };
    let nested = {
        let (a, b, c) = all();
        a.or(b.or(c))
    };
    for (row, builder) in [("flat", flat), ("nested", nested)] {
        let layer = builder.build().unwrap();
        for (name, key) in [(A, &a), (B, &b), (C, &c)] {
            let token = key.token(&claims_of(name));
            assert_eq!(reason(&layer, &token), "accepted", "{row}: {name}");
        }
        assert_eq!(
            reason(&layer, &a.token(&claims_of(B))),
            "signature",
            "{row}"
        );
    }
}

#[test]
fn a_token_of_an_unknown_issuer_or_without_iss_is_rejected() {
    let (a, b) = (
        SigningKey::generate("ES256", "1"),
        SigningKey::generate("ES256", "2"),
    );
    let layer = builder_for(A, &a).or(builder_for(B, &b)).build().unwrap();
    for iss in [
        json!(C),
        json!(""),
        json!(null),
        json!(7),
        json!([A]),
        json!([A, B]),
        json!({ "iss": A }),
        json!(format!("{A}/")),
        json!("https://a.example.co"),
        json!("https://A.example.com"),
        json!(format!(" {A}")),
    ] {
        for key in [&a, &b] {
            let token = key.token(&claims_with(json!({ "iss": iss })));
            assert_eq!(reason(&layer, &token), "issuer", "{iss}");
        }
    }
    assert_eq!(reason(&layer, &a.token(&claims())), "issuer", "no iss");
}

#[test]
fn a_duplicate_iss_is_rejected() {
    let (a, b) = (
        SigningKey::generate("ES256", "1"),
        SigningKey::generate("ES256", "1"),
    );
    let layer = builder_for(A, &a).or(builder_for(B, &b)).build().unwrap();
    for (first, second) in [(A, B), (B, A), (A, A)] {
        let rest = claims().to_string();
        let payload = format!(r#"{{"iss":"{first}","iss":"{second}",{}"#, &rest[1..]);
        let input = format!(
            "{}.{}",
            encode(r#"{"alg":"ES256","kid":"1"}"#),
            encode(payload)
        );
        for key in [&a, &b] {
            let token = with_signature(&format!("{input}."), key.signature(input.as_bytes()));
            assert_eq!(reason(&layer, &token), "claims", "{first}, {second}");
        }
    }
}

#[test]
fn each_issuer_has_its_own_audience() {
    let (a, b) = (
        SigningKey::generate("EdDSA", "1"),
        SigningKey::generate("EdDSA", "1"),
    );
    let layer = builder_for(A, &a)
        .audience("for-a")
        .or(builder_for(B, &b).audience("for-b"))
        .build()
        .unwrap();
    for (name, key, own, other) in [(A, &a, "for-a", "for-b"), (B, &b, "for-b", "for-a")] {
        for (aud, expected) in [
            (json!(own), "accepted"),
            (json!(other), "audience"),
            (json!([other, own]), "accepted"),
            (json!([other]), "audience"),
        ] {
            let token = key.token(&with(claims_of(name), json!({ "aud": aud })));
            assert_eq!(reason(&layer, &token), expected, "{name}: {aud}");
        }
        assert_eq!(
            reason(&layer, &key.token(&claims_of(name))),
            "audience",
            "{name}"
        );
    }
}

#[test]
fn each_issuer_decides_whether_an_audience_is_checked() {
    let [a, b, c] = [(); 3].map(|()| SigningKey::generate("EdDSA", "1"));
    let layer = builder_for(A, &a)
        .or(builder_for(B, &b).allow_any_audience())
        .or(builder_for(C, &c).audience("for-c"))
        .build()
        .unwrap();
    for (name, key, expected) in [
        (A, &a, "audience_not_configured"),
        (B, &b, "accepted"),
        (C, &c, "audience"),
    ] {
        let token = key.token(&with(claims_of(name), json!({ "aud": "any-service" })));
        assert_eq!(reason(&layer, &token), expected, "{name}");
    }
}

#[test]
fn each_issuer_has_its_own_algorithms() {
    let [a, b] = [A, B].map(|_| ["ES256", "EdDSA"].map(|alg| SigningKey::generate(alg, alg)));
    let builder_for = |name: &str, keys: &[SigningKey; 2], algorithm| {
        let builder = any_audience().issuer(name).jwks_text(jwks(keys));
        builder.algorithms([algorithm])
    };
    let layer = builder_for(A, &a, Algorithm::ES256)
        .or(builder_for(B, &b, Algorithm::EdDSA))
        .build()
        .unwrap();
    for (name, key, expected) in [
        (A, &a[0], "accepted"),
        (A, &a[1], "algorithm"),
        (B, &b[0], "algorithm"),
        (B, &b[1], "accepted"),
    ] {
        let token = key.token(&claims_of(name));
        assert_eq!(reason(&layer, &token), expected, "{name}: {}", key.alg);
    }
}

#[test]
fn each_issuer_has_its_own_rules() {
    use std::time::Duration;

    let (a, b) = (
        SigningKey::generate("EdDSA", "1"),
        SigningKey::generate("EdDSA", "1"),
    );
    let layer = builder_for(A, &a)
        .email_optional()
        .leeway(Duration::from_secs(10))
        .or(builder_for(B, &b)
            .accept_typ("own+jwt")
            .check(|user| user.user_id() != "mallory"))
        .build()
        .unwrap();
    let without_email = |iss| without(claims_of(iss), "email");
    let just_expired = |iss| with(claims_of(iss), json!({ "exp": NOW - 5 }));
    let mallory = |iss| with(claims_of(iss), json!({ "sub": "mallory" }));
    let typed = |key: &SigningKey, iss| {
        let header = json!({ "alg": "EdDSA", "kid": "1", "typ": "own+jwt" });
        key.sign(&header, &claims_of(iss))
    };
    for (row, token, expected) in [
        ("A, no email", a.token(&without_email(A)), "accepted"),
        ("B, no email", b.token(&without_email(B)), "user"),
        (
            "A, within the leeway",
            a.token(&just_expired(A)),
            "accepted",
        ),
        ("B, expired", b.token(&just_expired(B)), "expired"),
        ("A, mallory", a.token(&mallory(A)), "accepted"),
        ("B, mallory", b.token(&mallory(B)), "check"),
        ("A, accepted typ", typed(&a, A), "token_type"),
        ("B, accepted typ", typed(&b, B), "accepted"),
    ] {
        assert_eq!(reason(&layer, &token), expected, "{row}");
    }
}

#[test]
fn the_length_limit_of_the_layer_applies_to_all_issuers() {
    let (a, b) = (
        SigningKey::generate("EdDSA", "1"),
        SigningKey::generate("EdDSA", "1"),
    );
    let layer = builder_for(A, &a)
        .max_token_len(1)
        .or(builder_for(B, &b))
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &b.token(&claims_of(B))), "too_long");
}

#[test]
fn layer_settings_on_a_builder_passed_to_or_are_rejected() {
    let key = SigningKey::generate("EdDSA", "1");
    let b = || builder_for(B, &key);
    for (method, other) in [
        (".allow_anonymous()", b().allow_anonymous()),
        (".realm(…)", b().realm("r")),
        (".allow_cors_preflight()", b().allow_cors_preflight()),
        (
            ".token_sources(…)",
            b().token_sources([tower_jwt_auth::TokenSource::cookie("c")]),
        ),
        (
            ".resource_metadata(…)",
            b().resource_metadata("https://b.example.com/"),
        ),
        (".problem_json()", b().problem_json()),
        (
            ".answer_with(…)",
            b().answer_with(|_, _| http::Response::new("")),
        ),
        (".observe(…)", b().observe(|_| {})),
        (".keep_user()", b().keep_user()),
        (".log_user_ids()", b().log_user_ids()),
        (".http_answers_only()", b().http_answers_only()),
        (".max_token_len(…)", b().max_token_len(1024)),
        (".clock(…)", b().clock(|| at(NOW))),
        #[cfg(feature = "cache")]
        (".cache_tokens(…)", b().cache_tokens(10)),
    ] {
        let wrong = format!("settings of the whole layer: {method}; move them to the builder");
        for builder in [
            builder_for(A, &key).or(other.clone()),
            builder_for(A, &key).or(builder_for(C, &key).or(other.clone())),
        ] {
            assert_contains(fault(builder), &wrong, method);
        }
        let joined = other.or(JwtAuthLayer::builder().issuer(A).secret(SECRET));
        assert!(joined.build().is_ok(), "{method}");
    }
    let all = fault(builder_for(A, &key).or(b().realm("r").problem_json()));
    assert_contains(all, ".realm(…), .problem_json(); move them", "two of them");
}

#[test]
fn same_users_is_accepted_only_on_a_builder_passed_to_or() {
    let key = SigningKey::generate("EdDSA", "1");
    let wrong = ".same_users() is set on the builder on which .build() is called";
    assert_contains(fault(builder_for(A, &key).same_users()), wrong, "alone");
    let joined = builder_for(A, &key).same_users().or(builder_for(B, &key));
    assert_contains(fault(joined), wrong, "joined");
    assert!(
        builder_for(A, &key)
            .or(builder_for(B, &key).same_users())
            .build()
            .is_ok()
    );

    // In a nested builder, it is unclear whose users are meant.
    let [a, b, c] = [A, B, C].map(|name| || builder_for(name, &key));
    let wrong = ".same_users() refers to the users of the first issuer";
    assert_contains(fault(a().or(b().or(c().same_users()))), wrong, "nested");
    let deeper = a().or(b().or(c().or(builder_for("d", &key).same_users())));
    assert_contains(fault(deeper), wrong, "nested twice");
    let all = a().or(b().same_users().or(c().same_users()));
    assert!(all.build().is_ok());
    assert!(a().or(b().same_users().or(c())).build().is_ok());
}

#[test]
fn secrets_and_public_keys_of_different_issuers_stay_separate() {
    let b = SigningKey::generate("RS256", "1");
    let layer = builder().issuer(A).or(builder_for(B, &b)).build().unwrap();
    let hs256 = |claims: &Value, secret: &str| {
        let header = json!({ "alg": "HS256", "kid": "1" }).to_string();
        sign(header, claims.to_string(), secret)
    };
    for (row, token, expected) in [
        (
            "A with its secret",
            hs256(&claims_of(A), SECRET),
            "accepted",
        ),
        ("B with its key", b.token(&claims_of(B)), "accepted"),
        (
            "B with the secret of A",
            hs256(&claims_of(B), SECRET),
            "algorithm",
        ),
        ("A with the key of B", b.token(&claims_of(A)), "algorithm"),
        (
            "B with its public key as a secret",
            hs256(&claims_of(B), &b.pem()),
            "algorithm",
        ),
        (
            "A with the public key of B as a secret",
            hs256(&claims_of(A), &b.pem()),
            "signature",
        ),
    ] {
        assert_eq!(reason(&layer, &token), expected, "{row}");
    }
}

/// Until the signature is verified, the claims are untrusted. The only claim that a rejection can
/// depend on is `iss`, if it names no configured issuer.
#[test]
fn the_signature_is_checked_before_all_claims_except_iss() {
    let [a, b, other] = [(); 3].map(|()| SigningKey::generate("ES256", "1"));
    let layer = builder_for(A, &a).or(builder_for(B, &b)).build().unwrap();
    for (row, claims) in [
        ("expired", with(claims_of(A), json!({ "exp": 1 }))),
        ("no sub", without(claims_of(A), "sub")),
        (
            "another audience",
            with(claims_of(A), json!({ "aud": "x" })),
        ),
        ("sub a number", with(claims_of(A), json!({ "sub": 1 }))),
    ] {
        assert_eq!(reason(&layer, &other.token(&claims)), "signature", "{row}");
    }
}

#[test]
fn several_issuers_need_distinct_names() {
    let key = SigningKey::generate("ES256", "1");
    let nameless = || any_audience().jwks_text(jwks([&key]));
    let named = |name: &str| builder_for(name, &key);
    let no_name = "one has no name; call .issuer(…) on each";
    let same_name = "two issuers have the same name";
    for (row, builder, wrong) in [
        ("the first", nameless().or(named(A)), no_name),
        ("the second", named(A).or(nameless()), no_name),
        ("both", nameless().or(nameless()), no_name),
        ("the third", named(A).or(named(B)).or(nameless()), no_name),
        (
            "a nested one",
            named(A).or(named(B).or(nameless())),
            no_name,
        ),
        ("the same twice", named(A).or(named(A)), same_name),
        (
            "the same again later",
            named(A).or(named(B)).or(named(A)),
            same_name,
        ),
        (
            "the same nested",
            named(A).or(named(B).or(named(A))),
            same_name,
        ),
        (
            "the same by the origin of Better Auth",
            named(A).or(JwtAuthLayer::better_auth(A).jwks_text(jwks([&key]))),
            same_name,
        ),
    ] {
        assert_contains(fault(builder), wrong, row);
    }
    for builder in [
        // A single issuer needs no name.
        nameless(),
        // Names are case-sensitive.
        named("https://a.example.com").or(named("https://A.example.com")),
        // The origin of Better Auth is a name.
        named(A).or(JwtAuthLayer::better_auth(B).jwks_text(jwks([&key]))),
    ] {
        assert!(builder.build().is_ok());
    }
}

#[test]
fn one_error_lists_the_problems_of_all_issuers() {
    let error = fault(
        any_audience()
            .issuer(A)
            .jwks_text("{}")
            .or(any_audience().issuer(B).public_key_pem("garbage"))
            .or(keyless().issuer(C)),
    );
    for part in ["no array \"keys\"", "in PEM", "no key is configured"] {
        assert_contains(&error, part, "three issuers");
    }
}

/// Returns a builder for one issuer with one key. It accepts a client instead of any audience, so
/// that a test can set an audience or have none.
fn builder_for(name: &str, key: &SigningKey) -> JwtAuthBuilder {
    let builder = keyless().issuer(name).authorized_party(CLIENT);
    builder.jwks_text(jwks([key]))
}

/// Returns claims of this issuer for the client.
fn claims_of(iss: &str) -> Value {
    claims_with(json!({ "iss": iss, "azp": CLIENT }))
}
