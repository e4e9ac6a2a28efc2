//! The private keys of an issuer. AWS-LC signs, even if the layers verify with RustCrypto.

use std::fmt::Display;

use aws_lc_rs::{
    encoding::{AsBigEndian, AsDer, EcPublicKeyUncompressedBin, Pkcs8V1Der, PublicKeyX509Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING,
        ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding, RsaKeyPair,
    },
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, JwtAuthBuilder, JwtAuthLayer};

use crate::support::{any_audience, encode};

/// The algorithms of public keys that the backend verifies, by name.
#[cfg(feature = "aws-lc-rs")]
pub(crate) const ALGORITHMS: [&str; 10] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA",
];
#[cfg(not(feature = "aws-lc-rs"))]
pub(crate) const ALGORITHMS: [&str; 9] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// The algorithms of this list that the backend verifies. Only AWS-LC verifies ES512.
pub(crate) fn supported<const N: usize>(algs: [&str; N]) -> impl Iterator<Item = &str> {
    algs.into_iter().filter(|alg| ALGORITHMS.contains(alg))
}

/// The algorithms of RSA.
pub(crate) const RSA: [&str; 6] = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"];

/// The algorithm of this name.
pub(crate) fn algorithm(name: &str) -> Algorithm {
    match name {
        "RS256" => Algorithm::RS256,
        "RS384" => Algorithm::RS384,
        "RS512" => Algorithm::RS512,
        "PS256" => Algorithm::PS256,
        "PS384" => Algorithm::PS384,
        "PS512" => Algorithm::PS512,
        "ES256" => Algorithm::ES256,
        "ES384" => Algorithm::ES384,
        "ES512" => Algorithm::ES512,
        _ => Algorithm::EdDSA,
    }
}

/// A key pair and the algorithm that it signs with.
pub(crate) struct SigningKey {
    pub(crate) alg: &'static str,
    pub(crate) kid: String,
    pair: Pair,
}

enum Pair {
    Rsa(RsaKeyPair),
    Ec(EcdsaKeyPair),
    Ed(Ed25519KeyPair),
}

impl SigningKey {
    /// Generates a key. An RSA key takes about 0.1 s.
    pub(crate) fn generate(alg: &'static str, kid: &str) -> Self {
        let pair = match alg {
            "ES256" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap()),
            "ES384" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap()),
            "ES512" => Pair::Ec(EcdsaKeyPair::generate(&ECDSA_P521_SHA512_FIXED_SIGNING).unwrap()),
            "EdDSA" => Pair::Ed(Ed25519KeyPair::generate().unwrap()),
            _ => Pair::Rsa(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self {
            alg,
            kid: kid.to_owned(),
            pair,
        }
    }

    /// Generates a key for RS256 with a modulus of this size.
    pub(crate) fn generate_rsa(size: KeySize, kid: &str) -> Self {
        Self {
            alg: "RS256",
            kid: kid.to_owned(),
            pair: Pair::Rsa(RsaKeyPair::generate(size).unwrap()),
        }
    }

