//! The signing keys of a test issuer; used by `issuer`.

use std::{
    hash::{BuildHasher, RandomState},
    sync::Arc,
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{auth::JwtAuthBuilder, key::Algorithm};

/// The signing key of an issuer.
#[derive(Clone)]
pub(super) enum Signer {
    Secret(Arc<str>),
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    Ed25519(Arc<super::ed25519::PrivateKey>),
}

impl Signer {
    pub(super) fn secret(secret: impl Into<Arc<str>>) -> Self {
        Self::Secret(secret.into())
    }

    pub(super) fn new_secret() -> Self {
        Self::secret(random_secret())
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(super) fn new_ed25519() -> Self {
        Self::Ed25519(Arc::new(super::ed25519::PrivateKey::from_seed(&seed())))
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Secret(_) => Algorithm::HS256,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Self::Ed25519(_) => Algorithm::EdDSA,
        }
    }

    pub(super) fn key_id(&self) -> Option<&str> {
        match self {
            Self::Secret(_) => None,
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Self::Ed25519(key) => Some(key.key_id()),
        }
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            Self::Secret(secret) => {
                let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
                let mac = mac.expect("HMAC accepts a key of any length");
                mac.chain_update(message).finalize().into_bytes().to_vec()
            }
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Self::Ed25519(key) => key.sign(message),
        }
    }

    /// Configures a layer to trust this key.
    pub(super) fn trusted_by(&self, builder: JwtAuthBuilder) -> JwtAuthBuilder {
        match self {
            Self::Secret(secret) => builder.secret(&**secret),
            #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
            Self::Ed25519(key) => builder.jwks_text(super::ed25519::jwks([&**key])),
        }
    }
}

/// Returns a secret that differs on each call.
pub(super) fn random_secret() -> String {
    let hex: String = seed().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("for tests only: {hex}")
}

/// Returns 32 bytes that differ on each call. They come from the random keys of hash maps, which is
/// sufficient to distinguish test issuers and needs no additional dependency.
pub(super) fn seed() -> [u8; 32] {
    let mut hash = Sha256::new();
    for index in 0..4 {
        hash.update(RandomState::new().hash_one(index).to_le_bytes());
    }
    hash.finalize().into()
}
