//! The backends of both versions of `jsonwebtoken` that leave a choice.

use std::sync::LazyLock;

use jsonwebtoken10::{
    Algorithm,
    crypto::{CryptoProvider, aws_lc, rust_crypto},
};

/// As `tower_jwt_auth_benches::provider` has it for version 11.
static FASTEST: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    signer_factory: aws_lc::DEFAULT_PROVIDER.signer_factory,
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
        _ => (aws_lc::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
    },
    jwk_utils: aws_lc::DEFAULT_PROVIDER.jwk_utils.clone(),
});

/// To be called once.
pub fn install_fastest() {
    tower_jwt_auth_benches::provider::install_fastest();
    FASTEST
        .install_default()
        .expect("nothing was installed before");
}