    /// The public key as a JWK, with `alg` and `kid`.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = match &self.pair {
            Pair::Rsa(pair) => {
                let key = pair.public_key();
                let n = key.modulus().big_endian_without_leading_zero().to_vec();
                let e = key.exponent().big_endian_without_leading_zero().to_vec();
                json!({ "kty": "RSA", "n": encode(n), "e": encode(e) })
            }
            Pair::Ec(pair) => {
                let point: EcPublicKeyUncompressedBin<'_> =
                    pair.public_key().as_be_bytes().unwrap();
                let (x, y) = point.as_ref()[1..].split_at(point.as_ref().len() / 2);
                let crv = match x.len() {
                    32 => "P-256",
                    48 => "P-384",
                    _ => "P-521",
                };
                json!({ "kty": "EC", "crv": crv, "x": encode(x), "y": encode(y) })
            }
            Pair::Ed(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": encode(pair.public_key().as_ref()) })
            }
        };
        jwk["alg"] = self.alg.into();
        jwk["kid"] = self.kid.as_str().into();
        jwk
    }

    /// The public key in DER (SubjectPublicKeyInfo, RFC 5280 section 4.1.2.7).
    pub(crate) fn spki(&self) -> Vec<u8> {
        let der: PublicKeyX509Der<'_> = match &self.pair {
            Pair::Rsa(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ec(pair) => pair.public_key().as_der().unwrap(),
            Pair::Ed(pair) => pair.public_key().as_der().unwrap(),
        };
        der.as_ref().to_vec()
    }

    pub(crate) fn pem(&self) -> String {
        pem("PUBLIC KEY", &self.spki())
    }

    /// The public RSA key in PKCS #1 (RFC 8017 appendix A.1.1).
    pub(crate) fn pkcs1_pem(&self) -> String {
        let Pair::Rsa(pair) = &self.pair else {
            panic!("{} is not an RSA algorithm", self.alg)
        };
        pem("RSA PUBLIC KEY", pair.public_key().as_ref())
    }

    /// The private key in PKCS #8.
    pub(crate) fn private_pem(&self) -> String {
        let der = match &self.pair {
            Pair::Rsa(pair) => {
                let der: Pkcs8V1Der<'_> = pair.as_der().unwrap();
                der.as_ref().to_vec()
            }
            Pair::Ec(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
            Pair::Ed(pair) => pair.to_pkcs8v1().unwrap().as_ref().to_vec(),
        };
        pem("PRIVATE KEY", &der)
    }

    /// A token with these claims and a header with `alg` and `kid`.
    pub(crate) fn token(&self, claims: &Value) -> String {
        self.sign(&json!({ "alg": self.alg, "kid": self.kid }), claims)
    }

    /// A token with any header, signed by this key.
    pub(crate) fn sign(&self, header: &Value, claims: &Value) -> String {
        let input = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        format!("{input}.{}", encode(self.signature(input.as_bytes())))
    }

    pub(crate) fn signature(&self, message: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ed(pair) => pair.sign(message).as_ref().to_vec(),
            Pair::Ec(pair) => pair.sign(&random, message).unwrap().as_ref().to_vec(),
            Pair::Rsa(pair) => {
                let padding: &'static dyn RsaEncoding = match self.alg {
                    "RS256" => &RSA_PKCS1_SHA256,
                    "RS384" => &RSA_PKCS1_SHA384,
                    "RS512" => &RSA_PKCS1_SHA512,
                    "PS256" => &RSA_PSS_SHA256,
                    "PS384" => &RSA_PSS_SHA384,
                    _ => &RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(padding, &random, message, &mut signature)
                    .unwrap();
                signature
            }
        }
    }
}

/// A JWK Set of these keys.
pub(crate) fn jwks<'a>(keys: impl IntoIterator<Item = &'a SigningKey>) -> String {
    jwks_of(keys.into_iter().map(SigningKey::jwk))
}

/// A JWK Set of any entries.
pub(crate) fn jwks_of(entries: impl IntoIterator<Item = Value>) -> String {
    let entries: Vec<_> = entries.into_iter().collect();
    json!({ "keys": entries }).to_string()
}

/// An object with these members added or replaced. A null member is set to null.
pub(crate) fn with(mut object: Value, members: Value) -> Value {
    for (name, value) in members.as_object().unwrap() {
        object[name] = value.clone();
    }
    object
}

/// An object without one of its members.
pub(crate) fn without(mut object: Value, name: &str) -> Value {
    object.as_object_mut().unwrap().remove(name).unwrap();
    object
}

/// A layer for the keys of this JWK Set, at the time [`NOW`].
pub(crate) fn layer_of(jwks: impl Into<String>) -> JwtAuthLayer {
    any_audience().jwks_text(jwks).build().unwrap()
}

/// The configuration errors of a builder.
#[track_caller]
pub(crate) fn fault(builder: JwtAuthBuilder) -> String {
    builder.build().unwrap_err().to_string()
}

#[track_caller]
pub(crate) fn assert_contains(text: impl Display, part: &str, row: impl Display) {
    let text = text.to_string();
    assert!(text.contains(part), "{row}: {part:?} is not in {text:?}");
}

/// The token with one bit of its signature flipped.
pub(crate) fn with_flipped_bit(token: &str) -> String {
    let (_, signature) = token.rsplit_once('.').unwrap();
    let mut signature = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
    signature[20] ^= 1;
    with_signature(token, signature)
}

/// The token with any other signature.
pub(crate) fn with_signature(token: &str, signature: impl AsRef<[u8]>) -> String {
    let (input, _) = token.rsplit_once('.').unwrap();
    format!("{input}.{}", encode(signature))
}

/// DER in PEM with this label (RFC 7468).
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let base64 = BASE64_STANDARD.encode(der);
    let lines: Vec<_> = base64.as_bytes().chunks(64).collect();
    let body = String::from_utf8(lines.join(&b'\n')).unwrap();
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

/// The sum of two big-endian numbers of equal length. It must not overflow.
pub(crate) fn add(one: &[u8], other: &[u8]) -> Vec<u8> {
    let mut carry = 0;
    let mut sum: Vec<u8> = std::iter::zip(one.iter().rev(), other.iter().rev())
        .map(|(&a, &b)| {
            let [low, high] = (u16::from(a) + u16::from(b) + carry).to_le_bytes();
            carry = high.into();
            low
        })
        .collect();
    assert_eq!(carry, 0);
    sum.reverse();
    sum
}

pub(crate) fn from_hex(hex: &str) -> Vec<u8> {
    let byte = |index| u8::from_str_radix(&hex[index..index + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(byte).collect()
}
