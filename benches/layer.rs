//! The cost of the layers around a service that does nothing: requests of 1,000 users, each with their
//! own token, with two headers. Every figure includes the creation of the request, so the cost of the
//! layers is the difference to `bare`.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --bench layer
//! ```

use std::{convert::Infallible, hint::black_box};

use criterion::{
    BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main, measurement::WallTime,
};
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};
use tower_jwt_auth_benches::{
    floor::floor,
    keys::{Alg, SigningKey, prepared_hmac},
    layers,
    requests::Requests,
    service::{Noop, ask},
    tokens::{Fault, Naming, USERS},
};

fn layer(c: &mut Criterion) {
    for alg in [Alg::Hs256, Alg::EdDsa] {
        let key = SigningKey::new(alg);
        let mut group = c.benchmark_group(format!("layer/{}", alg.name()));
        group.throughput(Throughput::Elements(1));
        let tokens = key.tokens(Naming::Anonymous);
        if alg == Alg::Hs256 {
            floor_of(&mut group, &tokens);
        }
        allowed(&mut group, &key, &tokens);
        rejected(&mut group, &key, &tokens);
        group.finish();
    }
}

/// The floor of `verify.rs`, with the same tokens as the layers.
fn floor_of(group: &mut BenchmarkGroup<'_, WallTime>, tokens: &[String]) {
    let prepared = prepared_hmac();
    let mut tokens = tokens.iter().cycle();
    group.bench_function("floor", |b| {
        b.iter(|| floor(&prepared, tokens.next().expect("a cycle has no end")));
    });
}

fn allowed(group: &mut BenchmarkGroup<'_, WallTime>, key: &SigningKey, tokens: &[String]) {
    let auth = layers::jwt_auth(key, Naming::Anonymous);
    let requests = || Requests::own(tokens);
    bench(group, "bare", Noop, requests(), StatusCode::OK);
    let service = auth.layer(Noop);
    bench(group, "jwt_auth", service, requests(), StatusCode::OK);
    let service = auth.layer(layers::path_owner().layer(Noop));
    bench(
        group,
        "jwt_auth_path_owner",
        service,
        requests(),
        StatusCode::OK,
    );
}

fn rejected(group: &mut BenchmarkGroup<'_, WallTime>, key: &SigningKey, tokens: &[String]) {
    let auth = layers::jwt_auth(key, Naming::Anonymous);
    let invalid = |fault| Requests::own(&key.invalid_tokens(Naming::Anonymous, fault));
    for (name, requests, status) in [
        (
            "refused_missing",
            Requests::without_token(USERS),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "refused_bad_signature",
            invalid(Fault::Signature),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "refused_expired",
            invalid(Fault::Expired),
            StatusCode::UNAUTHORIZED,
        ),
        (
            "refused_other_path",
            Requests::of_another(tokens),
            StatusCode::FORBIDDEN,
        ),
    ] {
        let service = auth.layer(layers::path_owner().layer(Noop));
        bench(group, name, service, requests, status);
    }
}

/// Checks the status of each request, and then measures the requests.
fn bench<S, R>(
    group: &mut BenchmarkGroup<'_, WallTime>,
    name: &str,
    mut service: S,
    mut requests: Requests,
    status: StatusCode,
) where
    S: Service<Request<()>, Response = Response<R>, Error = Infallible>,
{
    for _ in 0..USERS {
        assert_eq!(
            ask(&mut service, requests.make()).status(),
            status,
            "{name}"
        );
    }
    group.bench_function(name, |b| {
        b.iter(|| black_box(ask(&mut service, requests.make())));
    });
}

criterion_group!(benches, layer);
criterion_main!(benches);
