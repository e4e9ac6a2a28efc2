//! [`Algorithm`]: the registered signature algorithms.

use std::{fmt, str::FromStr};

use crate::config_error::{ConfigError, Fault};

/// A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
///
/// HS256, HS384, and HS512 are always supported. The other algorithms need the feature `aws-lc-rs` or `rust-crypto`;
/// ES512 and RSA keys over 4096 bits need `aws-lc-rs`.
///
/// Each key has exactly one algorithm, and a token is verified with the algorithm of its key. The
/// `alg` in the token's header must match it but never selects it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// HMAC with SHA-256; the key is a shared [`Secret`](crate::Secret).
    HS256,
    /// HMAC with SHA-384; the secret needs 48 bytes. Accepted only where
    /// [`algorithms`](crate::JwtAuthBuilder::algorithms) lists it.
    HS384,
    /// HMAC with SHA-512; the secret needs 64 bytes. Accepted only where
    /// [`algorithms`](crate::JwtAuthBuilder::algorithms) lists it.
    HS512,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-384.
    RS384,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// RSASSA-PSS with SHA-384.
    PS384,
    /// RSASSA-PSS with SHA-512.
    PS512,
    /// ECDSA over P-256 with SHA-256.
    ES256,
    /// ECDSA over P-384 with SHA-384.
    ES384,
    /// ECDSA over P-521 with SHA-512.
    ES512,
    /// EdDSA over Ed25519. Tokens may also name it `Ed25519` (RFC 9864 section 2.2).
    EdDSA,
}

const NAMES: [(&str, Algorithm); 14] = [
    ("HS256", Algorithm::HS256),
    ("HS384", Algorithm::HS384),
    ("HS512", Algorithm::HS512),
    ("RS256", Algorithm::RS256),
    ("RS384", Algorithm::RS384),
    ("RS512", Algorithm::RS512),
    ("PS256", Algorithm::PS256),
    ("PS384", Algorithm::PS384),
    ("PS512", Algorithm::PS512),
    ("ES256", Algorithm::ES256),
    ("ES384", Algorithm::ES384),
    ("ES512", Algorithm::ES512),
    ("EdDSA", Algorithm::EdDSA),
    ("Ed25519", Algorithm::EdDSA),
];

impl Algorithm {
    /// Returns the algorithm with this name. Names are case-sensitive (RFC 7515 section 4.1.1).
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES
            .iter()
            .find(|(known, _)| *known == name)
            .map(|&(_, algorithm)| algorithm)
    }

    /// Returns whether the key of this algorithm is a shared secret.
    #[inline]
    pub(crate) fn is_hmac(self) -> bool {
        matches!(self, Self::HS256 | Self::HS384 | Self::HS512)
    }

    /// Returns the minimum length of its secret, in bytes: the length of its tag (RFC 7518 section
    /// 3.2). Keys of other algorithms have their own rules.
    pub(crate) fn min_secret_len(self) -> usize {
        match self {
            Self::HS512 => 64,
            Self::HS384 => 48,
            _ => 32,
        }
    }

    pub(crate) fn is_rsa(self) -> bool {
        matches!(
            self,
            Self::RS256 | Self::RS384 | Self::RS512 | Self::PS256 | Self::PS384 | Self::PS512
        )
    }
}

/// Parses the registered name, such as `EdDSA`, or `Ed25519`. Names are case-sensitive (RFC 7515
/// section 4.1.1).
///
/// ```
/// use tower_jwt_auth::Algorithm;
///
/// assert_eq!("ES256".parse::<Algorithm>()?, Algorithm::ES256);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
impl FromStr for Algorithm {
    type Err = ConfigError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::from_name(name).ok_or_else(|| {
            let names = NAMES.map(|(name, _)| name).join(", ");
            Fault::new(format!(
                "this is not the name of a supported algorithm; use one of {names}"
            ))
            .into()
        })
    }
}

/// Writes the registered name, such as `EdDSA`.
impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, algorithm)| algorithm == self);
        f.write_str(name.map_or("", |(name, _)| name))
    }
}
