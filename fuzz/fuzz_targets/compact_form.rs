//! Any string as a token is rejected without a panic, because the fuzzer does not know the secret.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use tower_jwt_auth::{JwtAuthLayer, TokenVerifier};

static VERIFIER: LazyLock<TokenVerifier> = LazyLock::new(|| {
    let builder = JwtAuthLayer::builder().secret("0123456789abcdef0123456789abcdef");
    builder.build().expect("the secret is strong").verifier()
});

fuzz_target!(|token: &str| {
    let error = VERIFIER.verify(token).expect_err("no key signed it");
    assert!(!error.reason().is_empty());
});
