//! Layers in a runtime that shuts down or stalls.

use std::{
    future::Future,
    pin::pin,
    sync::mpsc,
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, Runtime},
    time::timeout,
};
use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::server::{SessionServer, ask, cookie, layer, request};

/// Polls the authentication of a request once. Returns whether it was rejected.
fn start(layer: &JwtAuthLayer, cookie: &str) -> bool {
    let (parts, ()) = request(cookie).into_parts();
    let polled = pin!(layer.authenticate(&parts)).poll(&mut Context::from_waker(Waker::noop()));
    matches!(polled, Poll::Ready(Err(_)))
}

#[test]
fn a_lookup_in_a_runtime_that_has_shut_down_blocks_nobody() {
    let runtime = Runtime::new().unwrap();
    let handle = runtime.handle().clone();
    drop(runtime);
    let (ended, wait) = mpsc::channel();
    thread::spawn(move || {
        let layer = layer(BetterAuthSessions::remote("https://app.example.com"));
        let _entered = handle.enter();
        start(&layer, &cookie(1));
        ended.send(()).unwrap();
    });
    assert_eq!(wait.recv_timeout(Duration::from_secs(5)), Ok(()));
}

#[test]
fn a_runtime_shuts_down_while_requests_arrive() {
    const ROUNDS: usize = 100;

    let (ended, wait) = mpsc::channel();
    thread::spawn(move || {
        for round in 0..ROUNDS {
            let layer = layer(BetterAuthSessions::remote("http://127.0.0.1:1").max_lookups(9_999));
            let mut runtime = Builder::new_multi_thread();
            let runtime = runtime.worker_threads(4).enable_all().build().unwrap();
            for task in 0..4 {
                let layer = layer.clone();
                runtime.spawn(async move {
                    for number in 0.. {
                        for number in number * 20..(number + 1) * 20 {
                            start(&layer, &cookie(task * 1_000_000 + number));
                        }
                        tokio::task::yield_now().await;
                    }
                });
            }
            thread::sleep(Duration::from_millis(5));
            drop(runtime);
            ended.send(round).unwrap();
        }
    });
    for round in 0..ROUNDS {
        assert_eq!(wait.recv_timeout(Duration::from_secs(10)), Ok(round));
    }
}

#[test]
fn a_request_does_not_wait_for_a_stalled_runtime() {
    let runtime = Runtime::new().unwrap();
    let stalled = Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(SessionServer::start());
    let layer = server.layer();
    {
        // This runtime does not run the lookup, as if a handler blocked its only thread.
        let _entered = stalled.enter();
        start(&layer, &cookie(1));
    }
    let before = Instant::now();
    let cookie = cookie(1);
    let asked = async { timeout(Duration::from_secs(6), ask(&layer, &cookie)).await };
    assert_eq!(runtime.block_on(asked), Ok(Err("sessions_unavailable")));
    let elapsed = before.elapsed();
    assert!(elapsed < Duration::from_secs(4), "{elapsed:?}");
}
