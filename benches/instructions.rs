//! Runs one hot path a given number of times. `benches/instructions` counts the instructions.
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

#[cfg(feature = "sessions")]
use tower_jwt_auth_benches::sessions::{self, cookies};

/// With an issuer and an audience, so that their checks are counted too.
const NAMING: Naming = Naming::Issuer;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [path, times] = arguments.as_slice() else {
        panic!("usage: instructions <path> <times>");
    };
    let times = times.parse().expect("times is a number");

    let key = SigningKey::new(Alg::Hs256);
    let tokens = key.tokens(NAMING);
    let own = Requests::own(&tokens);
    let auth = layers::jwt_auth(&key, NAMING);
    match path.as_str() {
        // The cost of the request and the response without the layers.
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
            let invalid = Requests::own(&key.invalid_tokens(NAMING, Fault::Signature));
            run(auth.layer(Noop), invalid, StatusCode::UNAUTHORIZED, times);
        }
        #[cfg(feature = "sessions")]
        "bare_with_cookie" => run(
            Noop,
            Requests::with_cookies(&cookies()),
            StatusCode::OK,
            times,
        ),
        #[cfg(feature = "sessions")]
        "session" => {
            let layer = layers::sessions();
            run(
                layer.layer(Noop),
                Requests::with_cookies(&cookies()),
                StatusCode::OK,
                times,
            );
        }
        #[cfg(feature = "sessions")]
        "refused_forged_session" => {
            let layer = layers::sessions();
            let forged = Requests::with_cookies(&sessions::forged_cookies());
            run(layer.layer(Noop), forged, StatusCode::UNAUTHORIZED, times);
        }
        #[cfg(feature = "sessions")]
        "refused_malformed_session" => {
            let layer = layers::sessions();
            let malformed = Requests::with_cookies(&sessions::malformed_cookies());
            run(
                layer.layer(Noop),
                malformed,
                StatusCode::UNAUTHORIZED,
                times,
            );
        }
        other => panic!("{other} is not a path"),
    }
}

/// Sends one request per user, which the difference of two runs cancels, and then the counted ones.
fn run<S, R>(mut service: S, mut requests: Requests, status: StatusCode, times: usize)
where
    S: Service<Request<()>, Response = Response<R>, Error = Infallible>,
{
    for _ in 0..USERS + times {
        let response = black_box(ask(&mut service, requests.make()));
        assert_eq!(response.status(), status);
    }
}

/// Checks as many signatures as [`run`] sends requests.
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
