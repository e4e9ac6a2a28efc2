//! The floor, which is the minimum work to verify an HS256 token, and `jsonwebtoken::decode`.

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use sha2::Sha256;

use crate::{
    keys::{Alg, SECRET, SigningKey},
    tokens::{AUDIENCE, ISSUER, Naming},
};

#[derive(Deserialize)]
struct Borrowed<'a> {
    sub: &'a str,
    email: &'a str,
    name: Option<&'a str>,
    exp: u64,
}

/// Checks the HMAC with a prepared key, decodes the base64 of the three parts, and reads the claims into
/// a borrowing struct. Checks no rules.
pub fn floor(prepared: &Hmac<Sha256>, token: &str) -> Option<u64> {
    let (signing_input, signature) = token.rsplit_once('.')?;
    let (header, payload) = signing_input.split_once('.')?;
    let header = BASE64_URL_SAFE_NO_PAD.decode(header).ok()?;
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    black_box(&header);
    prepared
        .clone()
        .chain_update(signing_input)
        .verify_slice(&signature)
        .ok()?;
    let claims: Borrowed<'_> = serde_json::from_slice(&payload).ok()?;
    black_box((claims.sub, claims.email, claims.name));
    Some(claims.exp)
}

/// The claims that a service reads with `jsonwebtoken`.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    pub sub: String,
    pub email: String,
    pub name: Option<String>,
    pub exp: u64,
}

/// `jsonwebtoken::decode` with a prepared key and validation.
pub struct Decoder {
    key: DecodingKey,
    validation: Validation,
}

impl Decoder {
    pub fn new(key: &SigningKey, naming: Naming) -> Self {
        let pem = |read: fn(&[u8]) -> Result<DecodingKey, _>| {
            let read: Result<_, jsonwebtoken::errors::Error> = read(key.pem().as_bytes());
            read.expect("the PEM is a key")
        };
        let (algorithm, key) = match key.alg {
            Alg::Hs256 => (
                Algorithm::HS256,
                DecodingKey::from_secret(SECRET.as_bytes()),
            ),
            Alg::Rs256 => (Algorithm::RS256, pem(DecodingKey::from_rsa_pem)),
            Alg::Ps256 => (Algorithm::PS256, pem(DecodingKey::from_rsa_pem)),
            Alg::Es256 => (Algorithm::ES256, pem(DecodingKey::from_ec_pem)),
            Alg::EdDsa => (Algorithm::EdDSA, pem(DecodingKey::from_ed_pem)),
        };
        let mut validation = Validation::new(algorithm);
        if naming == Naming::Issuer {
            validation.set_issuer(&[ISSUER]);
            validation.set_audience(&[AUDIENCE]);
        }
        Self { key, validation }
    }

    pub fn decode(&self, token: &str) -> Result<User, jsonwebtoken::errors::Error> {
        jsonwebtoken::decode(token, &self.key, &self.validation).map(|data| data.claims)
    }
}
