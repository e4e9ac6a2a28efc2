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

/// The public keys of one issuer, looked up by key ID and algorithm.
///
/// If two different keys have the same ID and algorithm, neither is used, because the set is then
/// invalid or forged.
#[derive(Clone, Default)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
    skipped: Vec<String>,
}

impl KeySet {
    /// Creates a set of these keys. If two different keys have the same ID and algorithm, both are
    /// [skipped](Self::skipped).
    pub fn new(keys: impl IntoIterator<Item = VerifyingKey>) -> Self {
        let mut set = Self::default();
        let keys: Vec<_> = keys.into_iter().collect();
        for key in &keys {
            let mut same_id = keys.iter().filter(|other| have_same_id(key, other));
            if !same_id.all(|other| key.is_same(other)) {
                set.skip(key, "another key has the same kid and algorithm");
            } else if !set.keys.iter().any(|other| have_same_id(key, other)) {
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
    /// [`ConfigError`] if the document is not a JWK Set or contains no usable key.
    pub fn from_jwks(json: &str) -> Result<Self, ConfigError> {
        let read = || {
            let set = Self::read(json)?;
            set.check_not_empty()?;
            Ok(set)
        };
        read().map_err(|reason: String| Fault::new(format!("the JWK Set: {reason}")).into())
    }

    /// Reads a set, which may contain no usable key.
    pub(crate) fn read(json: &str) -> Result<Self, String> {
        let Entries { keys, skipped, .. } = Entries::read(json)?;
        let mut set = Self::new(keys);
        set.skipped.splice(..0, skipped);
        Ok(set)
    }

    /// For each key without a stated algorithm, adds the entries of `algorithms` that its type
    /// supports. If a key with the same ID states one of them, only that key is used for it.
    pub(crate) fn with_algorithms(mut self, algorithms: &[Algorithm]) -> Self {
        let mut keys = Vec::new();
        for key in &self.keys {
            keys.push(key.clone());
            for variant in key.for_more_algorithms(algorithms) {
                if !self
                    .keys
                    .iter()
                    .chain(&keys)
                    .any(|other| have_same_id(&variant, other))
                {
                    keys.push(variant);
                }
            }
        }
        self.keys = keys;
        self
    }

    /// Returns the reason as an error if the set has no keys.
    pub(crate) fn check_not_empty(&self) -> Result<(), String> {
        match self.skipped.as_slice() {
            _ if !self.keys.is_empty() => Ok(()),
            [] => Err("it has no keys".to_owned()),
            skipped => Err(format!("it has no usable key: {}", skipped.join("; "))),
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
                && ours.is_same(theirs)
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

    /// Returns the keys that cannot be used and the reasons, as one log line per key. The layer
    /// logs them at WARN, and keys for encryption (`use: enc`) at DEBUG.
    pub fn skipped(&self) -> &[String] {
        &self.skipped
    }

    /// Verifies the signature with the keys for this `alg` and `kid`, the last key first.
    ///
    /// Any key may have signed a token without `kid`, and a key without `kid` may have signed any
    /// token.
    pub(crate) fn verify(
        &self,
        algorithm: Algorithm,
        key_id: Option<&str>,
        message: &[u8],
        signature: &[u8],
    ) -> SignatureCheck<'_> {
        let has_token_id = |key: &&VerifyingKey| key_id.is_none() || key.key_id() == key_id;
        let has_no_id = |key: &&VerifyingKey| key_id.is_some() && key.key_id().is_none();
        let last_first = || {
            let keys = self.keys.iter().rev();
            keys.filter(|key| key.algorithm() == algorithm)
        };
        let mut candidates = last_first()
            .filter(has_token_id)
            .chain(last_first().filter(has_no_id))
            .take(MAX_TRIED)
            .peekable();
        let has_candidates = candidates.peek().is_some();
        if let Some(key) = candidates.find(|key| key.verify(message, signature)) {
            return SignatureCheck::Verified {
                key_issuer: key.issuer(),
            };
        }
        let has_key_ids = self.keys.iter().any(|key| key.key_id().is_some());
        match key_id {
            _ if has_candidates => SignatureCheck::InvalidSignature,
            Some(id) if has_key_ids && !self.has_key_id(id) => SignatureCheck::UnknownKey,
            _ => SignatureCheck::OtherAlgorithm,
        }
    }

    /// Returns whether a key has this ID.
    pub(crate) fn has_key_id(&self, key_id: &str) -> bool {
        self.keys.iter().any(|key| key.key_id() == Some(key_id))
    }

    fn skip(&mut self, key: &VerifyingKey, reason: &str) {
        let name = quoted(key.key_id().unwrap_or_default());
        self.skipped.push(format!("{name}: {reason}"));
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
pub(crate) enum SignatureCheck<'k> {
    Verified {
        /// The issuer whose tokens the key signs, if its JWK names one.
        key_issuer: Option<&'k str>,
    },
    /// At least one key was tried, and none verifies the signature.
    InvalidSignature,
    /// No key has the token's `kid`.
    UnknownKey,
    /// The keys with the token's `kid`, or all keys if it has none, are for other algorithms.
    OtherAlgorithm,
}

impl SignatureCheck<'_> {
    pub(crate) fn from_result(verified: bool) -> Self {
        if verified {
            Self::Verified { key_issuer: None }
        } else {
            Self::InvalidSignature
        }
    }
}

/// Returns whether two keys have the same ID and algorithm, in which case a token cannot select one
/// of them.
fn have_same_id(one: &VerifyingKey, other: &VerifyingKey) -> bool {
    one.key_id().is_some() && one.key_id() == other.key_id() && one.algorithm() == other.algorithm()
}
