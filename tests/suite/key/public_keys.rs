//! Tokens under public keys in common configurations.

use serde_json::json;

use crate::support::{signing_keys::*, *};

#[tokio::test]
async fn a_key_in_a_set_verifies_tokens_of_its_algorithm() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        assert_each_accepted(&layer, [(alg, key.token(&claims()))]).await;
    }
}

#[test]
fn the_claims_follow_the_same_rules_as_under_a_secret() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let builder = || keyless().jwks_text(jwks([&key]));
        let layer = builder().allow_any_audience().build().unwrap();
        let for_client = builder().authorized_party("app").build().unwrap();
        let strict = builder()
            .issuer("https://app.example.com")
            .audience("https://api.example.com")
            .build()
            .unwrap();
        for (layer, claims, expected) in [
            (&layer, claims_with(json!({ "exp": NOW })), "expired"),
            (&layer, claims_with(json!({ "exp": NOW + 1 })), "accepted"),
            (
                &layer,
                claims_with(json!({ "nbf": NOW + 1 })),
                "not_yet_valid",
            ),
            (&layer, claims_without("sub"), "subject"),
            (&layer, claims_without("email"), "user"),
            (&layer, claims_without("exp"), "claims"),
            (
                &for_client,
                claims_with(json!({ "azp": "app", "aud": "x" })),
                "audience_not_configured",
            ),
            (&layer, claims_with(json!({ "session": {} })), "accepted"),
            (&strict, claims(), "issuer"),
            (
                &strict,
                claims_with(json!({ "iss": "https://app.example.com" })),
                "audience",
            ),
        ] {
            let row = format!("{alg}: {claims}");
            assert_eq!(reason(layer, &key.token(&claims)), expected, "{row}");
        }
    }
}

#[test]
fn the_header_follows_the_same_rules_as_under_a_secret() {
    let key = SigningKey::generate("ES256", "1");
    let layer = layer_of(jwks([&key]));
    for (members, expected) in [
        (json!({ "typ": "JWT" }), "accepted"),
        (json!({ "typ": "at+jwt" }), "accepted"),
        (json!({ "typ": "dpop+jwt" }), "token_type"),
        (
            json!({ "typ": "better-auth.session-cache+jwt" }),
            "token_type",
        ),
        (json!({ "cty": "JWT" }), "token_type"),
        (json!({ "crit": [] }), "critical_header"),
        (json!({ "b64": false }), "critical_header"),
        (json!({ "jku": 1 }), "header"),
    ] {
        let header = with(json!({ "alg": "ES256", "kid": "1" }), members);
        let token = key.sign(&header, &claims());
        assert_eq!(reason(&layer, &token), expected, "{header}");
    }
}

#[test]
fn the_signature_is_checked_before_the_claims() {
    for alg in ALGORITHMS {
        let [key, other] = [(); 2].map(|()| SigningKey::generate(alg, "1"));
        let layer = layer_of(jwks([&key]));
        for claims in [
            claims_with(json!({ "exp": 1 })),
            claims_without("sub"),
            json!([]),
            json!("no object"),
        ] {
            let row = format!("{alg}: {claims}");
            assert_eq!(reason(&layer, &other.token(&claims)), "signature", "{row}");
            let named = other.sign(&json!({ "alg": alg, "kid": "2" }), &claims);
            assert_eq!(reason(&layer, &named), "unknown_key", "{row}");
        }
    }
}
