//! Any `Authorization` fields, one per line, get a documented response without a panic.
#![no_main]

use std::{convert::Infallible, future::ready, sync::LazyLock};

use http::{HeaderValue, Request, Response, header::AUTHORIZATION};
use libfuzzer_sys::{Corpus, fuzz_target};
use tower::{Layer, Service, service_fn, util::BoxCloneSyncService};
use tower_jwt_auth::{JwtAuthLayer, Rejection};

static LAYER: LazyLock<JwtAuthLayer> = LazyLock::new(|| {
    let builder = JwtAuthLayer::builder().secret("0123456789abcdef0123456789abcdef");
    builder.build().expect("the secret is strong")
});

fuzz_target!(|input: &[u8]| -> Corpus {
    let fields: Vec<&[u8]> = input.split(|&byte| byte == b'\n').collect();
    let mut request = Request::new(());
    for field in &fields {
        let Ok(value) = HeaderValue::from_bytes(field) else {
            return Corpus::Reject;
        };
        request.headers_mut().append(AUTHORIZATION, value);
    }
    let inner: BoxCloneSyncService<_, _, Infallible> =
        BoxCloneSyncService::new(service_fn(|_| ready(Ok(Response::new(())))));
    let mut service = LAYER.layer(inner);
    let answer = poll_once(service.call(request)).expect("the request does not wait");
    let answer = answer.unwrap_or_else(|never| match never {});
    let reason = answer
        .extensions()
        .get::<Rejection>()
        .map(Rejection::reason);
    match answer.status().as_u16() {
        // The fuzzer does not know the secret.
        200 => panic!("accepted"),
        401 => assert_ne!(reason, Some("several_tokens")),
        400 => assert_eq!((reason, fields.len() > 1), (Some("several_tokens"), true)),
        status => panic!("{status}"),
    }
    Corpus::Keep
});

fn poll_once<F: Future>(future: F) -> Option<F::Output> {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => Some(output),
        std::task::Poll::Pending => None,
    }
}
