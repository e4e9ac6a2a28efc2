//! HMAC-SHA256 with a prepared key; used by `secret`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::secret::Secret;

/// The length of an HMAC-SHA256 tag, in bytes.
pub(crate) const TAG_LEN: usize = 32;

/// HMAC-SHA256 (RFC 2104, RFC 7518 section 3.2) with the key already absorbed: once per secret
/// instead of once per token. The state is wiped when it is dropped.
#[derive(Clone)]
pub(crate) struct HmacKey(Hmac<Sha256>);

impl HmacKey {
    pub(crate) fn new(secret: &Secret) -> Self {
        let state = Hmac::new_from_slice(secret.as_bytes());
        Self(state.expect("HMAC accepts keys of any length"))
    }

    /// Verifies the tag in constant time.
    #[inline]
    pub(crate) fn verify(&self, message: &[u8], tag: &[u8; TAG_LEN]) -> bool {
        self.0
            .clone()
            .chain_update(message)
            .verify(tag.into())
            .is_ok()
    }
}
