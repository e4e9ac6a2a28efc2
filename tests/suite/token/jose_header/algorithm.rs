//! `alg` is the algorithm of the key.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::{Sha384, Sha512};

use super::assert_each_header_rejected;
use crate::support::*;

#[tokio::test]
async fn an_alg_must_match_the_algorithm_of_the_key_exactly() {
    assert_each_header_rejected(
        "algorithm",
        [
            ("missing", r#"{"typ":"JWT"}"#),
            ("an empty object", "{}"),
            ("null", r#"{"alg":null}"#),
            ("a number", r#"{"alg":256}"#),
            ("a boolean", r#"{"alg":true}"#),
            ("an array", r#"{"alg":["HS256"]}"#),
            ("an object", r#"{"alg":{"HS256":"HS256"}}"#),
            ("an empty string", r#"{"alg":""}"#),
            ("none", r#"{"alg":"none"}"#),
            ("None", r#"{"alg":"None"}"#),
            ("NONE", r#"{"alg":"NONE"}"#),
            ("nOnE", r#"{"alg":"nOnE"}"#),
            ("none with an escape", r#"{"alg":"n\u006fne"}"#),
            ("lower case", r#"{"alg":"hs256"}"#),
            ("mixed case", r#"{"alg":"Hs256"}"#),
            ("a NUL at the end", r#"{"alg":"HS256\u0000"}"#),
            ("a space at the end", r#"{"alg":"HS256 "}"#),
            ("a space before", r#"{"alg":" HS256"}"#),
            ("longer", r#"{"alg":"HS2566"}"#),
            ("shorter", r#"{"alg":"HS25"}"#),
            ("the name of another member", r#"{"Alg":"HS256"}"#),
            ("an algorithm of JWE", r#"{"alg":"A256KW"}"#),
            ("unknown", r#"{"alg":"XX999"}"#),
            ("HS384, but signed with HS256", r#"{"alg":"HS384"}"#),
            ("HS512, but signed with HS256", r#"{"alg":"HS512"}"#),
            ("RS256, but signed with HS256", r#"{"alg":"RS256"}"#),
            ("PS256, but signed with HS256", r#"{"alg":"PS256"}"#),
            ("ES256, but signed with HS256", r#"{"alg":"ES256"}"#),
            ("ES512, but signed with HS256", r#"{"alg":"ES512"}"#),
            ("EdDSA, but signed with HS256", r#"{"alg":"EdDSA"}"#),
            ("Ed25519, but signed with HS256", r#"{"alg":"Ed25519"}"#),
        ],
    )
    .await;
}

#[tokio::test]
async fn hs384_and_hs512_are_rejected_even_with_the_right_secret() {
    let signed = |alg: &str, mac: fn(&str) -> Vec<u8>| {
        let header = encode(json!({ "alg": alg }).to_string());
        let input = format!("{header}.{}", encode(claims().to_string()));
        format!("{input}.{}", encode(mac(&input)))
    };
    fn hs384(input: &str) -> Vec<u8> {
        let mac = Hmac::<Sha384>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(input).finalize().into_bytes().to_vec()
    }
    fn hs512(input: &str) -> Vec<u8> {
        let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(input).finalize().into_bytes().to_vec()
    }
    let tokens = [
        ("HS384", signed("HS384", hs384)),
        ("HS512", signed("HS512", hs512)),
    ];
    assert_each_refused(&layer(), "algorithm", tokens).await;
    let disguised = [
        ("HS384", signed("HS256", hs384)),
        ("HS512", signed("HS256", hs512)),
    ];
    assert_each_refused(&layer(), "signature", disguised).await;
}

#[tokio::test]
async fn a_token_with_alg_none_is_rejected_with_any_signature() {
    let input = format!(
        "{}.{}",
        encode(r#"{"alg":"none"}"#),
        encode(claims().to_string())
    );
    for (reason, token) in [
        ("malformed", format!("{input}.")),
        ("algorithm", format!("{input}.AAAA")),
        ("algorithm", sign_encoded(&input, SECRET)),
        ("algorithm", sign_encoded(&input, "")),
    ] {
        assert_each_refused(&layer(), reason, [(&*token.clone(), token)]).await;
    }
}

#[tokio::test]
async fn a_public_key_token_is_rejected_if_only_a_secret_is_set() {
    let names = [
        "jwt_plugin.EdDSA",
        "jwt_plugin.ES256",
        "jwt_plugin.RS256",
        "session_data.jwt_jwks",
    ];
    let tokens = names.map(|name| (name, Fixture::named(name).token));
    assert_each_refused(&layer(), "algorithm", tokens).await;
}
