//! The fastest configuration of `jsonwebtoken`.

use std::sync::LazyLock;

use jsonwebtoken::{
    Algorithm,
    crypto::{CryptoProvider, aws_lc, rust_crypto},
};

/// RustCrypto for HS256 and AWS-LC for all other algorithms. Each is about twice as fast as the other.
static FASTEST: LazyLock<CryptoProvider> = LazyLock::new(|| CryptoProvider {
    signer_factory: aws_lc::DEFAULT_PROVIDER.signer_factory,
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::HS256 => (rust_crypto::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
        _ => (aws_lc::DEFAULT_PROVIDER.verifier_factory)(algorithm, key),
    },
    key_utils: aws_lc::DEFAULT_PROVIDER.key_utils.clone(),
});

/// Installs the provider for `jsonwebtoken` 11 in this process. Call this once.
pub fn install_fastest() {
    FASTEST
        .install_default()
        .expect("no provider is installed yet");
}
