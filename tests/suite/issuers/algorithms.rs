//! HS384 and HS512, and public keys whose JWK names no algorithm.

use std::{
    fs,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::json;
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer};

use super::*;
use crate::key_source::secret_file::Folder;

/// Every algorithm of secrets, with its name and the minimum length of a secret.
const HMAC: [(Algorithm, &str, usize); 3] = [
    (Algorithm::HS256, "HS256", 32),
    (Algorithm::HS384, "HS384", 48),
    (Algorithm::HS512, "HS512", 64),
];

fn with_secret(secret: &str) -> JwtAuthBuilder {
    let builder = JwtAuthLayer::builder().secret(secret);
    builder.clock(|| at(NOW))
}

fn token_with(alg: &str, secret: &str) -> String {
    signed_with_secret(alg, &json!({ "alg": alg }), &claims(), secret)
}

#[tokio::test]
async fn a_secret_verifies_only_listed_algorithms() {
    for (listed, name, _) in HMAC {
        let layer = with_secret(LONG_SECRET).algorithms([listed]);
        let layer = layer.build().unwrap();
        for (_, alg, _) in HMAC {
            let expected = if alg == name { "accepted" } else { "algorithm" };
            assert_eq!(
                sent(&layer, &token_with(alg, LONG_SECRET)).await,
                expected,
                "{name}, {alg}"
            );
        }
        let other = token_with(name, &LONG_SECRET.replace('p', "q"));
        assert_eq!(sent(&layer, &other).await, "signature", "{name}");
        let flipped = with_flipped_bit(&token_with(name, LONG_SECRET));
        assert_eq!(sent(&layer, &flipped).await, "signature", "{name}");
        // The tag of a shorter algorithm, or a part of the tag, is not a signature.
        let (input, tag) = flipped.rsplit_once('.').unwrap();
        let cut = format!("{input}.{}", &tag[..tag.len() / 2 / 4 * 4]);
        assert_ne!(sent(&layer, &cut).await, "accepted", "{name}");
    }
    let layer = with_secret(LONG_SECRET).algorithms([Algorithm::HS256, Algorithm::HS512]);
    let layer = layer.build().unwrap();
    for (alg, expected) in [
        ("HS256", "accepted"),
        ("HS384", "algorithm"),
        ("HS512", "accepted"),
    ] {
        assert_eq!(
            sent(&layer, &token_with(alg, LONG_SECRET)).await,
            expected,
            "{alg}"
        );
    }
}

#[tokio::test]
async fn hs384_and_hs512_are_rejected_by_default_with_the_setting() {
    let layer = || with_secret(LONG_SECRET).build().unwrap();
    assert_eq!(
        sent(&layer(), &token_with("HS256", LONG_SECRET)).await,
        "accepted"
    );
    for (alg, bytes) in [("HS384", "48"), ("HS512", "64")] {
        let events = Captured::start();
        assert_eq!(
            sent(&layer(), &token_with(alg, LONG_SECRET)).await,
            "algorithm"
        );
        assert_contains(
            events.text(),
            &format!("add Algorithm::{alg} to the list"),
            alg,
        );
        assert_contains(events.text(), &format!("at least {bytes} bytes"), alg);
    }
}

#[test]
fn a_secret_is_as_long_as_the_tag_of_its_longest_algorithm() {
    for (algorithm, name, needed) in HMAC {
        let build = |len: usize| {
            with_secret(&LONG_SECRET[..len])
                .algorithms([algorithm])
                .build()
        };
        assert!(build(needed).is_ok(), "{name}");
        let error = build(needed - 1).unwrap_err();
        assert_contains(error, &needed.to_string(), name);
    }
    let both = [Algorithm::HS256, Algorithm::HS512];
    let error = with_secret(&LONG_SECRET[..63]).algorithms(both).build();
    assert_contains(error.unwrap_err(), "64", "both");
}

