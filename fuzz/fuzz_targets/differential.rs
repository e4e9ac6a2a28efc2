//! Any header and any claims, signed as they are: whatever is accepted here,
//! `jsonwebtoken::decode` accepts under the same rules.
//!
//! An input is `E` for EdDSA or `H` for HS256, the header, a newline, and the claims. Every million
//! tokens it says how many were accepted.
#![no_main]

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde::{Deserialize, de::IgnoredAny};
use sha2::Sha256;
use tower_jwt_auth::{JwtAuthLayer, TokenVerifier};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

struct Keys {
    pair: Ed25519KeyPair,
    secret: TokenVerifier,
    public: TokenVerifier,
    ed: DecodingKey,
    hmac: DecodingKey,
}

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let x = BASE64_URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
    let jwk = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{x}"}}]}}"#);
    // jsonwebtoken's clock is the system's, and what the two make of time is compared elsewhere.
    let clock = || UNIX_EPOCH + Duration::from_secs(1);
    let rules = |builder: tower_jwt_auth::JwtAuthBuilder| {
        builder
            .allow_any_audience()
            .clock(clock)
            .build()
            .expect("valid")
            .verifier()
    };
    Keys {
        secret: rules(JwtAuthLayer::builder().secret(tower_jwt_auth::Secret::from_bytes(SECRET))),
        public: rules(JwtAuthLayer::builder().jwks_text(jwk)),
        ed: DecodingKey::from_ed_der(pair.public_key().as_ref()),
        hmac: DecodingKey::from_secret(SECRET),
        pair,
    }
});

#[derive(Deserialize)]
struct Anything {
    #[serde(rename = "exp")]
    _exp: IgnoredAny,
}

static TRIED: AtomicU64 = AtomicU64::new(0);
static ACCEPTED: AtomicU64 = AtomicU64::new(0);

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((kind, rest)) = input.split_first() else {
        return Corpus::Reject;
    };
    let mut parts = rest.splitn(2, |&byte| byte == b'\n');
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else {
        return Corpus::Reject;
    };
    if TRIED.fetch_add(1, Ordering::Relaxed) % 1_000_000 == 999_999 {
        let accepted = ACCEPTED.load(Ordering::Relaxed);
        eprintln!("{accepted} of {} accepted", TRIED.load(Ordering::Relaxed));
    }
    let encode = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let input = format!("{}.{}", encode(header), encode(claims));
    let keys = &*KEYS;
    let (verifier, key, algorithm, signature) = if *kind == b'E' {
        let signature = keys.pair.sign(input.as_bytes()).as_ref().to_vec();
        (&keys.public, &keys.ed, Algorithm::EdDSA, signature)
    } else {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length will do");
        let tag = mac.chain_update(&input).finalize().into_bytes().to_vec();
        (&keys.secret, &keys.hmac, Algorithm::HS256, tag)
    };
    let text = format!("{input}.{}", encode(&signature));
    let Ok(user) = verifier.verify(&text) else {
        return Corpus::Keep;
    };
    ACCEPTED.fetch_add(1, Ordering::Relaxed);
    assert!(!user.user_id().is_empty() && !user.email().is_empty());
    // It does not know the name `Ed25519`; and it reads a key that the header brings, which is not
    // looked into here, since it is never used.
    let header = String::from_utf8_lossy(header);
    if ["Ed25519", "jwk"].iter().any(|name| header.contains(name)) {
        return Corpus::Keep;
    }
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims(&["exp", "sub"]);
    let decoded = decode::<Anything>(&text, key, &validation);
    assert!(decoded.is_ok(), "{:?}: {text}", decoded.err());
    Corpus::Keep
});
