//! Signature checks of any message, for `tests/conformance`. The messages of foreign test vectors
//! are not tokens, so the public interface cannot verify them. Not part of the public interface.

use crate::{
    Algorithm, Secret, VerifyingKey,
    key::{Keys, SignatureCheck},
};

/// Verifies a signature with the algorithm of the key.
#[must_use]
pub fn verify(key: &VerifyingKey, message: &[u8], signature: &[u8]) -> bool {
    key.verify(message, signature)
}

/// Verifies an HMAC tag. The strength of the secret is not checked.
#[must_use]
pub fn verify_mac(secret: &Secret, algorithm: Algorithm, message: &[u8], tag: &[u8]) -> bool {
    let keys = Keys::from_secrets([secret]);
    matches!(
        keys.verify(algorithm, None, message, tag),
        SignatureCheck::Verified { .. }
    )
}
