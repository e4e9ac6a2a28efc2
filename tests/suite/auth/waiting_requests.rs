//! The contract of a request that waits for its key: with the inner service, with its caller and
//! with other requests.

use std::{
    future::poll_fn,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Waker},
    time::Duration,
};

use http::Request;
use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};
use tower::{Layer, Service, ServiceExt};
use tower_jwt_auth::JwtAuthLayer;

use crate::support::{
    memory_issuer::MemoryIssuer,
    signing_keys::{SigningKey, with_signature},
    strict::{Broken, Strict},
    *,
};

const MAX_WAITING: usize = 1024;

/// An issuer that responds slowly, and a request that waits for its keys.
fn slow() -> (MemoryIssuer, JwtAuthLayer, Request<()>) {
    let mut issuer = MemoryIssuer::new();
    issuer.delay = Duration::from_millis(300);
    let key = issuer.rotate();
    let layer = issuer.layer();
    let request = with_bearer(&issuer.token(&key, "alice"));
    (issuer, layer, request)
}

fn copy(request: &Request<()>) -> Request<()> {
    let mut copied = Request::new(());
    *copied.headers_mut() = request.headers().clone();
    copied
}

async fn wait(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

#[tokio::test(start_paused = true)]
async fn after_waiting_the_inner_service_is_polled_until_ready() {
    let (_, layer, request) = slow();
    let strict = Strict {
        polls_before_ready: 3,
        ..Strict::default()
    };
    let (calls, polls) = (Arc::clone(&strict.calls), Arc::clone(&strict.polls));
    let waiting = tokio::spawn(layer.layer(strict).oneshot(request));
    wait(100).await;
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let before = polls.load(Ordering::Relaxed);
    let response = waiting.await.unwrap().unwrap();
    let answer = response.into_answer().await;
    answer.assert_reached("alice", "waited");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(polls.load(Ordering::Relaxed) >= before + 4);
}

#[tokio::test(start_paused = true)]
async fn after_waiting_an_error_of_poll_ready_is_returned() {
    let (_, layer, request) = slow();
    let strict = Strict::default();
    let (calls, is_broken) = (Arc::clone(&strict.calls), Arc::clone(&strict.is_broken));
    let waiting = tokio::spawn(layer.layer(strict).oneshot(request));
    wait(100).await;
    is_broken.store(true, Ordering::Relaxed);
    assert_eq!(waiting.await.unwrap().err(), Some(Broken));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_rejected_after_waiting_does_not_reach_the_service() {
    let (issuer, layer, _) = slow();
    let strict = Strict::default();
    let calls = Arc::clone(&strict.calls);
    let forged = with_signature(&issuer.token(&issuer.newest(), "alice"), [7; 64]);
    let unknown = issuer.token(&SigningKey::generate("EdDSA", "nowhere"), "alice");
    let service = layer.layer(strict);
    let (forged, unknown) = tokio::join!(
        service.clone().oneshot(with_bearer(&forged)),
        service.clone().oneshot(with_bearer(&unknown)),
    );
    let answer = forged.unwrap().into_answer().await;
    answer.assert_invalid_token("signature", "forged");
    let answer = unknown.unwrap().into_answer().await;
    answer.assert_invalid_token("unknown_key", "unknown");
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn a_token_can_expire_while_its_request_waits() {
    let (issuer, _, request) = slow();
    let is_later = Arc::new(AtomicBool::new(false));
    let clock = Arc::clone(&is_later);
    let builder = issuer.builder();
    let layer = builder
        .clock(move || at(NOW + u64::from(clock.load(Ordering::Relaxed)) * 1000))
        .build()
        .unwrap();
    let waiting = tokio::spawn(ask(layer, request));
    wait(100).await;
    is_later.store(true, Ordering::Relaxed);
    let answer = waiting.await.unwrap();
    answer.assert_invalid_token("expired", "expired while waiting");
}

#[tokio::test(start_paused = true)]
async fn a_waiting_future_is_woken_by_its_last_waker() {
    let (_, layer, request) = slow();
    let mut waiting = pin!(layer.layer(Strict::default()).oneshot(request));
    // The first poll registers a waker that does nothing; the second replaces it.
    let mut noop = Context::from_waker(Waker::noop());
    assert!(waiting.as_mut().poll(&mut noop).is_pending());
    let response = poll_fn(|context| waiting.as_mut().poll(context)).await;
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test(start_paused = true)]
async fn an_unpolled_future_blocks_nothing_and_still_completes() {
    let (_, layer, request) = slow();
    let unpolled = layer.layer(Strict::default()).oneshot(copy(&request));
    let mut service = layer.layer(Strict::default());
    let ready = ServiceExt::<Request<()>>::ready(&mut service).await;
    let called = ready.unwrap().call(copy(&request));
    let other = ask(layer.clone(), request).await;
    other.assert_reached("alice", "another request");
    drop(unpolled);
    wait(5000).await;
    let start = Instant::now();
    assert_eq!(called.await.unwrap().status(), 200);
    assert!(start.elapsed() < Duration::from_millis(50));
}

#[tokio::test(start_paused = true)]
async fn a_dropped_request_frees_its_place() {
    let (issuer, layer, _) = slow();
    layer.ready().await.unwrap();
    let new = issuer.rotate();
    let request = with_bearer(&issuer.token(&new, "alice"));
    for _ in 0..3 {
        let mut requests = JoinSet::new();
        for _ in 0..MAX_WAITING {
            requests.spawn(ask(layer.clone(), copy(&request)));
        }
        wait(50).await;
        requests.shutdown().await;
    }
    let answer = ask(layer, request).await;
    answer.assert_reached("alice", "in a freed place");
}

#[tokio::test(start_paused = true)]
async fn the_1025th_request_for_the_first_keys_gets_503_immediately() {
    let (issuer, layer, request) = slow();
    let mut requests = JoinSet::new();
    for _ in 0..MAX_WAITING {
        requests.spawn(ask(layer.clone(), copy(&request)));
    }
    wait(100).await;
    let start = Instant::now();
    let answer = ask(layer.clone(), request).await;
    assert_eq!(start.elapsed(), Duration::ZERO);
    assert_eq!(
        (answer.status().as_u16(), answer.reason()),
        (503, "keys_unavailable")
    );
    for answer in requests.join_all().await {
        answer.assert_reached("alice", "waited");
    }
    assert_eq!(issuer.fetches().len(), 1);
}
