//! Keys that the application replaces at runtime.

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, SharedKeys, test_kit::TestIssuer};

use crate::support::*;

#[tokio::test]
async fn requests_get_503_while_there_is_no_key() {
    let keys = SharedKeys::new(KeySet::default());
    let layer = layer_of(&keys);
    let issuer = TestIssuer::eddsa();
    for (row, token) in [
        ("a valid token", issuer.token("alice")),
        ("no kid", issuer.token_for("alice").without_key_id().mint()),
        (
            "an invalid signature",
            issuer.token_for("alice").bad_signature().mint(),
        ),
    ] {
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        let detail = "Authentication is temporarily unavailable";
        answer.assert_http(503, "keys_unavailable", detail, &row);
        assert_eq!(answer.challenge(), None, "{row}");
        let retry: u64 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=60).contains(&retry), "{row}: {retry}");
    }
    keys.replace(issuer.key_set());
    let answer = ask(layer, with_bearer(&issuer.token("alice"))).await;
    answer.assert_reached("alice", "after replace");
    assert_eq!(answer.header("retry-after"), None);
}

#[tokio::test]
async fn grpc_requests_get_unavailable_while_there_is_no_key() {
    let layer = layer_of(&SharedKeys::new(KeySet::default()));
    let mut request = with_bearer(&TestIssuer::eddsa().token("alice"));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    let grpc = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", grpc);
    let answer = ask(layer, request).await;
    let message = "Authentication is temporarily unavailable";
    answer.assert_grpc("14", message, "application/grpc", "no keys");
}

#[tokio::test]
async fn the_form_and_the_header_are_checked_even_without_a_key() {
    let layer = layer_of(&SharedKeys::new(KeySet::default()));
    let issuer = TestIssuer::eddsa();
    let token = issuer.token("alice");
    let alice = || issuer.token_for("alice");
    for (reason, token) in [
        ("malformed", "garbage".to_owned()),
        ("malformed", format!("{token}=")),
        ("header", alice().header("kid", 1).mint()),
        ("algorithm", alice().header("alg", "none").mint()),
        ("algorithm", alice().header("alg", "HS256").mint()),
        ("token_type", alice().header("typ", "dpop+jwt").mint()),
        ("critical_header", alice().header("crit", ["b64"]).mint()),
        ("too_long", "a".repeat(20_000)),
    ] {
        assert_each_refused(&layer, reason, [(reason, token)]).await;
    }
    let answer = ask(layer, get("/")).await;
    answer.assert_not_authenticated("no token");
}

#[tokio::test]
async fn replaced_keys_take_effect_immediately() {
    let [old, new, newest] = issuers();
    let keys = SharedKeys::new(old.key_set());
    let layer = layer_of(&keys);
    let (verifier, clone) = (layer.verifier(), layer.clone());
    let state = || {
        [&old, &new, &newest].map(|issuer| {
            let token = issuer.token("alice");
            assert_eq!(reason(&layer, &token), reason(&clone, &token));
            verifier.verify(&token).is_ok()
        })
    };
    assert_eq!(state(), [true, false, false]);
    keys.replace(set([&old, &new]));
    assert_eq!(state(), [true, true, false]);
    keys.replace(new.key_set());
    assert_eq!(state(), [false, true, false]);
    assert_eq!(reason(&layer, &old.token("alice")), "unknown_key");
    keys.clone().replace(newest.key_set());
    assert_eq!(state(), [false, false, true]);
    keys.replace(KeySet::default());
    let answer = ask(layer.clone(), with_bearer(&newest.token("alice"))).await;
    assert_eq!(answer.reason(), "keys_unavailable");
}

#[test]
fn a_replaced_key_with_the_same_kid_takes_effect() {
    let [old, new] = issuers();
    let named = |issuer: &TestIssuer| {
        let keys = issuer.key_set();
        KeySet::new(keys.keys().iter().map(|key| key.clone().with_key_id("1")))
    };
    let keys = SharedKeys::new(named(&old));
    let layer = layer_of(&keys);
    keys.replace(named(&new));
    let token = |issuer: &TestIssuer| issuer.token_for("alice").key_id("1").mint();
    assert_eq!(reason(&layer, &token(&old)), "signature");
    assert_eq!(reason(&layer, &token(&new)), "accepted");
}

#[test]
fn keys_can_be_replaced_while_tokens_are_verified() {
    let [one, two] = issuers();
    let both = set([&two, &one]);
    let keys = SharedKeys::new(both.clone());
    let layer = layer_of(&keys);
    let token = one.token("alice");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..200 {
                keys.replace(one.key_set());
                keys.replace(both.clone());
            }
        });
        // A key that is in both sets is never missing.
        for _ in 0..200 {
            assert_eq!(reason(&layer, &token), "accepted");
        }
    });
}

#[test]
fn several_layers_and_issuers_can_share_keys() {
    let [one, two] = issuers();
    let keys = SharedKeys::new(one.key_set());
    let first = layer_of(&keys);
    let with_issuer = |name| builder_of(&keys).issuer(name);
    let second = with_issuer("https://a.example.com").or(with_issuer("https://b.example.com"));
    let second = second.build().unwrap();
    keys.replace(two.key_set());
    assert_eq!(reason(&first, &two.token("alice")), "accepted");
    let token = |issuer: &TestIssuer| {
        let token = issuer.token_for("alice");
        token.issuer("https://b.example.com").mint()
    };
    assert_eq!(reason(&second, &token(&two)), "accepted");
    assert_eq!(reason(&second, &token(&one)), "unknown_key");
}

fn issuers<const N: usize>() -> [TestIssuer; N] {
    std::array::from_fn(|_| TestIssuer::eddsa())
}

fn set<const N: usize>(issuers: [&TestIssuer; N]) -> KeySet {
    let sets = issuers.map(TestIssuer::key_set);
    KeySet::new(sets.iter().flat_map(KeySet::keys).cloned())
}

/// Uses the system clock, like the issuers.
fn builder_of(keys: &SharedKeys) -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .shared_keys(keys.clone())
        .allow_any_audience()
}

fn layer_of(keys: &SharedKeys) -> JwtAuthLayer {
    builder_of(keys).build().unwrap()
}
