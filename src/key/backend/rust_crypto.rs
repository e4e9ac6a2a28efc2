//! Signature checks with RustCrypto; used by `verifying_key`.

use jsonwebtoken::{
    Algorithm as Engine, DecodingKey,
    crypto::{CryptoProvider, rust_crypto::DEFAULT_PROVIDER},
};

use super::{Algorithm, KeyComponents, does_not_fit};

/// In bytes. The `rsa` crate rejects every signature under a longer modulus as invalid.
const MAX_RSA_BYTES: usize = 4096 / 8;

static PROVIDER: &CryptoProvider = &DEFAULT_PROVIDER;

/// A parsed key.
pub(in crate::key) struct ParsedKey(Engine, DecodingKey);

impl ParsedKey {
    /// Creates a parsed key. Fails if the numbers do not form a key, for example because a point is
    /// not on its curve.
    pub(in crate::key) fn new(
        algorithm: Algorithm,
        material: &KeyComponents,
    ) -> Result<Self, String> {
        let engine = engine(algorithm)?;
        let key = match material {
            KeyComponents::Rsa { n, .. } if n.len() > MAX_RSA_BYTES => {
                return Err(format!(
                    "the modulus has more than {} bits, which the feature `rust-crypto` of tower-jwt-auth does not support; enable `aws-lc-rs`",
                    MAX_RSA_BYTES * 8
                ));
            }
            KeyComponents::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            KeyComponents::Ec { point, .. } => DecodingKey::from_ec_der(point),
            KeyComponents::Ed25519 { x } => DecodingKey::from_ed_der(x),
        };
        (PROVIDER.verifier_factory)(&engine, &key).map_err(|_| match material {
            KeyComponents::Rsa { .. } => {
                "the modulus and the exponent do not form an RSA key".to_owned()
            }
            _ => "the point is not on its curve".to_owned(),
        })?;
        Ok(Self(engine, key))
    }

    pub(in crate::key) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        // A verifier is neither `Send` nor `Sync`, so it cannot be stored.
        (PROVIDER.verifier_factory)(&self.0, &self.1)
            .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok())
    }
}

/// Returns the modulus and the exponent of an RSA key in DER, or the reason as an error. The `rsa`
/// crate does not tell a key that is too long from other data.
pub(in crate::key) fn rsa_numbers(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>), String> {
    let numbers = (PROVIDER.key_utils.rsa_pub_components_from_public_key)(der);
    numbers.map_err(|_| {
        format!(
            "it is not an RSA key of up to {} bits, and the feature `rust-crypto` of tower-jwt-auth does not support longer ones; enable `aws-lc-rs`",
            MAX_RSA_BYTES * 8
        )
    })
}

fn engine(algorithm: Algorithm) -> Result<Engine, String> {
    Ok(match algorithm {
        Algorithm::RS256 => Engine::RS256,
        Algorithm::RS384 => Engine::RS384,
        Algorithm::RS512 => Engine::RS512,
        Algorithm::PS256 => Engine::PS256,
        Algorithm::PS384 => Engine::PS384,
        Algorithm::PS512 => Engine::PS512,
        Algorithm::ES256 => Engine::ES256,
        Algorithm::ES384 => Engine::ES384,
        Algorithm::EdDSA => Engine::EdDSA,
        Algorithm::ES512 => {
            return Err("ES512 needs the feature `aws-lc-rs` of tower-jwt-auth".into());
        }
        Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512 => {
            return Err(does_not_fit(algorithm));
        }
    })
}
