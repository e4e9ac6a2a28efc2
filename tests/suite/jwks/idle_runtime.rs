//! A layer fetches its keys in the runtime in which it was built. If that runtime does not run, the
//! errors name the cause.

use std::{sync::Arc, time::Duration};

use tokio::{
    runtime::{Builder, Runtime},
    time::{Instant, sleep},
};
use tower_jwt_auth::JwtAuthLayer;

use crate::{
    events::{Captured, told},
    support::{memory_issuer::MemoryIssuer, signing_keys::*, *},
};

const CAUSE: &str = "the tokio runtime in which the layer was built is not running";

/// A runtime that runs only inside `block_on`, with the real clock.
fn idle() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

/// A runtime that serves the requests, with a clock that advances only while all tasks are idle.
fn serving() -> Runtime {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().start_paused(true).build().unwrap()
}

fn last_error(layer: &JwtAuthLayer) -> String {
    let health = layer.jwks_health().remove(0);
    health.last_error.unwrap_or_default()
}

fn causes(events: &Captured) -> usize {
    let errors = events.at("ERROR");
    errors.iter().filter(|event| event.contains(CAUSE)).count()
}

#[test]
fn an_idle_runtime_is_reported_until_it_runs() {
    let events = Captured::start();
    let (idle, serving) = (idle(), serving());
    let (issuer, layer) = idle.block_on(async {
        let issuer = MemoryIssuer::new();
        issuer.rotate();
        let layer = issuer.layer();
        (issuer, layer)
    });
    let token = issuer.token(&issuer.newest(), "alice");
    serving.block_on(async {
        assert_eq!(last_error(&layer), "", "a fetch may start late");
        let start = Instant::now();
        for _ in 0..3 {
            let answer = ask(layer.clone(), with_bearer(&token)).await;
            assert_eq!(answer.status(), 503);
        }
        // The first request waits for a fetch. The others are rejected without waiting.
        let waited = start.elapsed();
        assert!(waited < Duration::from_secs(11), "{waited:?}");
        assert!(last_error(&layer).contains(CAUSE));
        let error = layer.ready().await.unwrap_err().to_string();
        assert!(
            error.contains(CAUSE) && error.contains("app.example.com"),
            "{error}"
        );
    });
    assert_eq!(causes(&events), told());
    assert_eq!(issuer.fetches().len(), 0);

    idle.block_on(async {
        layer.ready().await.unwrap();
        assert_eq!(last_error(&layer), "");
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        answer.assert_reached("alice", "the runtime runs");
    });
    assert_eq!(causes(&events), told());
}

#[test]
fn ready_fails_if_the_fetching_runtime_is_idle() {
    let (idle, serving) = (idle(), serving());
    let events = Captured::start();
    let mut issuer = idle.block_on(async { MemoryIssuer::new() });
    issuer.delay = Duration::from_secs(1);
    issuer.rotate();
    let never_started = idle.block_on(async { issuer.layer() });
    let never_ended = idle.block_on(async {
        let layer = issuer.layer();
        sleep(Duration::from_millis(50)).await;
        layer
    });
    assert_eq!(issuer.fetches().len(), 2);
    serving.block_on(async {
        for layer in [&never_started, &never_ended] {
            let error = layer.ready().await.unwrap_err().to_string();
            assert!(error.contains(CAUSE), "{error}");
        }
    });
    assert_eq!(causes(&events), 2 * told());
}

