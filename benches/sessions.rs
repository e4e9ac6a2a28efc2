//! Measures in interleaved rounds: a session whose answer is kept, and one in each form of the cookie
//! `session_data`, beside HS256 verification, and one that is looked up in Redis, if `redis-server` is
//! installed; and the MAC check of a forged cookie, beside a bare HMAC
//! and base64. The form under a public key is also beside the bare check of a signature. Uses 1,000
//! sessions. Prints JSON.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --features sessions --bench sessions
//! ```

use std::hint::black_box;

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::Mac;
use http::StatusCode;
use serde_json::json;
use tower::{Layer, ServiceExt};
use tower_jwt_auth_benches::{
    keys::{Alg, SigningKey, prepared_hmac},
    layers,
    redis::Redis,
    requests::Requests,
    rounds::{Lane, Plan, measure},
    service::{Noop, ask},
    session_data::Form,
    sessions,
    tokens::{Naming, USERS},
};

/// The origin of Better Auth for the cookie `session_data`.
const ORIGIN: &str = "https://app.example.com";

fn main() {
    let plan = Plan::from_args();
    let layer = layers::sessions();
    let cookies = sessions::cookies();

    let key = SigningKey::new(Alg::Hs256);
    let auth = layers::jwt_auth(&key, Naming::Anonymous);
    let tokens = key.tokens(Naming::Anonymous);
    let mut tokens = tokens.iter().cycle();
    let verify = Lane::of_steps("verify", || {
        let token = tokens.next().expect("a cycle has no end");
        black_box(auth.verifier().verify(token)).expect("the token is valid");
    });
    let prepared = prepared_hmac();
    let signed: Vec<_> = (0..USERS)
        .map(sessions::token)
        .map(|token| (sessions::mac(&token), token))
        .collect();
    let mut signed = signed.iter().cycle();
    let hmac_and_base64 = Lane::of_steps("hmac_and_base64", || {
        let (mac, token) = signed.next().expect("a cycle has no end");
        let mut bytes = [0; 33];
        let len = BASE64_STANDARD.decode_slice(mac, &mut bytes);
        let mac = &bytes[..len.expect("it was encoded here")];
        let checked = prepared.clone().chain_update(token).verify_slice(mac);
        black_box(checked).expect("it was signed here");
    });
    let ed = SigningKey::new(Alg::EdDsa);
    let (check, signature) = (ed.bare_check(), ed.sign(&[7; 1000]));
    let bare_eddsa = Lane::of_steps("bare_eddsa", || {
        assert!(black_box(check.verify(&[7; 1000], &signature)));
    });
    let cached = layers::session_data(ORIGIN, &ed);
    let cached = Form::ALL.map(|(form, name)| {
        let cookies = form.cookies(ORIGIN, &ed);
        requests(name, cached.layer(Noop), &cookies, StatusCode::OK)
    });
    let mut lanes = vec![
        verify,
        hmac_and_base64,
        requests("bare", Noop, &cookies, StatusCode::OK),
        requests("kept", layer.layer(Noop), &cookies, StatusCode::OK),
        requests(
            "forged",
            layer.layer(Noop),
            &sessions::forged_cookies(),
            StatusCode::UNAUTHORIZED,
        ),
        // Rejected with the same response, but before the MAC is read.
        requests(
            "malformed",
            layer.layer(Noop),
            &sessions::malformed_cookies(),
            StatusCode::UNAUTHORIZED,
        ),
    ];
    lanes.extend([bare_eddsa].into_iter().chain(cached));
    let redis = Redis::start();
    lanes.extend(redis.as_ref().map(|redis| looked_up(redis, &cookies)));
    println!("{}", json!(measure(plan, lanes)));
}

/// Requests whose sessions are looked up in Redis, one at a time.
fn looked_up<'a>(redis: &Redis, cookies: &[String]) -> Lane<'a> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.expect("the runtime is built");
    let (layer, mut requests) = (redis.layer(), Requests::with_cookies(cookies));
    Lane::of_steps("redis", move || {
        let response = layer.layer(Noop).oneshot(requests.make::<()>());
        let response = runtime.block_on(response).expect("the service never fails");
        assert_eq!(response.status(), StatusCode::OK);
    })
}

fn requests<'a, S, R>(
    name: &'static str,
    mut service: S,
    cookies: &[String],
    status: StatusCode,
) -> Lane<'a>
where
    S: tower::Service<
            http::Request<()>,
            Response = http::Response<R>,
            Error = std::convert::Infallible,
        > + 'a,
{
    let mut requests = Requests::with_cookies(cookies);
    Lane::of_steps(name, move || {
        let response = black_box(ask(&mut service, requests.make()));
        assert_eq!(response.status(), status);
    })
}
