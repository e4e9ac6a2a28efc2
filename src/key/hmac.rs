//! HMAC with prepared keys; used by `keys`.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};

use super::{algorithm::Algorithm, secret::Secret};

/// The HMAC states of one secret (RFC 2104, RFC 7518 section 3.2). The secret is absorbed once,
/// instead of once for each token. The states are wiped when they are dropped.
#[derive(Clone)]
pub(crate) struct HmacKey {
    sha256: Hmac<Sha256>,
    /// Boxed, so that the state for HS256, the most common algorithm, stays small.
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
        if algorithm != Algorithm::HS256 {
            return self.verify_longer(algorithm, message, tag);
        }
        let Ok(tag) = <&[u8; 32]>::try_from(tag) else {
            return false;
        };
        let state = self.sha256.clone().chain_update(message);
        state.verify(tag.into()).is_ok()
    }

    #[cold]
    fn verify_longer(&self, algorithm: Algorithm, message: &[u8], tag: &[u8]) -> bool {
        match algorithm {
            Algorithm::HS384 => {
                let state = self.longer.0.clone().chain_update(message);
                state.verify_slice(tag).is_ok()
            }
            Algorithm::HS512 => {
                let state = self.longer.1.clone().chain_update(message);
                state.verify_slice(tag).is_ok()
            }
            _ => false,
        }
    }
}

fn prepared<M: KeyInit>(secret: &Secret) -> M {
    M::new_from_slice(secret.as_bytes()).expect("HMAC accepts keys of any length")
}
