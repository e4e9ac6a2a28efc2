//! The backends of the `jsonwebtoken` versions that have a choice of backends.

use std::sync::LazyLock;

use jsonwebtoken10::{
    Algorithm,
    crypto::{CryptoProvider, aws_lc, rust_crypto},
};

/// The same choice as in `tower_jwt_auth_benches::provider` for version 11.
static FASTEST: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    signer_factory: aws_lc::DEFAULT_PROVIDER.signer_factory,
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
        _ => (aws_lc::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
    },
    jwk_utils: aws_lc::DEFAULT_PROVIDER.jwk_utils.clone(),
});

/// Installs both providers. Call this once.
pub fn install_fastest() {
    tower_jwt_auth_benches::provider::install_fastest();
    FASTEST
        .install_default()
        .expect("no provider is installed yet");
}
