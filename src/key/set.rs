use std::fmt;

use super::{Secret, hmac::HmacKey};

/// A signature algorithm (RFC 7518 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Algorithm {
    Hs256,
}

impl Algorithm {
    /// Names are compared byte for byte: `hs256` is no algorithm.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        (name == "HS256").then_some(Self::Hs256)
    }
}

/// The keys that tokens are verified with at one time. Each has exactly one algorithm.
#[derive(Default)]
pub(crate) struct KeySet {
    hmac: Vec<HmacKey>,
}

impl KeySet {
    pub(crate) fn from_secrets<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        Self {
            hmac: secrets.into_iter().map(HmacKey::new).collect(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.hmac.is_empty()
    }

    /// Whether a key of the set verifies tokens of this algorithm.
    pub(crate) fn has(&self, algorithm: Algorithm) -> bool {
        match algorithm {
            Algorithm::Hs256 => !self.hmac.is_empty(),
        }
    }

    /// Whether a key of this algorithm made the signature. Secrets are tried in their order.
    pub(crate) fn verify(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match algorithm {
            Algorithm::Hs256 => signature
                .try_into()
                .is_ok_and(|tag| self.hmac.iter().any(|key| key.verify(message, tag))),
        }
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet").finish_non_exhaustive()
    }
}
