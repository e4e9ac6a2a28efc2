//! Signature checks with AWS-LC; used by `verifying_key`.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    rsa::{PublicEncryptingKey, PublicKeyComponents},
    signature::{self, ParsedPublicKey, VerificationAlgorithm},
};

use super::{Algorithm, KeyComponents, does_not_fit};

/// A parsed key. It is parsed once, because parsing an RSA key takes a fifth as long as a signature
/// check.
pub(in crate::key) struct ParsedKey(ParsedPublicKey);

impl ParsedKey {
    /// Creates a parsed key. Fails if the numbers do not form a key, for example because a point is
    /// not on its curve.
    pub(in crate::key) fn new(
        algorithm: Algorithm,
        material: &KeyComponents,
    ) -> Result<Self, String> {
        let scheme = scheme(algorithm).ok_or_else(|| does_not_fit(algorithm))?;
        let key = match material {
            KeyComponents::Rsa { n, e } => {
                let der =
                    rsa_der(n, e).ok_or("the modulus and the exponent do not form an RSA key")?;
                ParsedPublicKey::new(scheme, der.as_ref())
            }
            KeyComponents::Ec { point, .. } => ParsedPublicKey::new(scheme, point),
            KeyComponents::Ed25519 { x } => ParsedPublicKey::new(scheme, x),
        };
        key.map(Self).map_err(|_| match material {
            KeyComponents::Rsa { .. } => {
                "the modulus and the exponent do not form an RSA key".to_owned()
            }
            _ => "the point is not on its curve".to_owned(),
        })
    }

    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.verify_sig(message, signature).is_ok()
    }
}

/// Returns the modulus and the exponent of an RSA key in DER, or the reason as an error.
pub(in crate::key) fn rsa_numbers(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let provider = &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
    let numbers = (provider.key_utils.rsa_pub_components_from_public_key)(der);
    numbers.map_err(|_| "it is not an RSA key".into())
}

fn rsa_der(n: &[u8], e: &[u8]) -> Option<PublicKeyX509Der<'static>> {
    let key: PublicEncryptingKey = PublicKeyComponents { n, e }.try_into().ok()?;
    key.as_der().ok()
}

fn scheme(algorithm: Algorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match algorithm {
        Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
        Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
        Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
        Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
        Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
        Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        Algorithm::ES256 => &signature::ECDSA_P256_SHA256_FIXED,
        Algorithm::ES384 => &signature::ECDSA_P384_SHA384_FIXED,
        Algorithm::ES512 => &signature::ECDSA_P521_SHA512_FIXED,
        Algorithm::EdDSA => &signature::ED25519,
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => return None,
    })
}
