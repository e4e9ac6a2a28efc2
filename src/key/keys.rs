//! [`Keys`]: the secrets or public keys of one source; used by `key_source` and `token`.

use std::fmt;

use super::{
    algorithm::Algorithm,
    hmac::HmacKey,
    key_set::{KeySet, SignatureCheck},
    secret::Secret,
};

/// The keys that one source has at a given time: either shared secrets or public keys. Mixing them
/// would allow the oldest attack on JWT, which uses a public key as a secret (RFC 8725 section
/// 2.1).
pub(crate) enum Keys {
    Secrets(Vec<HmacKey>),
    Public(KeySet),
}

impl Keys {
    pub(crate) fn from_secrets<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> Self {
        // The references are collected first, because a growing vector of keys would leave copies
        // of them in freed memory.
        let secrets: Vec<&Secret> = secrets.into_iter().collect();
        Self::Secrets(secrets.into_iter().map(HmacKey::new).collect())
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Secrets(secrets) => secrets.is_empty(),
            Self::Public(set) => set.keys().is_empty(),
        }
    }

    /// Verifies the signature with the keys for this `alg` and `kid`. Secrets have no key ID, so
    /// all are tried in order.
    #[inline]
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> SignatureCheck<'_> {
        match self {
            Self::Secrets(_) if !algorithm.is_hmac() => SignatureCheck::OtherAlgorithm,
            Self::Secrets(secrets) => {
                let verifies = |key: &HmacKey| key.verify(algorithm, message, signature);
                SignatureCheck::from_result(secrets.iter().any(verifies))
            }
            Self::Public(set) => set.verify(algorithm, key_id, message, signature),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Secrets(secrets) => write!(f, "{} secrets", secrets.len()),
            Self::Public(set) => set.fmt(f),
        }
    }
}
