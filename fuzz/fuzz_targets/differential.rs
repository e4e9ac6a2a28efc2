//! Any header and claims with a valid signature: a token that this crate accepts is also accepted by
//! `jsonwebtoken::decode` under the same rules.
//!
//! An input is a letter for the algorithm (see [`SIGNERS`]), the header, a newline, and the claims.
//! After every million tokens, the target prints how many were accepted.
#![no_main]

use std::{
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, UNIX_EPOCH},
};

use aws_lc_rs::{
    rand::SystemRandom,
    rsa::KeySize,
    signature::{self as aws, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RsaKeyPair},
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use libfuzzer_sys::{Corpus, fuzz_target};
use serde::{Deserialize, de::IgnoredAny};
use sha2::Sha256;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, Secret, TokenVerifier};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

/// A key that signs tokens, and the two verifiers.
struct Signer {
    letter: u8,
    sign: Box<dyn Fn(&[u8]) -> Vec<u8> + Send + Sync>,
    ours: TokenVerifier,
    theirs: DecodingKey,
    algorithm: Algorithm,
}

static SIGNERS: LazyLock<Vec<Signer>> = LazyLock::new(|| {
    let mut signers = vec![hmac(), ed25519()];
    for (letter, algorithm, curve, signing) in [
        (
            b'2',
            Algorithm::ES256,
            "P-256",
            &aws::ECDSA_P256_SHA256_FIXED_SIGNING,
        ),
        (
            b'3',
            Algorithm::ES384,
            "P-384",
            &aws::ECDSA_P384_SHA384_FIXED_SIGNING,
        ),
    ] {
        let pair = EcdsaKeyPair::generate(signing).expect("a key pair");
        let point = pair.public_key().as_ref()[1..].to_vec();
        let (x, y) = point.split_at(point.len() / 2);
        let (x, y) = (encode(x), encode(y));
        let jwk = format!(r#""kty":"EC","crv":"{curve}","x":"{x}","y":"{y}""#);
        let theirs = DecodingKey::from_ec_components(&x, &y).expect("a point");
        let sign = move |input: &[u8]| {
            let signature = pair.sign(&SystemRandom::new(), input).expect("signed");
            signature.as_ref().to_vec()
        };
        signers.push(public(letter, algorithm, &jwk, theirs, sign));
    }
    for (letter, algorithm, padding) in [
        (
            b'R',
            Algorithm::RS256,
            &aws::RSA_PKCS1_SHA256 as &'static dyn aws::RsaEncoding,
        ),
        (b'S', Algorithm::RS384, &aws::RSA_PKCS1_SHA384),
        (b'T', Algorithm::RS512, &aws::RSA_PKCS1_SHA512),
        (b'P', Algorithm::PS256, &aws::RSA_PSS_SHA256),
        (b'Q', Algorithm::PS384, &aws::RSA_PSS_SHA384),
        (b'U', Algorithm::PS512, &aws::RSA_PSS_SHA512),
    ] {
        let pair = RsaKeyPair::generate(KeySize::Rsa2048).expect("a key pair");
        let n = encode(
            pair.public_key()
                .modulus()
                .big_endian_without_leading_zero(),
        );
        let e = encode(
            pair.public_key()
                .exponent()
                .big_endian_without_leading_zero(),
        );
        let jwk = format!(r#""kty":"RSA","n":"{n}","e":"{e}","alg":"{algorithm:?}""#);
        let theirs = DecodingKey::from_rsa_components(&n, &e).expect("numbers");
        let sign = move |input: &[u8]| {
            let mut signature = vec![0; pair.public_modulus_len()];
            pair.sign(padding, &SystemRandom::new(), input, &mut signature)
                .expect("signed");
            signature
        };
        signers.push(public(letter, algorithm, &jwk, theirs, sign));
    }
    signers
});

fn hmac() -> Signer {
    let sign = |input: &[u8]| {
        let mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length is allowed");
        mac.chain_update(input).finalize().into_bytes().to_vec()
    };
    Signer {
        letter: b'H',
        sign: Box::new(sign),
        ours: verifier(JwtAuthLayer::builder().secret(Secret::from_bytes(SECRET))),
        theirs: DecodingKey::from_secret(SECRET),
        algorithm: Algorithm::HS256,
    }
}

fn ed25519() -> Signer {
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    let public_key = pair.public_key().as_ref().to_vec();
    let jwk = format!(
        r#""kty":"OKP","crv":"Ed25519","x":"{}""#,
        encode(&public_key)
    );
    let theirs = DecodingKey::from_ed_der(&public_key);
    let sign = move |input: &[u8]| pair.sign(input).as_ref().to_vec();
    public(b'E', Algorithm::EdDSA, &jwk, theirs, sign)
}

fn public(
    letter: u8,
    algorithm: Algorithm,
    jwk: &str,
    theirs: DecodingKey,
    sign: impl Fn(&[u8]) -> Vec<u8> + Send + Sync + 'static,
) -> Signer {
    let keys = KeySet::from_jwks(&format!(r#"{{"keys":[{{{jwk}}}]}}"#)).expect("a key set");
    Signer {
        letter,
        sign: Box::new(sign),
        ours: verifier(JwtAuthLayer::builder().keys(keys)),
        theirs,
        algorithm,
    }
}

fn verifier(builder: JwtAuthBuilder) -> TokenVerifier {
    // jsonwebtoken always uses the system clock, so times are compared elsewhere.
    let clock = || UNIX_EPOCH + Duration::from_secs(1);
    let layer = builder.allow_any_audience().clock(clock).build();
    layer.expect("valid").verifier()
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

#[derive(Deserialize)]
struct Anything {
    #[serde(rename = "exp")]
    _exp: IgnoredAny,
}

static TRIED: AtomicU64 = AtomicU64::new(0);
static ACCEPTED: AtomicU64 = AtomicU64::new(0);

fuzz_target!(|input: &[u8]| -> Corpus {
    let Some((letter, rest)) = input.split_first() else {
        return Corpus::Reject;
    };
    let mut parts = rest.splitn(2, |&byte| byte == b'\n');
    let (Some(header), Some(claims)) = (parts.next(), parts.next()) else {
        return Corpus::Reject;
    };
    let signer = SIGNERS.iter().find(|signer| signer.letter == *letter);
    let Some(signer) = signer else {
        return Corpus::Reject;
    };
    // RSA signs a thousand times slower than the others, so only one input in 16 is used.
    let is_rsa = b"RSTPQU".contains(letter);
    let sum: u32 = rest.iter().map(|&byte| u32::from(byte)).sum();
    if is_rsa && sum % 16 != 0 {
        return Corpus::Reject;
    }
    if TRIED.fetch_add(1, Ordering::Relaxed) % 1_000_000 == 999_999 {
        let accepted = ACCEPTED.load(Ordering::Relaxed);
        eprintln!("{accepted} of {} accepted", TRIED.load(Ordering::Relaxed));
    }
    let input = format!("{}.{}", encode(header), encode(claims));
    let text = format!("{input}.{}", encode((signer.sign)(input.as_bytes())));
    let Ok(user) = signer.ours.verify(&text) else {
        return Corpus::Keep;
    };
    ACCEPTED.fetch_add(1, Ordering::Relaxed);
    assert!(!user.user_id().is_empty() && !user.email().is_empty());
    // jsonwebtoken does not know the name `Ed25519`. It also parses the `jwk` of a header, which this
    // crate never uses.
    let header = String::from_utf8_lossy(header);
    if ["Ed25519", "jwk"].iter().any(|name| header.contains(name)) {
        return Corpus::Keep;
    }
    let mut validation = Validation::new(signer.algorithm);
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.set_required_spec_claims(&["exp", "sub"]);
    let decoded = decode::<Anything>(&text, &signer.theirs, &validation);
    assert!(decoded.is_ok(), "{:?}: {text}", decoded.err());
    Corpus::Keep
});
