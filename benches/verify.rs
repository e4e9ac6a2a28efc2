//! What it takes to verify an HS256 token of 228 bytes: with `TokenVerifier::verify`, with
//! `jsonwebtoken::decode`, and at the least: the floor is an HMAC whose key was prepared before,
//! the base64 of the three parts, and the claims read into a struct that borrows from them, with
//! not one rule checked.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --bench verify
//! ```

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, crypto::rust_crypto, decode, encode,
};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use tower_jwt_auth::JwtAuthLayer;

const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";

#[derive(Serialize, Deserialize)]
struct Claims<'a> {
    sub: &'a str,
    email: &'a str,
    name: Option<&'a str>,
    exp: u64,
}

#[derive(Deserialize)]
struct OwnedClaims {
    sub: String,
    email: String,
    name: Option<String>,
    exp: u64,
}

fn mint() -> String {
    let claims = Claims {
        sub: "Ch5Xg706sPSJrDvHnPOjwa0DUx3twNCq",
        email: "ada@example.com",
        name: Some("Ada Lovelace K."),
        exp: 4_102_444_800,
    };
    let token = encode(
        &Header::new(Algorithm::HS256),
        &claims,
        &EncodingKey::from_secret(SECRET.as_bytes()),
    )
    .expect("the claims are JSON");
    assert_eq!(token.len(), 228, "{token}");
    token
}

fn floor(prepared: &Hmac<Sha256>, token: &str) -> Option<u64> {
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
    let claims: Claims<'_> = serde_json::from_slice(&payload).ok()?;
    black_box((claims.sub, claims.email, claims.name));
    Some(claims.exp)
}

fn verify(c: &mut Criterion) {
    rust_crypto::DEFAULT_PROVIDER
        .install_default()
        .expect("it is installed once");
    let token = mint();
    let mut group = c.benchmark_group("verify");
    group.throughput(Throughput::Elements(1));

    let prepared = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length will do");
    assert!(floor(&prepared, &token).is_some());
    group.bench_function("floor", |b| b.iter(|| floor(&prepared, black_box(&token))));

    let verifier = JwtAuthLayer::builder()
        .secret(SECRET)
        .build()
        .expect("the secret is strong")
        .verifier();
    assert!(verifier.verify(&token).is_ok());
    group.bench_function("tower_jwt_auth", |b| {
        b.iter(|| verifier.verify(black_box(&token)));
    });

    let key = DecodingKey::from_secret(SECRET.as_bytes());
    let validation = Validation::new(Algorithm::HS256);
    let decode = |token: &str| decode::<OwnedClaims>(token, &key, &validation);
    let decoded = decode(&token).expect("the token is valid").claims;
    black_box((decoded.sub, decoded.email, decoded.name, decoded.exp));
    group.bench_function("jsonwebtoken_decode", |b| {
        b.iter(|| decode(black_box(&token)))
    });

    let tampered = format!("{}AAAA{}", &token[..180], &token[184..]);
    group.bench_function("tower_jwt_auth_bad_signature", |b| {
        b.iter(|| verifier.verify(black_box(&tampered)));
    });
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
