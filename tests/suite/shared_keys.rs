//! Keys that the application replaces while the layer is at work.

use serde_json::json;
use tower_jwt_auth::{KeySet, SharedKeys};

use super::{signing_keys::*, support::*};

#[tokio::test]
async fn while_no_key_is_there_the_answer_is_503() {
    let keys = SharedKeys::new(KeySet::default());
    let layer = keyless().shared_keys(keys.clone()).build().unwrap();
    let key = SigningKey::generate("ES256", "1");
    for (row, token) in [
        ("a good token", key.token(&claims())),
        ("no kid", key.sign(&json!({ "alg": "ES256" }), &claims())),
        (
            "no signature of anybody's",
            with_signature(&key.token(&claims()), [0; 64]),
        ),
    ] {
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        let detail = "Authentication is temporarily unavailable";
        answer.assert_http(503, "keys_unavailable", detail, &row);
        assert_eq!(answer.challenge(), None, "{row}");
        let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&retry), "{row}: {retry}");
    }
    keys.replace(set(&[&key]));
    let answer = ask(layer, with_bearer(&key.token(&claims()))).await;
    answer.assert_reached("alice", "keys at last");
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn while_no_key_is_there_grpc_gets_unavailable() {
    let layer = keyless()
        .shared_keys(SharedKeys::new(KeySet::default()))
        .build()
        .unwrap();
    let key = SigningKey::generate("ES256", "1");
    let mut request = with_bearer(&key.token(&claims()));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    let grpc = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", grpc);
    let answer = ask(layer, request).await;
    let message = "Authentication is temporarily unavailable";
    answer.assert_grpc("14", message, "application/grpc", "no keys");
}

#[tokio::test]
async fn what_is_wrong_with_the_form_or_the_header_is_said_while_no_key_is_there() {
    let layer = keyless()
        .shared_keys(SharedKeys::new(KeySet::default()))
        .build()
        .unwrap();
    let key = SigningKey::generate("ES256", "1");
    let token = key.token(&claims());
    let header = |header| key.sign(&header, &claims());
    for (reason, token) in [
        ("malformed", "garbage".to_owned()),
        ("malformed", format!("{token}=")),
        ("header", header(json!({ "alg": "ES256", "kid": 1 }))),
        ("algorithm", header(json!({ "alg": "none" }))),
        ("algorithm", header(json!({ "alg": "HS256" }))),
        (
            "token_type",
            header(json!({ "alg": "ES256", "typ": "dpop+jwt" })),
        ),
        (
            "critical_header",
            header(json!({ "alg": "ES256", "crit": ["b64"] })),
        ),
        ("too_long", "a".repeat(20_000)),
    ] {
        assert_each_refused(&layer, reason, [(reason, token)]).await;
    }
    let answer = ask(layer, get("/")).await;
    answer.assert_not_authenticated("no token");
}

#[tokio::test]
async fn keys_that_are_replaced_count_at_once_and_the_old_ones_no_more() {
    let [old, new, newest] = ["old", "new", "newest"].map(|kid| SigningKey::generate("EdDSA", kid));
    let keys = SharedKeys::new(set(&[&old]));
    let layer = keyless().shared_keys(keys.clone()).build().unwrap();
    let (verifier, clone) = (layer.verifier(), layer.clone());
    let state = || {
        [&old, &new, &newest].map(|key| {
            let token = key.token(&claims());
            assert_eq!(reason(&layer, &token), reason(&clone, &token));
            verifier.verify(&token).is_ok()
        })
    };
    assert_eq!(state(), [true, false, false]);
    keys.replace(set(&[&old, &new]));
    assert_eq!(state(), [true, true, false]);
    keys.replace(set(&[&new]));
    assert_eq!(state(), [false, true, false]);
    assert_eq!(reason(&layer, &old.token(&claims())), "unknown_key");
    keys.clone().replace(set(&[&newest]));
    assert_eq!(state(), [false, false, true]);
    keys.replace(KeySet::default());
    let answer = ask(layer.clone(), with_bearer(&newest.token(&claims()))).await;
    assert_eq!(answer.reason(), "keys_unavailable");
}

#[test]
fn keys_of_the_same_kid_that_are_replaced_are_the_new_ones() {
    let [old, new] = [(); 2].map(|()| SigningKey::generate("ES256", "1"));
    let keys = SharedKeys::new(set(&[&old]));
    let layer = keyless().shared_keys(keys.clone()).build().unwrap();
    keys.replace(set(&[&new]));
    assert_eq!(reason(&layer, &old.token(&claims())), "signature");
    assert_eq!(reason(&layer, &new.token(&claims())), "accepted");
}

#[test]
fn keys_can_be_replaced_while_tokens_are_verified() {
    let [one, two] = ["1", "2"].map(|kid| SigningKey::generate("EdDSA", kid));
    let keys = SharedKeys::new(set(&[&one, &two]));
    let layer = keyless().shared_keys(keys.clone()).build().unwrap();
    let token = one.token(&claims());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                keys.replace(set(&[&one]));
                keys.replace(set(&[&two, &one]));
            }
        });
        // A key that is in all of the sets is never missing.
        for _ in 0..200 {
            assert_eq!(reason(&layer, &token), "accepted");
        }
    });
}

#[test]
fn several_layers_and_issuers_can_share_keys() {
    let [one, two] = ["1", "2"].map(|kid| SigningKey::generate("EdDSA", kid));
    let keys = SharedKeys::new(set(&[&one]));
    let first = keyless().shared_keys(keys.clone()).build().unwrap();
    let of = |name| keyless().issuer(name).shared_keys(keys.clone());
    let second = of("https://a.example.com").or(of("https://b.example.com"));
    let second = second.build().unwrap();
    keys.replace(set(&[&two]));
    assert_eq!(reason(&first, &two.token(&claims())), "accepted");
    let token = two.token(&claims_with(json!({ "iss": "https://b.example.com" })));
    assert_eq!(reason(&second, &token), "accepted");
    let token = one.token(&claims_with(json!({ "iss": "https://b.example.com" })));
    assert_eq!(reason(&second, &token), "unknown_key");
}

fn set(keys: &[&SigningKey]) -> KeySet {
    KeySet::from_jwks(&jwks(keys.iter().copied())).unwrap()
}
