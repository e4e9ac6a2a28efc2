//! [`KeySet`]: the public keys of one issuer, and the choice of those that are tried for a token.

use std::fmt;

use super::{
    document::{Entries, quoted},
    verifying_key::VerifyingKey,
};
use crate::{
    config_error::{ConfigError, Fault},
    key::algorithm::Algorithm,
};

/// The maximum number of keys that are tried for one token; each costs a signature check.
const MAX_TRIED: usize = 10;

/// Public keys of one issuer, found by key ID and algorithm.
///
/// If two different keys have the same ID and algorithm, neither is used, because the set is then
/// wrong or forged.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<String>,
}

impl KeySet {
    /// Creates a set of these keys.
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut set = Self::default();
        let keys: Vec<_> = keys.into_iter().collect();
        for key in &keys {
            let twins = || keys.iter().filter(|other| is_twin(key, other));
            if !twins().all(|other| key.has_same_material(other)) {
                set.skip(key, "another key has the same kid and algorithm");
            } else if !set.keys.iter().any(|other| is_twin(key, other)) {
                set.keys.push(key.clone());
            }
        }
        set
    }

    /// Reads a JWK Set (RFC 7517 section 5).
    ///
    /// A key that cannot be used is [skipped](Self::skipped). At most 100 keys are read.
    ///
    /// ```
    /// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// use tower_jwt_auth::{Algorithm, KeySet};
    ///
    /// let set = KeySet::from_jwks(
    ///     r#"{"keys": [
    ///         {"kty": "OKP", "crv": "Ed25519", "kid": "1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    ///         {"kty": "oct", "k": "c2VjcmV0"}
    ///     ]}"#,
    /// )?;
    /// assert_eq!(set.keys().len(), 1);
    /// assert_eq!(set.keys()[0].algorithm(), Algorithm::EdDSA);
    /// assert!(set.skipped()[0].contains("shared secret"));
    /// # Ok(())
    /// # }
    /// # #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
    /// # fn main() {}
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the text is not a JWK Set or contains no usable key.
    pub fn from_jwks(json: &str) -> Result<Self, ConfigError> {
        let read = || {
            let set = Self::read(json)?;
            set.check_not_empty()?;
            Ok(set)
        };
        read().map_err(|wrong: String| Fault::new(format!("the JWK Set: {wrong}")).into())
    }

    /// Reads a set, which may contain no usable key.
    pub(crate) fn read(json: &str) -> Result<Self, String> {
        let Entries { keys, skipped, .. } = Entries::read(json)?;
        let mut set = Self::new(keys);
        set.skipped.splice(..0, skipped);
        Ok(set)
    }

    /// Lets keys without a stated algorithm also verify `algorithms`, as far as their type allows.
    /// If a key with the same ID states one of them, only that key verifies it.
    pub(crate) fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        let mut keys = Vec::new();
        for key in &self.keys {
            keys.push(key.clone());
            for more in key.for_more_algorithms(algorithms) {
                if !self
                    .keys
                    .iter()
                    .chain(&keys)
                    .any(|other| is_twin(&more, other))
                {
                    keys.push(more);
                }
            }
        }
        self.keys = keys;
        self
    }

    /// Fails with the reason if the set has no keys.
    pub(crate) fn check_not_empty(&self) -> Result<(), String> {
        match self.skipped.as_slice() {
            _ if !self.keys.is_empty() => Ok(()),
            [] => Err("it has no keys".to_owned()),
            skipped => Err(format!(
                "it has no key that can be used: {}",
                skipped.join("; ")
            )),
        }
    }

    /// Returns whether both sets verify the same tokens.
    ///
    /// Some issuers list their keys in a different order each time. The order matters only if the
    /// set has more keys than are tried for a token without `kid`.
    #[cfg(feature = "jwks-custom")]
    pub(crate) fn has_same_keys(&self, other: &Self) -> bool {
        let is_same = |ours: &VerifyingKey, theirs: &VerifyingKey| {
            ours.algorithm() == theirs.algorithm()
                && ours.key_id() == theirs.key_id()
                && ours.has_same_material(theirs)
        };
        if self.keys.len() != other.keys.len() {
            return false;
        }
        if self.keys.len() > MAX_TRIED {
            let mut pairs = self.keys.iter().zip(&other.keys);
            return pairs.all(|(ours, theirs)| is_same(ours, theirs));
        }
        let has = |set: &Self, key: &VerifyingKey| set.keys.iter().any(|other| is_same(key, other));
        self.keys.iter().all(|key| has(other, key)) && other.keys.iter().all(|key| has(self, key))
    }

    /// Returns the keys.
    pub fn keys(&self) -> &[VerifyingKey] {
        &self.keys
    }

    /// Returns the keys that cannot be used, and the reasons, as one log line each. The layer logs
    /// them at WARN, and keys for encryption (`use: enc`) at DEBUG.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Verifies the signature with the keys for this `alg` and `kid`, the most recently listed first.
    ///
    /// Any key may have signed a token without `kid`, and a key without `kid` may have signed any
    /// token.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> SignatureCheck {
        let is_named = |key: &&VerifyingKey| key_id.is_none() || key.key_id() == key_id;
        let is_nameless = |key: &&VerifyingKey| key_id.is_some() && key.key_id().is_none();
        let newest_first = || {
            let keys = self.keys.iter().rev();
            keys.filter(|key| key.algorithm() == algorithm)
        };
        let mut candidates = newest_first()
            .filter(is_named)
            .chain(newest_first().filter(is_nameless))
            .take(MAX_TRIED)
            .peekable();
        let is_tried = candidates.peek().is_some();
        if candidates.any(|key| key.verify(message, signature)) {
            return SignatureCheck::Verified;
        }
        let has_names = self.keys.iter().any(|key| key.key_id().is_some());
        match key_id {
            _ if is_tried => SignatureCheck::InvalidSignature,
            Some(id) if has_names && !self.has(id) => SignatureCheck::UnknownKey,
            _ => SignatureCheck::OtherAlgorithm,
        }
    }

    /// Returns whether a key has this ID.
    pub(crate) fn has(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.key_id() == Some(key_id))
    }

    fn skip(&mut self, key: &VerifyingKey, why: &str) {
        let name = quoted(key.key_id().unwrap_or_default());
        self.skipped.push(format!("{name}: {why}"));
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySet")
            .field("keys", &self.keys)
            .field("skipped", &self.skipped)
            .finish()
    }
}

/// The result of verifying a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureCheck {
    Verified,
    /// At least one key was tried, and none verifies the signature.
    InvalidSignature,
    /// No key has the token's `kid`.
    UnknownKey,
    /// The keys with the token's `kid`, or all keys if it has none, are for other algorithms.
    OtherAlgorithm,
}

impl SignatureCheck {
    pub(crate) fn from_result(verified: bool) -> Self {
        if verified {
            Self::Verified
        } else {
            Self::InvalidSignature
        }
    }
}

fn is_twin(one: &VerifyingKey, other: &VerifyingKey) -> bool {
    one.key_id().is_some() && one.key_id() == other.key_id() && one.algorithm() == other.algorithm()
}
