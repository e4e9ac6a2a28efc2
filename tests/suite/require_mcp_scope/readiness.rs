//! The contract with the inner service while a body is read.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use tokio::sync::mpsc;
use tower::{Service, limit::ConcurrencyLimitLayer};

use super::*;
use crate::support::strict::{Broken, Strict};

/// A body whose chunks come from a channel, and the sender.
fn slow_body() -> (mpsc::UnboundedSender<Bytes>, SlowBody) {
    let (sender, chunks) = mpsc::unbounded_channel();
    (sender, SlowBody(chunks))
}

struct SlowBody(mpsc::UnboundedReceiver<Bytes>);

impl Body for SlowBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let chunk = self.0.poll_recv(context);
        chunk.map(|chunk| chunk.map(|chunk| Ok(http_body::Frame::data(chunk))))
    }
}

/// [`ServiceExt::ready`] for requests with this type of body. Panics if that takes long, because a
/// request keeps the only permit.
async fn ready<B, S>(service: &mut S) -> &mut S
where
    S: Service<Request<B>, Error: std::fmt::Debug>,
{
    let ready = tokio::time::timeout(Duration::from_secs(1), service.ready());
    ready.await.expect("a permit is free").unwrap()
}

async fn settle() {
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test(start_paused = true)]
async fn the_inner_service_is_polled_until_ready_before_it_is_called() {
    let strict = Strict {
        polls_before_ready: 3,
        ..Strict::default()
    };
    let (calls, polls) = (Arc::clone(&strict.calls), Arc::clone(&strict.polls));
    let (sender, body) = slow_body();
    let answer = tokio::spawn(tools().layer(strict).oneshot(post(&user("read"), body)));
    settle().await;
    assert_eq!(calls.load(Ordering::Relaxed), 0);
    let before = polls.load(Ordering::Relaxed);
    sender.send(call("list").into()).unwrap();
    drop(sender);
    let answer = answer.await.unwrap().unwrap().into_answer().await;
    answer.assert_reached("alice", "a slow body");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(polls.load(Ordering::Relaxed) >= before + 4);
}

#[tokio::test(start_paused = true)]
async fn a_rejected_body_never_reaches_the_inner_service() {
    let strict = Strict::default();
    let calls = Arc::clone(&strict.calls);
    let mut service = tools().layer(strict);
    for body in [call("add"), "[]".to_owned()] {
        let request = post(&user("read"), text(body));
        let service = ready::<Full<Bytes>, _>(&mut service).await;
        let response = service.call(request).await.unwrap();
        assert!(response.status().is_client_error());
    }
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn after_the_body_an_error_of_poll_ready_is_returned() {
    let strict = Strict::default();
    let is_broken = Arc::clone(&strict.is_broken);
    let (sender, body) = slow_body();
    let answer = tokio::spawn(tools().layer(strict).oneshot(post(&user("read"), body)));
    settle().await;
    is_broken.store(true, Ordering::Relaxed);
    sender.send(call("list").into()).unwrap();
    drop(sender);
    assert_eq!(answer.await.unwrap().err(), Some(Broken));
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_no_permit_while_its_body_is_read() {
    let limited = ConcurrencyLimitLayer::new(1).layer(Strict::default());
    let mut service = tools().layer(limited);
    let mut senders = Vec::new();
    let mut slow = Vec::new();
    for _ in 0..10 {
        let (sender, body) = slow_body();
        sender.send("{\"method\":".into()).unwrap();
        senders.push(sender);
        let called = ready::<SlowBody, _>(&mut service).await;
        slow.push(tokio::spawn(called.call(post(&user("read"), body))));
        settle().await;
    }
    // A complete request overtakes them.
    let (sender, body) = slow_body();
    sender.send(call("list").into()).unwrap();
    drop(sender);
    let request = post(&user("read"), body);
    let fast = ready::<SlowBody, _>(&mut service).await.call(request);
    let fast = tokio::time::timeout(Duration::from_secs(1), fast).await;
    assert_eq!(fast.unwrap().unwrap().status(), 200);

    for sender in senders {
        sender.send("\"tools/list\"}".into()).unwrap();
    }
    for slow in slow {
        assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    }
}

#[tokio::test(start_paused = true)]
async fn an_unpolled_or_dropped_future_keeps_no_permit() {
    let limited = ConcurrencyLimitLayer::new(1).layer(Strict::default());
    let mut service = tools().layer(limited);
    let request = || post(&user("read"), text(call("list")));
    let unpolled = ready::<Full<Bytes>, _>(&mut service).await.call(request());
    drop(ready::<Full<Bytes>, _>(&mut service).await.call(request()));
    let response = ready::<Full<Bytes>, _>(&mut service)
        .await
        .call(request())
        .await;
    assert_eq!(response.unwrap().status(), 200);
    assert_eq!(unpolled.await.unwrap().status(), 200);
}
