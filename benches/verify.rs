//! The cost of verifying a token without HTTP, for each algorithm: with `TokenVerifier::verify`, with
//! `jsonwebtoken::decode`, and the bare signature check with a prepared key. For HS256 also the floor
//! (see `floor.rs`). Also the cost of each kind of rejected token.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --bench verify
//! ```

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tower_jwt_auth_benches::{
    floor::{Decoder, floor},
    keys::{Alg, SigningKey, prepared_hmac},
    layers, provider,
    tokens::{Fault, Naming, claims},
};

fn verify(c: &mut Criterion) {
    provider::install_fastest();
    for alg in Alg::ALL {
        let key = SigningKey::new(alg);
        valid(c, &key);
        rejected(c, &key);
    }
}

fn valid(c: &mut Criterion, key: &SigningKey) {
    let token = key.token(true, &claims(0, Naming::Anonymous));
    let mut group = c.benchmark_group(format!("verify/{}", key.alg.name()));
    group.throughput(Throughput::Elements(1));

    if key.alg == Alg::Hs256 {
        assert_eq!(token.len(), 228, "{token}");
        let prepared = prepared_hmac();
        assert!(floor(&prepared, &token).is_some());
        group.bench_function("floor", |b| b.iter(|| floor(&prepared, black_box(&token))));
    }

    let bare = key.bare_check();
    let (input, signature) = token.rsplit_once('.').expect("a token has dots");
    let signature = BASE64_URL_SAFE_NO_PAD
        .decode(signature)
        .expect("it was encoded here");
    assert!(bare.verify(input.as_bytes(), &signature));
    group.bench_function("bare_signature", |b| {
        b.iter(|| bare.verify(black_box(input).as_bytes(), &signature));
    });

    let verifier = layers::jwt_auth(key, Naming::Anonymous).verifier();
    assert!(verifier.verify(&token).is_ok());
    group.bench_function("tower_jwt_auth", |b| {
        b.iter(|| verifier.verify(black_box(&token)));
    });

    let decoder = Decoder::new(key, Naming::Anonymous);
    assert!(decoder.decode(&token).is_ok());
    group.bench_function("jsonwebtoken_decode", |b| {
        b.iter(|| decoder.decode(black_box(&token)));
    });
    group.finish();
}

fn rejected(c: &mut Criterion, key: &SigningKey) {
    let mut group = c.benchmark_group(format!("refuse/{}", key.alg.name()));
    group.throughput(Throughput::Elements(1));
    let verifier = layers::jwt_auth(key, Naming::Issuer).verifier();
    let decoder = Decoder::new(key, Naming::Issuer);
    assert!(
        verifier
            .verify(&key.token(true, &claims(0, Naming::Issuer)))
            .is_ok()
    );
    for fault in Fault::ALL {
        let token = key.invalid_token(0, Naming::Issuer, fault);
        assert!(verifier.verify(&token).is_err(), "{fault:?}");
        group.bench_function(format!("{}/tower_jwt_auth", fault.name()), |b| {
            b.iter(|| verifier.verify(black_box(&token)));
        });
        assert!(decoder.decode(&token).is_err(), "{fault:?}");
        group.bench_function(format!("{}/jsonwebtoken_decode", fault.name()), |b| {
            b.iter(|| decoder.decode(black_box(&token)));
        });
    }
    group.finish();
}

criterion_group!(benches, verify);
criterion_main!(benches);
