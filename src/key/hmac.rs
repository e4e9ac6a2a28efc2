//! HMAC with prepared keys; used by `keys`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::{algorithm::Algorithm, secret::Secret};

/// The keys of one secret (RFC 2104, RFC 7518 section 3.2), already absorbed, once for each secret
/// instead of once for each token. The states are wiped when they are dropped.
#[derive(Clone)]
pub(crate) struct HmacKey {
    sha256: Hmac<Sha256>,
    /// Apart from the others, so that the usual key stays small.
    longer: Box<(Hmac<Sha384>, Hmac<Sha512>)>,
}

impl HmacKey {
    pub(crate) fn new(secret: &Secret) -> Self {
        Self {
            sha256: prepared(secret),
            longer: Box::new((prepared(secret), prepared(secret))),
        }
    }

    /// Verifies the tag in constant time.
    #[inline]
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], tag: &[u8]) -> bool {
        match algorithm {
            Algorithm::HS256 => is_tag(&self.sha256, message, tag),
            Algorithm::HS384 => is_tag(&self.longer.0, message, tag),
            Algorithm::HS512 => is_tag(&self.longer.1, message, tag),
            _ => false,
        }
    }
}

fn prepared<M: KeyInit>(secret: &Secret) -> M {
    M::new_from_slice(secret.as_bytes()).expect("HMAC accepts keys of any length")
}

#[inline]
fn is_tag<M: Mac + Clone>(key: &M, message: &[u8], tag: &[u8]) -> bool {
    key.clone().chain_update(message).verify_slice(tag).is_ok()
}
