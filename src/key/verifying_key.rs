//! [`VerifyingKey`]: a public key and the algorithm that it is used with.

use std::{fmt, sync::Arc};

use super::{
    backend::ParsedKey, jwk::Jwk, lenient::parse, material::KeyParts, pem, signature::is_canonical,
};
use crate::{
    config_error::{ConfigError, Fault},
    key::algorithm::Algorithm,
};

/// A public key, which can verify tokens but not mint them.
///
/// A key is bound to one [`Algorithm`]. If neither its `alg` nor your code names one, the key uses
/// the default of its type, and [`algorithms`](crate::JwtAuthBuilder::algorithms) adds others of
/// its type. Cloning a key copies one pointer.
///
/// Weak keys are rejected when they are read: RSA keys under 2048 bits, with the exponent 1, or
/// with the fingerprint of CVE-2017-15361 (ROCA); points off their curve; and points of small
/// order.
///
/// Reading a key needs the feature `aws-lc-rs` or `rust-crypto`.
///
/// ```
/// # #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
/// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
/// use tower_jwt_auth::{Algorithm, JwtAuthLayer, VerifyingKey};
///
/// let key = VerifyingKey::from_jwk(
///     r#"{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
/// )?
/// .with_key_id("2026");
/// assert_eq!((key.algorithm(), key.key_id()), (Algorithm::EdDSA, Some("2026")));
/// let auth = JwtAuthLayer::builder()
///     .key(key)
///     .audience("https://api.example.com")
///     .build()?;
/// # drop(auth);
/// # Ok(())
/// # }
/// # #[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
/// # fn main() {}
/// ```
#[derive(Clone)]
pub struct VerifyingKey(Arc<Inner>);

struct Inner {
    parts: KeyParts,
    /// The algorithm of the parts, or the default of the key's type.
    algorithm: Algorithm,
    parsed: ParsedKey,
}

impl VerifyingKey {
    /// Reads a public key in PEM: `PUBLIC KEY` (RFC 7468 section 13) or `RSA PUBLIC KEY`.
    ///
    /// The key is used with the default algorithm of its type (RS256, ES256, ES384, ES512, or
    /// EdDSA) and with the algorithms of its type that
    /// [`algorithms`](crate::JwtAuthBuilder::algorithms) lists.
    /// [`with_algorithm`](Self::with_algorithm) sets another algorithm.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the input is not a public key, if the key is weak, or if anything other
    /// than white space surrounds it. Read each key with a separate call.
    pub fn from_pem(pem: impl AsRef<[u8]>) -> Result<Self, ConfigError> {
        let read = || {
            let components = pem::read(pem.as_ref())?;
            Self::new(components.into())
        };
        read().map_err(|reason| Fault::new(format!("the public key in PEM: {reason}")).into())
    }

    /// Reads a JWK (RFC 7517).
    ///
    /// The key is used with its `alg`. Without `alg`, it is used with the default algorithm of its
    /// `kty` and `crv`, and with the algorithms of its type that
    /// [`algorithms`](crate::JwtAuthBuilder::algorithms) lists.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the JWK is not a public key for signatures, or if the key is weak.
    pub fn from_jwk(json: &str) -> Result<Self, ConfigError> {
        let read = || Self::from_members(&parse(json)?);
        read().map_err(|reason| Fault::new(format!("the JWK: {reason}")).into())
    }

    /// Checks an entry of a JWK Set. Returns the reason as an error if it cannot be used.
    pub(super) fn from_members(jwk: &Jwk<'_>) -> Result<Self, String> {
        Self::new(jwk.read()?)
    }

    /// Returns the same key bound to another algorithm, such as [`Algorithm::PS256`] for an RSA
    /// key.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if this type of key does not support the algorithm.
    pub fn with_algorithm(self, algorithm: Algorithm) -> Result<Self, ConfigError> {
        self.bound_to(algorithm)
            .map_err(|reason| Fault::new(format!("the public key: {reason}")).into())
    }

    /// Returns the same key with this key ID. It is then used for tokens with that `kid` and for
    /// tokens without a `kid`.
    #[must_use]
    pub fn with_key_id(self, key_id: impl Into<String>) -> Self {
        // This cannot fail, because the ID does not affect whether the key is valid.
        Self::new(KeyParts {
            key_id: Some(key_id.into()),
            ..self.0.parts.clone()
        })
        .unwrap_or(self)
    }

    /// Returns the algorithm of the key.
    pub fn algorithm(&self) -> Algorithm {
        self.0.algorithm
    }

    /// Returns the key ID (RFC 7517 section 4.5), if the key has one.
    pub fn key_id(&self) -> Option<&str> {
        self.0.parts.key_id.as_deref()
    }

    /// Returns the issuer whose tokens the key signs, if its JWK names one.
    pub(crate) fn issuer(&self) -> Option<&str> {
        self.0.parts.issuer.as_deref()
    }

    /// Returns the reason as an error if the key cannot be used.
    fn new(parts: KeyParts) -> Result<Self, String> {
        let components = &parts.components;
        let algorithm = parts.algorithm;
        let algorithm = algorithm.unwrap_or_else(|| components.default_algorithm());
        components.check(algorithm)?;
        let parsed = ParsedKey::new(algorithm, components)?;
        Ok(Self(Arc::new(Inner {
            parts,
            algorithm,
            parsed,
        })))
    }

    fn bound_to(&self, algorithm: Algorithm) -> Result<Self, String> {
        Self::new(KeyParts {
            algorithm: Some(algorithm),
            ..self.0.parts.clone()
        })
    }

    /// Returns a copy of this key for each other algorithm of its type in `algorithms`, unless its
    /// `alg` or [`with_algorithm`](Self::with_algorithm) binds it to one (RFC 7517 section 4.4).
    pub(crate) fn for_more_algorithms(&self, algorithms: &[Algorithm]) -> Vec<Self> {
        let is_other = |algorithm: &&Algorithm| **algorithm != self.0.algorithm;
        let bound_to = |&algorithm: &Algorithm| self.bound_to(algorithm).ok();
        match self.0.parts.algorithm {
            Some(_) => Vec::new(),
            None => algorithms
                .iter()
                .filter(is_other)
                .filter_map(bound_to)
                .collect(),
        }
    }

    /// Returns whether both have the same key material and the same issuer.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.0.parts.components == other.0.parts.components && self.issuer() == other.issuer()
    }

    pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        is_canonical(signature, &self.0.parts.components)
            && self.0.parsed.verify(message, signature)
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("algorithm", &self.0.algorithm)
            .field("key_id", &self.key_id())
            .finish_non_exhaustive()
    }
}
