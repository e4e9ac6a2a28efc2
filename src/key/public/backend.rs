//! Who verifies the signatures: jsonwebtoken, over the cryptography that a feature chose. Its
//! process-wide provider is never asked, since what other crates switch on decides about that.

use super::material::Material;
use crate::key::Algorithm;

/// Said where a key is configured and no feature can use it.
pub(crate) const MISSING_BACKEND: &str = "public keys need the feature `aws-lc-rs` or `rust-crypto` of tower-jwt-auth; switch one on in Cargo.toml";

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(super) use self::enabled::{Prepared, check_edwards_point, rsa_numbers};

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(super) use self::disabled::{Prepared, check_edwards_point};

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod enabled {
    use curve25519_dalek::edwards::CompressedEdwardsY;
    use jsonwebtoken::{Algorithm as Engine, DecodingKey, crypto::CryptoProvider};

    use super::{Algorithm, Material};

    /// A key in the form that it is verified with.
    pub(crate) enum Prepared {
        Engine(Engine, DecodingKey),
        /// jsonwebtoken does not know ES512.
        #[cfg(feature = "aws-lc-rs")]
        Es512(aws_lc_rs::signature::ParsedPublicKey),
    }

    impl Prepared {
        /// Fails for what is no key: a point that is not on its curve, say.
        pub(crate) fn new(algorithm: Algorithm, material: &Material) -> Result<Self, String> {
            if algorithm == Algorithm::ES512 {
                return Self::es512(material);
            }
            let engine = engine(algorithm)?;
            let key = decoding_key(material);
            check_point(algorithm, material)?;
            (provider().verifier_factory)(&engine, &key)
                .map_err(|_| "the numbers are not those of a key".to_owned())?;
            Ok(Self::Engine(engine, key))
        }

        #[cfg(feature = "aws-lc-rs")]
        fn es512(material: &Material) -> Result<Self, String> {
            let Material::Ec { point, .. } = material else {
                return Err("the key is not one of an elliptic curve".into());
            };
            aws_lc_rs::signature::ParsedPublicKey::new(
                &aws_lc_rs::signature::ECDSA_P521_SHA512_FIXED,
                point,
            )
            .map(Self::Es512)
            .map_err(|_| "the point is not on its curve".to_owned())
        }

        #[cfg(not(feature = "aws-lc-rs"))]
        fn es512(_: &Material) -> Result<Self, String> {
            Err("ES512 needs the feature `aws-lc-rs` of tower-jwt-auth".into())
        }

        pub(crate) fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
            match self {
                // A verifier is neither Send nor Sync, so that none can be kept.
                Self::Engine(engine, key) => (provider().verifier_factory)(engine, key)
                    .is_ok_and(|verifier| verifier.verify(message, &signature.to_vec()).is_ok()),
                #[cfg(feature = "aws-lc-rs")]
                Self::Es512(key) => key.verify_sig(message, signature).is_ok(),
            }
        }
    }

    /// The modulus and the exponent of an RSA key in DER.
    pub(crate) fn rsa_numbers(der: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
        (provider().key_utils.rsa_pub_components_from_public_key)(der).ok()
    }

    /// AWS-LC takes any 32 bytes for a key of Ed25519, and either backend takes a point of small
    /// order, under which signatures of nobody's verify.
    pub(crate) fn check_edwards_point(x: &[u8]) -> Result<(), String> {
        let point = CompressedEdwardsY::from_slice(x)
            .ok()
            .and_then(|point| point.decompress())
            .ok_or("the point is not on its curve")?;
        if point.is_small_order() {
            return Err("the point is of small order, under which anybody could sign".into());
        }
        Ok(())
    }

    /// With both features on, aws-lc-rs: it is the faster one.
    fn provider() -> &'static CryptoProvider {
        #[cfg(feature = "aws-lc-rs")]
        return &jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
        #[cfg(not(feature = "aws-lc-rs"))]
        return &jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
    }

    /// RustCrypto looks at a point when it makes a verifier, AWS-LC at each signature only.
    #[cfg(feature = "aws-lc-rs")]
    fn check_point(algorithm: Algorithm, material: &Material) -> Result<(), String> {
        use aws_lc_rs::signature::{
            ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ParsedPublicKey,
        };

        let curve = match algorithm {
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::ES384 => &ECDSA_P384_SHA384_FIXED,
            _ => return Ok(()),
        };
        match material {
            Material::Ec { point, .. } if ParsedPublicKey::new(curve, point).is_ok() => Ok(()),
            _ => Err("the point is not on its curve".into()),
        }
    }

    #[cfg(not(feature = "aws-lc-rs"))]
    fn check_point(_: Algorithm, _: &Material) -> Result<(), String> {
        Ok(())
    }

    fn decoding_key(material: &Material) -> DecodingKey {
        match material {
            Material::Rsa { n, e } => DecodingKey::from_rsa_raw_components(n, e),
            Material::Ec { point, .. } => DecodingKey::from_ec_der(point),
            Material::Ed25519 { x } => DecodingKey::from_ed_der(x),
        }
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
            Algorithm::HS256 | Algorithm::ES512 => {
                return Err(format!(
                    "{algorithm} is not an algorithm of this type of key"
                ));
            }
        })
    }
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod disabled {
    use super::{Algorithm, MISSING_BACKEND, Material};

    /// There is no such key.
    pub(crate) enum Prepared {}

    pub(crate) fn check_edwards_point(_: &[u8]) -> Result<(), String> {
        Err(MISSING_BACKEND.into())
    }

    impl Prepared {
        pub(crate) fn new(_: Algorithm, _: &Material) -> Result<Self, String> {
            Err(MISSING_BACKEND.into())
        }

        pub(crate) fn verify(&self, _: &[u8], _: &[u8]) -> bool {
            match *self {}
        }
    }
}
