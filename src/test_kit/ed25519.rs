//! Ed25519 key pairs; used by `signer`.

use std::sync::atomic::{AtomicUsize, Ordering};

// If both features are enabled, the backend that verifies also signs.
#[cfg(feature = "aws-lc-rs")]
use jsonwebtoken::crypto::aws_lc::DEFAULT_PROVIDER;
#[cfg(not(feature = "aws-lc-rs"))]
use jsonwebtoken::crypto::rust_crypto::DEFAULT_PROVIDER;
use jsonwebtoken::{Algorithm, EncodingKey, crypto::CryptoProvider, jwk::EllipticCurve};
use serde_json::json;

use crate::base64url;

/// Named explicitly, because the features of other crates select the process-wide provider.
static PROVIDER: &CryptoProvider = &DEFAULT_PROVIDER;

/// An Ed25519 key pair with a key ID that is unique in the process.
pub(super) struct PrivateKey {
    key_id: String,
    key: EncodingKey,
    x: Vec<u8>,
}

impl PrivateKey {
    pub(super) fn from_seed(seed: &[u8; 32]) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(1);

        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let pkcs8 = [PKCS8.as_slice(), seed].concat();
        let public = PROVIDER.key_utils.ed_pub_components_from_private_key;
        let x = public(&pkcs8, &EllipticCurve::Ed25519);
        Self {
            key_id: format!("test-key-{count}"),
            key: EncodingKey::from_ed_der(&pkcs8),
            x: x.expect("any 32 bytes are a valid Ed25519 seed"),
        }
    }

    pub(super) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signer = (PROVIDER.signer_factory)(&Algorithm::EdDSA, &self.key);
        let signer = signer.expect("the key was parsed when it was created");
        signer.sign(message)
    }
}

/// Returns the JWK Set of these keys (RFC 8037 section 2).
pub(super) fn jwks<'a>(keys: impl IntoIterator<Item = &'a PrivateKey>) -> String {
    let jwk = |key: &PrivateKey| {
        json!({
            "kty": "OKP",
            "crv": "Ed25519",
            "x": base64url::encode(&key.x),
            "kid": key.key_id,
            "alg": "EdDSA",
            "use": "sig",
        })
    };
    let keys: Vec<_> = keys.into_iter().map(jwk).collect();
    json!({ "keys": keys }).to_string()
}

/// The DER prefix of the 32 bytes of a private key (RFC 8410 section 7).
const PKCS8: [u8; 16] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
];
