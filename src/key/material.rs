//! The numbers of a public key, and the checks of their strength; used by `verifying_key`.

use super::roca::has_roca_fingerprint;
use crate::key::algorithm::Algorithm;

/// RFC 7518 section 3.3 sets the minimum.
const MIN_RSA_BITS: usize = 2048;

/// Limits the cost of a signature check.
const MAX_RSA_BITS: usize = 8192;

/// The numbers of a public key as bytes, big-endian unless the algorithm defines otherwise.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum KeyComponents {
    Rsa { n: Vec<u8>, e: Vec<u8> },
    Ec { curve: Curve, point: Vec<u8> },
    Ed25519 { x: Vec<u8> },
}

/// A public key as it was read: its numbers and its other members.
#[derive(Clone)]
pub(super) struct KeyParts {
    /// `None` for the default of the key's type.
    pub(super) algorithm: Option<Algorithm>,
    pub(super) key_id: Option<String>,
    /// The issuer whose tokens the key signs, as in Microsoft's key sets.
    pub(super) issuer: Option<String>,
    pub(super) components: KeyComponents,
}

impl From<KeyComponents> for KeyParts {
    fn from(components: KeyComponents) -> Self {
        Self {
            algorithm: None,
            key_id: None,
            issuer: None,
            components,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    pub(super) fn from_name(name: &str) -> Option<Self> {
        match name {
            "P-256" => Some(Self::P256),
            "P-384" => Some(Self::P384),
            "P-521" => Some(Self::P521),
            _ => None,
        }
    }

    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    pub(super) fn of_point(point: &[u8]) -> Option<Self> {
        let is_compressed = matches!(point.first(), Some(2 | 3));
        let coordinates = if is_compressed { 1 } else { 2 };
        let curves = [Self::P256, Self::P384, Self::P521];
        curves
            .into_iter()
            .find(|curve| point.len() == 1 + coordinates * curve.width())
    }

    /// Returns the length of a coordinate, in bytes.
    pub(super) fn width(self) -> usize {
        match self {
            Self::P256 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    fn algorithm(self) -> Algorithm {
        match self {
            Self::P256 => Algorithm::ES256,
            Self::P384 => Algorithm::ES384,
            Self::P521 => Algorithm::ES512,
        }
    }
}

impl KeyComponents {
    pub(super) fn rsa(n: &[u8], e: &[u8]) -> Self {
        // Some issuers include the sign byte of the DER encoding.
        let without_leading_zeros = |bytes: &[u8]| {
            let start = bytes
                .iter()
                .position(|&byte| byte != 0)
                .unwrap_or(bytes.len());
            bytes.get(start..).unwrap_or_default().to_vec()
        };
        Self::Rsa {
            n: without_leading_zeros(n),
            e: without_leading_zeros(e),
        }
    }

    /// Creates a key from the coordinates of an uncompressed point (SEC 1 section 2.3.3).
    pub(super) fn ec(curve: Curve, x: &[u8], y: &[u8]) -> Self {
        Self::Ec {
            curve,
            point: [&[4], x, y].concat(),
        }
    }

    /// Returns the algorithm of a key that does not state one.
    pub(super) fn default_algorithm(&self) -> Algorithm {
        match self {
            Self::Rsa { .. } => Algorithm::RS256,
            Self::Ec { curve, .. } => curve.algorithm(),
            Self::Ed25519 { .. } => Algorithm::EdDSA,
        }
    }

    /// Checks that the key is not weak and can be used with the algorithm. Returns the reason as an
    /// error otherwise.
    pub(super) fn check(&self, algorithm: Algorithm) -> Result<(), String> {
        let fits = match self {
            Self::Rsa { .. } => algorithm.is_rsa(),
            Self::Ec { curve, .. } => algorithm == curve.algorithm(),
            Self::Ed25519 { .. } => algorithm == Algorithm::EdDSA,
        };
        if !fits {
            return Err(format!("{algorithm} cannot be used with this type of key"));
        }
        match self {
            Self::Rsa { n, e } => check_rsa(n, e)?,
            Self::Ec { curve, point } => {
                if matches!(point.first(), Some(2 | 3)) {
                    return Err(
                        "the point is compressed; use the uncompressed form, which has both coordinates".into(),
                    );
                }
                if point.len() != 1 + 2 * curve.width() || point.first() != Some(&4) {
                    return Err("the length of the point does not match its curve".into());
                }
            }
            Self::Ed25519 { x } => check_ed25519(x)?,
        }
        Ok(())
    }
}

/// Checks the size and the exponent of an RSA key. NIST SP 800-56B section 6.4.1 requires an odd
/// exponent above 2^16, but the older exponent 3 is also safe for signatures.
fn check_rsa(n: &[u8], e: &[u8]) -> Result<(), String> {
    let leading_zeros = n.first().map_or(0, |byte| byte.leading_zeros()) as usize;
    let bits = n.len() * 8 - leading_zeros;
    if !(MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) {
        return Err(format!(
            "the modulus has {bits} bits but must have {MIN_RSA_BITS} to {MAX_RSA_BITS}"
        ));
    }
    // The modulus and the exponent of RSA are odd. With the exponent 1, the padded hash is its own
    // signature, so anyone could sign. A longer exponent would only slow down each signature check.
    let is_odd = |number: &[u8]| number.last().is_some_and(|byte| byte & 1 == 1);
    if !is_odd(n) || !is_odd(e) || e == [1] || e.len() > 4 {
        return Err("the modulus or the exponent is not valid for RSA".into());
    }
    if has_roca_fingerprint(n) {
        return Err("the modulus has the fingerprint of CVE-2017-15361 (ROCA), so its private key can be computed; generate a new key with other software".into());
    }
    Ok(())
}

fn check_ed25519(x: &[u8]) -> Result<(), String> {
    if x.len() != 32 {
        return Err(format!(
            "x is {} bytes long but must be 32 bytes long",
            x.len()
        ));
    }
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    super::edwards::check_point(x)?;
    Ok(())
}
