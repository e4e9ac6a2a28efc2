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
fn a_layer_is_built_outside_of_a_runtime_and_works_in_each_that_it_is_served_in() {
    let signer = key("1");
    let token = signer.token(&claims());
    // A server that outlives the runtimes of its clients.
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
async fn the_task_ends_with_the_last_clone_of_layer_and_services() {
    use tower::Layer;

    let server = KeyServer::start(Mode::Set(jwks([&key("1")]))).await;
    let layer = refreshed_each_second(&server).await;
    let service = layer.layer(());
    drop(layer);
    until(async || server.count() > 1).await;
    drop(service);
    // What was under way may still arrive.
    sleep(Duration::from_millis(100)).await;
    let count = server.count();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(), count);
}

#[test]
fn outside_of_any_runtime_a_request_is_answered_503_and_nothing_panics() {
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
        panic!("nothing is waited for")
    };
    assert_eq!(response.status(), 503);
    assert_eq!(reason(&layer, &signer.token(&claims())), "keys_unavailable");
    let faults = events.at("ERROR");
    let of_runtime = |event: &&String| event.contains("no tokio runtime");
    assert_eq!(faults.iter().filter(of_runtime).count(), 1, "{faults:#?}");
}

#[test]
fn old_keys_are_dropped_even_where_nobody_polls_the_task_that_fetches() {
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
    let (of_idle, idle) = fetched();
    let (of_ended, ended) = fetched();
    drop(ended);
    let token = signer.token(&claims());
    assert_eq!(reason(&of_idle, &token), "accepted");
    assert_eq!(reason(&of_ended, &token), "accepted");
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(reason(&of_idle, &token), "keys_unavailable");
    assert_eq!(reason(&of_ended, &token), "keys_unavailable");
    drop(idle);
}
