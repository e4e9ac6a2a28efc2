//! One of the hot paths, as many times as is asked for, for `benches/instructions` to count what it
//! takes.
//!
//! ```sh
//! cargo run --release -p tower-jwt-auth-benches --bin instructions -- accepted 1000
//! ```

use std::{convert::Infallible, env, hint::black_box};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response, StatusCode};
use tower::{Layer, Service};
use tower_jwt_auth_benches::{
    keys::{Alg, SigningKey},
    layers,
    requests::Requests,
    service::{Noop, ask},
    tokens::{Fault, Naming, USERS},
};

/// With an issuer and an audience, so that the rules about them are counted too.
const NAMING: Naming = Naming::Issuer;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [path, times] = arguments.as_slice() else {
        panic!("which path, and how many times?");
    };
    let times = times.parse().expect("how many times is a number");

    let key = SigningKey::new(Alg::Hs256);
    let tokens = key.tokens(NAMING);
    let own = Requests::own(&tokens);
    let auth = layers::jwt_auth(&key, NAMING);
    match path.as_str() {
        // What making the request and answering it takes, which is not the layers' doing.
        "bare" => run(Noop, own, StatusCode::OK, times),
        "signature" => check_signatures(&key, &tokens, times),
        "accepted" => run(auth.layer(Noop), own, StatusCode::OK, times),
        "accepted_with_path_owner" => {
            let service = auth.layer(layers::path_owner().layer(Noop));
            run(service, own, StatusCode::OK, times);
        }
        "accepted_from_cache" => {
            let cached = layers::with_cache(&key, NAMING, &tokens);
            run(cached.layer(Noop), own, StatusCode::OK, times);
            let stats = cached.cache_stats().expect("there is a cache");
            assert_eq!(stats.misses, USERS as u64, "each token is verified once");
        }
        "refused_bad_signature" => {
            let bad = Requests::own(&key.bad_tokens(NAMING, Fault::Signature));
            run(auth.layer(Noop), bad, StatusCode::UNAUTHORIZED, times);
        }
        other => panic!("{other} is no path"),
    }
}

/// A request of each user that is not counted, as it is the same however often the path is asked
/// for, and then the requests that are.
fn run<S, R>(mut service: S, mut requests: Requests, status: StatusCode, times: usize)
where
    S: Service<Request<()>, Response = Response<R>, Error = Infallible>,
{
    for _ in 0..USERS + times {
        let response = black_box(ask(&mut service, requests.make()));
        assert_eq!(response.status(), status);
    }
}

/// The checks of the signatures and nothing else, as often as [`run`] asks.
fn check_signatures(key: &SigningKey, tokens: &[String], times: usize) {
    let check = key.bare_check();
    let signed: Vec<_> = tokens
        .iter()
        .map(|token| {
            let (input, signature) = token.rsplit_once('.').expect("a token has dots");
            let signature = BASE64_URL_SAFE_NO_PAD.decode(signature);
            (input, signature.expect("it was encoded here"))
        })
        .collect();
    for (input, signature) in signed.iter().cycle().take(USERS + times) {
        assert!(check.verify(input.as_bytes(), signature));
    }
}
