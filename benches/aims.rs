//! Measures the ratios of the aims in interleaved rounds: verification to the bare signature check,
//! and for HS256 verification and the layer to the floor. Uses 1,000 tokens with two headers. Prints
//! JSON.
//!
//! `verify.rs` and `layer.rs` measure more, but one benchmark after the other. On a shared machine,
//! that is too imprecise for a bound of a few percent.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --bench aims
//! ```

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Map, Value};
use tower::Layer;
use tower_jwt_auth_benches::{
    floor::floor,
    keys::{Alg, SigningKey, prepared_hmac},
    layers,
    requests::Requests,
    rounds::{Lane, Plan, measure},
    service::{Noop, ask},
    tokens::Naming,
};

fn main() {
    let plan = Plan::from_args();
    let results: Map<_, _> = Alg::ALL
        .into_iter()
        .map(|alg| (alg.name().to_owned(), measure_algorithm(alg, plan)))
        .collect();
    println!("{}", Value::Object(results));
}

fn measure_algorithm(alg: Alg, plan: Plan) -> Value {
    let key = SigningKey::new(alg);
    let tokens = key.tokens(Naming::Anonymous);
    let auth = layers::jwt_auth(&key, Naming::Anonymous);

    let bare = key.bare_check();
    let signed: Vec<_> = tokens.iter().map(|token| split(token)).collect();
    let bare_signature = Lane::of_steps(
        "bare_signature",
        cycle(&signed, |(input, signature)| {
            assert!(bare.verify(input.as_bytes(), signature));
        }),
    );
    let verifier = auth.verifier();
    let verify = Lane::of_steps(
        "verify",
        cycle(&tokens, |token| {
            black_box(verifier.verify(token)).expect("the token is valid");
        }),
    );
    let cached = layers::with_cache(&key, Naming::Anonymous, &tokens);
    let mut lanes = vec![
        bare_signature,
        verify,
        requests("bare", Noop, &tokens),
        requests("layer", auth.layer(Noop), &tokens),
        requests("layer_with_cache", cached.layer(Noop), &tokens),
    ];
    if alg != Alg::Hs256 {
        return measure(plan, lanes);
    }

    let prepared = prepared_hmac();
    lanes.push(Lane::of_steps(
        "floor",
        cycle(&tokens, move |token| {
            black_box(floor(&prepared, token)).expect("the token is valid");
        }),
    ));
    let with_owner = auth.layer(layers::path_owner().layer(Noop));
    lanes.push(requests("layer_with_path_owner", with_owner, &tokens));
    measure(plan, lanes)
}

/// Splits a token into its signing input and its signature.
fn split(token: &str) -> (&str, Vec<u8>) {
    let (input, signature) = token.rsplit_once('.').expect("a token has dots");
    let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
    (input, signature.expect("it was encoded here"))
}

/// Returns a step that uses the next item each time.
fn cycle<T>(items: &[T], mut step: impl FnMut(&T)) -> impl FnMut() {
    let mut items = items.iter().cycle();
    move || step(items.next().expect("a cycle has no end"))
}

fn requests<'a, S, R>(name: &'static str, mut service: S, tokens: &[String]) -> Lane<'a>
where
    S: tower::Service<
            http::Request<()>,
            Response = http::Response<R>,
            Error = std::convert::Infallible,
        > + 'a,
{
    let mut requests = Requests::own(tokens);
    Lane::of_steps(name, move || {
        let response = black_box(ask(&mut service, requests.make()));
        assert!(response.status().is_success());
    })
}
