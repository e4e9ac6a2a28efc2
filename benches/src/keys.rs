//! The keys of an issuer, and the bare check of their signatures.

use std::hint::black_box;

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, EcPublicKeyUncompressedBin, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, ED25519, EcdsaKeyPair,
        Ed25519KeyPair, KeyPair, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
        RSA_PSS_2048_8192_SHA256, RSA_PSS_SHA256, RsaKeyPair,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

/// The secret of all HS256 tokens.
pub const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";

/// The measured algorithms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alg {
    Hs256,
    Rs256,
    Ps256,
    Es256,
    EdDsa,
}

impl Alg {
    pub const ALL: [Self; 5] = [
        Self::Hs256,
        Self::Rs256,
        Self::Ps256,
        Self::Es256,
        Self::EdDsa,
    ];

    /// The name in the header of a token.
    pub fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "HS256",
            Self::Rs256 => "RS256",
            Self::Ps256 => "PS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}

/// A key and the algorithm that it signs with.
pub struct SigningKey {
    pub alg: Alg,
    pair: Pair,
}

enum Pair {
    Secret(Hmac<Sha256>),
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// The key of [`SECRET`], or a new key pair.
    pub fn new(alg: Alg) -> Self {
        let pair = match alg {
            Alg::Hs256 => Pair::Secret(prepared_hmac()),
            Alg::Rs256 | Alg::Ps256 => {
                Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).expect("RSA"))
            }
            Alg::Es256 => {
                Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).expect("P-256"))
            }
            Alg::EdDsa => Pair::Ed(Ed25519KeyPair::generate().expect("Ed25519")),
        };
        Self { alg, pair }
    }

    /// The key ID of a key pair. A secret has none.
    pub fn key_id(&self) -> Option<&'static str> {
        (self.alg != Alg::Hs256).then_some("1")
    }

    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Secret(hmac) => {
                let tag = hmac.clone().chain_update(message).finalize();
                tag.into_bytes().to_vec()
            }
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ec(pair) => pair
                .sign(&random, message)
                .expect("it signs")
                .as_ref()
                .to_vec(),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                let signed = if self.alg == Alg::Ps256 {
                    pair.sign(&RSA_PSS_SHA256, &random, message, &mut signature)
                } else {
                    pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature)
                };
                signed.expect("it signs");
                signature
            }
        }
    }

    /// The public key as a JWK Set of one key.
    pub fn jwks(&self) -> String {
        let mut jwk = match &self.pair {
            Pair::Secret(_) => panic!("a secret is not published"),
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let n = encode(key.modulus().big_endian_without_leading_zero());
                let e = encode(key.exponent().big_endian_without_leading_zero());
                json!({ "kty": "RSA", "n": n, "e": e })
            }
            Pair::Ec(pair) => {
                let point: EcPublicKeyUncompressedBin<'_> =
                    pair.public_key().as_be_bytes().expect("a point");
                let (x, y) = point.as_ref()[1..].split_at(32);
                json!({ "kty": "EC", "crv": "P-256", "x": encode(x), "y": encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["alg"] = self.alg.name().into();
        jwk["kid"] = Value::from(self.key_id());
        jwk["use"] = "sig".into();
        json!({ "keys": [jwk] }).to_string()
    }

    /// The public key in PEM.
    pub fn pem(&self) -> String {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Secret(_) => panic!("a secret is not published"),
            Pair::Rsa(pair) => pair.public_key().as_der(),
            Pair::Ec(pair) => pair.public_key().as_der(),
            Pair::Ed(pair) => pair.public_key().as_der(),
        }
        .expect("a key has a DER form");
        let base64 = BASE64_STANDARD.encode(der.as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
    }

    /// The check of a signature alone, with a prepared key.
    pub fn bare_check(&self) -> BareCheck {
        let parsed = |algorithm, key: &[u8]| {
            BareCheck::Public(ParsedPublicKey::new(algorithm, key).expect("the key is valid"))
        };
        match &self.pair {
            Pair::Secret(hmac) => BareCheck::Secret(hmac.clone()),
            Pair::Rsa(pair) if self.alg == Alg::Ps256 => {
                parsed(&RSA_PSS_2048_8192_SHA256, pair.public_key().as_ref())
            }
            Pair::Rsa(pair) => parsed(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref()),
            Pair::Ec(pair) => parsed(&ECDSA_P256_SHA256_FIXED, pair.public_key().as_ref()),
            Pair::Ed(pair) => parsed(&ED25519, pair.public_key().as_ref()),
        }
    }
}

/// See [`SigningKey::bare_check`].
pub enum BareCheck {
    Secret(Hmac<Sha256>),
    Public(ParsedPublicKey),
}

impl BareCheck {
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Secret(hmac) => hmac
                .clone()
                .chain_update(black_box(message))
                .verify_slice(signature)
                .is_ok(),
            Self::Public(key) => key.verify_sig(black_box(message), signature).is_ok(),
        }
    }
}

/// An HMAC that is prepared with [`SECRET`].
pub fn prepared_hmac() -> Hmac<Sha256> {
    Hmac::new_from_slice(SECRET.as_bytes()).expect("any length is allowed")
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