#[tokio::test]
async fn a_secret_file_obeys_the_length_of_the_algorithm() {
    let folder = Folder::new("secret-of-64-bytes");
    let path = folder.path("secret");
    let layer = |time: &Arc<AtomicU64>| {
        let time = Arc::clone(time);
        JwtAuthLayer::builder()
            .secret_from_file(&path)
            .algorithms([Algorithm::HS512])
            .clock(move || at(time.load(Ordering::Relaxed)))
            .build()
    };
    let time = Arc::new(AtomicU64::new(NOW));
    fs::write(&path, &LONG_SECRET[..63]).unwrap();
    assert_contains(layer(&time).unwrap_err(), "64", "");

    fs::write(&path, &LONG_SECRET[..64]).unwrap();
    let layer = layer(&time).unwrap();
    let old = token_with("HS512", &LONG_SECRET[..64]);
    assert_eq!(sent(&layer, &old).await, "accepted");

    // A secret that is too short is never used, so the one before it stays valid.
    fs::write(&path, &LONG_SECRET[1..64]).unwrap();
    for _ in 0..5 {
        time.fetch_add(3, Ordering::Relaxed);
        assert_eq!(sent(&layer, &old).await, "accepted");
        let short = token_with("HS512", &LONG_SECRET[1..64]);
        assert_eq!(sent(&layer, &short).await, "signature");
    }
}

#[tokio::test(start_paused = true)]
async fn a_listed_algorithm_keeps_the_issuer_of_its_key() {
    const KEYS: &str = "https://login.example.com/keys";
    for (key_issuer, expected) in [
        ("https://login.example.com/a/v2.0", "accepted"),
        ("https://login.example.com/b/v2.0", "issuer"),
    ] {
        let header = json!({ "alg": "RS512", "kid": "1" });
        let pages = Pages::default();
        let jwk = json!({ "kid": "1", "issuer": key_issuer });
        pages.publish(KEYS, published("RS512", &header, &[jwk]));
        let builder = JwtAuthLayer::builder()
            .jwks_url(KEYS)
            .issuer_template("https://login.example.com/{tid}/v2.0")
            .any_tenant()
            .algorithms([Algorithm::RS512])
            .allow_any_audience();
        let layer = layer_with(builder, &pages);
        layer.ready().await.unwrap();
        let iss = "https://login.example.com/a/v2.0";
        let claims = claims_with(json!({ "iss": iss, "tid": "a" }));
        let token = token_of("RS512", &header, &claims);
        assert_eq!(sent(&layer, &token).await, expected, "{key_issuer}");
    }
}

/// A JWK that names its algorithm verifies no other, even if the setting lists another.
#[tokio::test(start_paused = true)]
async fn a_stated_algorithm_is_not_extended() {
    const KEYS: &str = "https://login.example.com/keys";
    let header = json!({ "alg": "RS512", "kid": "1" });
    let pages = Pages::default();
    let jwk = json!({ "kid": "1", "alg": "RS256" });
    pages.publish(KEYS, published("RS512", &header, &[jwk]));
    let builder = JwtAuthLayer::builder().jwks_url(KEYS).allow_any_audience();
    let algorithms = [Algorithm::RS256, Algorithm::RS512];
    let layer = layer_with(builder.algorithms(algorithms), &pages);
    layer.ready().await.unwrap();
    let events = Captured::start();
    let token = token_of("RS512", &header, &claims());
    assert_eq!(sent(&layer, &token).await, "unknown_key");
    assert_contains(events.text(), "but not for", "");
    assert!(!events.text().contains(".algorithms("), "{}", events.text());
}

#[tokio::test]
async fn es256k_is_not_supported() {
    let pem = key("ES256", "signer").pem();
    let builder = JwtAuthLayer::builder()
        .public_key_pem(pem)
        .allow_any_audience();
    let layer = builder.clock(|| at(NOW)).build().unwrap();
    let header = json!({ "alg": "ES256K" });
    let events = Captured::start();
    assert_eq!(
        sent(&layer, &token_of("ES256", &header, &claims())).await,
        "algorithm"
    );
    assert_contains(events.text(), "the layer accepts RS256", "");
}