#[test]
fn cached_keys_stay_in_use_while_the_runtime_is_idle() {
    let (idle, serving) = (idle(), serving());
    let events = Captured::start();
    let (issuer, layer) = idle.block_on(async {
        let issuer = MemoryIssuer::new();
        issuer.rotate();
        let layer = issuer.layer();
        layer.ready().await.unwrap();
        (issuer, layer)
    });
    let old = issuer.newest();
    let new = issuer.rotate();
    serving.block_on(async {
        let answer = ask(layer.clone(), with_bearer(&issuer.token(&old, "alice"))).await;
        answer.assert_reached("alice", "the key is cached");
        assert_eq!((causes(&events), last_error(&layer)), (0, String::new()));
        let answer = ask(layer.clone(), with_bearer(&issuer.token(&new, "alice"))).await;
        answer.assert_invalid_token("unknown_key", "the key is not fetched");
        assert_eq!(causes(&events), told());
        assert!(last_error(&layer).contains(CAUSE));
        layer.ready().await.unwrap();
        let answer = ask(layer.clone(), with_bearer(&issuer.token(&old, "alice"))).await;
        answer.assert_reached("alice", "the key is still cached");
    });
}

/// Includes slow fetches, failures, and tokens that request fetches.
#[tokio::test(start_paused = true)]
async fn a_running_runtime_is_not_reported_as_idle() {
    let events = Captured::start();
    let mut issuer = MemoryIssuer::new();
    issuer.delay = Duration::from_secs(4);
    let key = issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    let stranger = SigningKey::generate("EdDSA", "stranger");
    for minute in 0..300 {
        let is_down = (100..200).contains(&minute);
        issuer.set(Some(Arc::clone(&key)).filter(|_| !is_down));
        let invented = with_bearer(&issuer.token(&stranger, "mallory"));
        ask(layer.clone(), invented).await;
        assert!(!last_error(&layer).contains(CAUSE), "{minute}");
        sleep(Duration::from_secs(55)).await;
    }
    assert_eq!(causes(&events), 0);
}

#[test]
fn a_missing_runtime_is_reported_in_the_health() {
    let layer = idle().block_on(async {
        let issuer = MemoryIssuer::new();
        issuer.rotate();
        issuer.layer()
    });
    let token = format!("{}.e30.e30", encode(r#"{"alg":"EdDSA"}"#));
    assert_eq!(reason(&layer, &token), "keys_unavailable");
    assert!(last_error(&layer).contains("there is no tokio runtime"));
}

/// A runtime that runs on its own thread, with the real clock.
fn running() -> Runtime {
    let mut builder = Builder::new_multi_thread();
    builder.worker_threads(1).enable_all().build().unwrap()
}

async fn slow_issuer(delay: Duration) -> (MemoryIssuer, JwtAuthLayer) {
    let mut issuer = MemoryIssuer::new();
    issuer.delay = delay;
    issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    (issuer, layer)
}

#[test]
fn a_token_verified_outside_a_runtime_requests_a_fetch() {
    let fetching = running();
    let (issuer, layer) = fetching.block_on(slow_issuer(Duration::from_millis(1)));
    let token = issuer.token(&issuer.rotate(), "alice");
    assert_eq!(reason(&layer, &token), "unknown_key");
    let start = std::time::Instant::now();
    while reason(&layer, &token) != "accepted" {
        assert!(start.elapsed() < Duration::from_secs(5), "no fetch");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(issuer.fetches().len(), 2);
}

#[test]
fn a_request_continues_if_the_fetching_runtime_ends() {
    let (fetching, serving) = (running(), running());
    let (issuer, layer) = fetching.block_on(slow_issuer(Duration::from_millis(600)));
    let token = issuer.token(&issuer.rotate(), "alice");
    let start = std::time::Instant::now();
    let request = serving.spawn({
        let (layer, token) = (layer.clone(), token.clone());
        async move { ask(layer, with_bearer(&token)).await.reason() }
    });
    // The next fetch starts one second after the first and takes 600 ms.
    std::thread::sleep(Duration::from_millis(700));
    assert_eq!(issuer.fetches().len(), 2);
    fetching.shutdown_background();
    assert_eq!(serving.block_on(request).unwrap(), "accepted");
    assert!(
        start.elapsed() < Duration::from_secs(9),
        "{:?}",
        start.elapsed()
    );
}
