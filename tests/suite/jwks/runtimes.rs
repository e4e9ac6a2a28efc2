//! The runtimes in which a layer is built, fetches its keys and is used.

use std::{future::Future, time::Duration};

use tokio::time::sleep;

use super::support::*;
use crate::{
    events::Captured,
    support::{
        key_server::{KeyServer, Mode},
        signing_keys::jwks,
        *,
    },
};

#[test]
fn a_layer_built_outside_a_runtime_works_in_any_runtime() {
    let signer = key("1");
    let token = signer.token(&claims());
    // The server runs in its own runtime, so it survives those of its clients.
    let serving = tokio::runtime::Runtime::new().unwrap();
    let server = serving.block_on(KeyServer::start(Mode::Set(jwks([&signer]))));
    let layer = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &token), "keys_unavailable");
    for fetches in [1, 2] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            assert_eq!(reason_over_http(&layer, &token).await, "accepted");
            until(async || server.count() >= fetches).await;
        });
    }
}

#[tokio::test]
async fn the_task_ends_when_the_last_layer_or_service_is_dropped() {
    use tower::Layer;

    let server = KeyServer::start(Mode::Set(jwks([&key("1")]))).await;
    let layer = refreshed_each_second(&server).await;
    let service = layer.layer(());
    drop(layer);
    until(async || server.count() > 1).await;
    drop(service);
    // A request in progress may still arrive.
    sleep(Duration::from_millis(100)).await;
    let count = server.count();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(), count);
}

#[test]
fn requests_outside_a_runtime_get_503_without_a_panic() {
    use tower::{Layer, ServiceExt, service_fn};

    let signer = key("1");
    let layer = from_url("http://127.0.0.1:1/jwks").build().unwrap();
    let inner = service_fn(|_: http::Request<()>| {
        let response = http::Response::new(String::new());
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let request = with_bearer(&signer.token(&claims()));
    let events = Captured::start();
    let mut future = Box::pin(layer.layer(inner).oneshot(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(response)) = future.as_mut().poll(&mut context) else {
        panic!("the request waits")
    };
    assert_eq!(response.status(), 503);
    assert_eq!(reason(&layer, &signer.token(&claims())), "keys_unavailable");
    let errors = events.at("ERROR");
    let names_the_runtime = |event: &&String| event.contains("no tokio runtime");
    assert_eq!(
        errors.iter().filter(names_the_runtime).count(),
        1,
        "{errors:#?}"
    );
}

#[test]
fn cached_keys_expire_even_if_the_fetch_task_is_not_polled() {
    let signer = key("1");
    let serving = tokio::runtime::Runtime::new().unwrap();
    let server = serving.block_on(KeyServer::start(Mode::Set(jwks([&signer]))));
    let fetched = || {
        let idle = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let layer = idle.block_on(async {
            let layer = from_url(server.url())
                .jwks_ttl(Duration::from_secs(1))
                .jwks_max_stale(Duration::ZERO)
                .build()
                .unwrap();
            layer.ready().await.unwrap();
            layer
        });
        (layer, idle)
    };
    let (idle_layer, idle) = fetched();
    let (ended_layer, ended) = fetched();
    drop(ended);
    let token = signer.token(&claims());
    assert_eq!(reason(&idle_layer, &token), "accepted");
    assert_eq!(reason(&ended_layer, &token), "accepted");
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(reason(&idle_layer, &token), "keys_unavailable");
    assert_eq!(reason(&ended_layer, &token), "keys_unavailable");
    drop(idle);
}
