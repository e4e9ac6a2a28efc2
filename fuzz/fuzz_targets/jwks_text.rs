//! Any string as a JWK Set is read or rejected without a panic. The keys do not panic either.
#![no_main]

use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::{JwtAuthLayer, KeySet};

fuzz_target!(|json: &str| {
    let Ok(set) = KeySet::from_jwks(json) else {
        return;
    };
    assert!(!set.keys().is_empty() && set.keys().len() <= 100);
    let _ = format!("{set:?}");
    let verifier = JwtAuthLayer::builder()
        .keys(set)
        .audience("https://api.example.com")
        .build()
        .expect("it has keys")
        .verifier();
    // Headers of EdDSA, ES256 and RS256 without a `kid`, with signatures of zeros.
    for header in [
        "eyJhbGciOiJFZERTQSJ9",
        "eyJhbGciOiJFUzI1NiJ9",
        "eyJhbGciOiJSUzI1NiJ9",
    ] {
        for length in [86, 342] {
            let token = format!("{header}.e30.{}", "A".repeat(length));
            assert!(verifier.verify(&token).is_err());
        }
    }
});
