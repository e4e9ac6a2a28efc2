//! The request that an authenticator looks at: its way to the inner service.

use std::{
    cell::RefCell,
    convert::Infallible,
    future::{pending, ready},
    rc::Rc,
    sync::atomic::{AtomicBool, Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Response};
use http_body_util::{Empty, Full};
use tokio::{sync::oneshot, task::LocalSet};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};

use super::*;
use crate::support::strict::{Broken, Strict};

/// A body without any capability.
struct Body(Rc<str>);

/// A value in the extensions.
#[derive(Clone, Debug, PartialEq)]
struct Extension(Arc<str>);

#[tokio::test]
async fn the_request_reaches_the_service_unchanged() {
    let sent = || {
        let mut secret = HeaderValue::from_static("a");
        secret.set_sensitive(true);
        Request::builder()
            .method("PURGE")
            .uri("http://api.example.com:8080/a%2Fb?c=d")
            .version(Version::HTTP_2)
            .header("x-api-key", secret)
            .header("x-api-key", "b")
            .header("x-bytes", HeaderValue::from_bytes(b"\xFF").unwrap())
            .extension(Extension("e".into()))
            .body(Body("body".into()))
            .unwrap()
    };
    let (expected, _) = sent().into_parts();
    for result in each_way(user("alice")) {
        let seen = Arc::new(Mutex::new(None));
        let authenticator = by_fn({
            let seen = Arc::clone(&seen);
            move |request: &Parts| {
                *seen.lock().unwrap() = Some(request.clone());
                result.clone().into()
            }
        });
        let layer = keyless().authenticate_with(authenticator).build().unwrap();
        let received = Rc::new(RefCell::new(None));
        let service = layer.layer(service_fn(|request: Request<Body>| {
            *received.borrow_mut() = Some(request);
            ready(Ok::<_, Infallible>(Response::new(Empty::<Bytes>::new())))
        }));
        let response = service.oneshot(sent()).await.unwrap();
        assert_eq!(response.status(), 200);
        let (mut parts, body) = received.take().unwrap().into_parts();
        assert_eq!(&*body.0, "body");
        let user: CurrentUser = parts.extensions.remove().unwrap();
        assert_eq!(user.user_id(), "alice");
        for found in [parts, seen.lock().unwrap().take().unwrap()] {
            assert_eq!(found.method, expected.method);
            assert_eq!(found.uri, expected.uri);
            assert_eq!(found.version, expected.version);
            assert_eq!(found.headers, expected.headers);
            assert_eq!(sensitive(&found.headers), sensitive(&expected.headers));
            assert_eq!(found.extensions.get(), Some(&Extension("e".into())));
            assert_eq!(found.extensions.len(), 1);
        }
    }
}

fn sensitive(headers: &HeaderMap) -> Vec<bool> {
    headers.values().map(HeaderValue::is_sensitive).collect()
}

/// The layer must not copy the head: an extension may share its state.
#[tokio::test]
async fn the_head_of_a_request_is_not_cloned() {
    for result in each_way(user("alice")) {
        let mut request = get("/");
        let shared = Arc::new(());
        request.extensions_mut().insert(Arc::clone(&shared));
        let counts = Arc::new(Mutex::new(Vec::new()));
        let authenticator = by_fn({
            let (shared, counts) = (Arc::clone(&shared), Arc::clone(&counts));
            move |_: &Parts| {
                counts.lock().unwrap().push(Arc::strong_count(&shared));
                result.clone().into()
            }
        });
        let layer = keyless().authenticate_with(authenticator).build().unwrap();
        let before = Arc::strong_count(&shared);
        assert_eq!(ask(layer, request).await.status(), 200);
        assert_eq!(*counts.lock().unwrap(), [before]);
    }
}

#[tokio::test]
async fn the_authorization_of_another_scheme_is_marked_as_sensitive() {
    for result in each_way(user("alice")) {
        let layer = only(result);
        let service = layer.layer(service_fn(|request: Request<()>| {
            let is_sensitive = request.headers()[AUTHORIZATION].is_sensitive();
            let body = Full::<Bytes>::from(is_sensitive.to_string());
            ready(Ok::<_, Infallible>(Response::new(body)))
        }));
        let response = service.oneshot(with_authorization("Basic YTpi")).await;
        assert_eq!(response.unwrap().into_answer().await.body, "true");
    }
}

/// Caches know only the `Authorization` header as a credential.
#[tokio::test]
async fn responses_to_users_are_private() {
    for (result, configured, expected) in [
        (user("alice"), None, Some("private")),
        (
            user("alice"),
            Some("public, max-age=60"),
            Some("private, max-age=60"),
        ),
        (user("alice"), Some("no-store"), Some("no-store")),
        (NotMine, None, None),
        (NotMine, Some("public"), Some("public")),
    ] {
        for result in each_way(result) {
            let layer = with(keyless(), result).allow_anonymous().build().unwrap();
            let service = layer.layer(service_fn(|_: Request<()>| {
                let mut response = Response::new(Full::<Bytes>::default());
                if let Some(value) = configured {
                    let value = HeaderValue::from_static(value);
                    response.headers_mut().insert("cache-control", value);
                }
                ready(Ok::<_, Infallible>(response))
            }));
            let answer = service.oneshot(get("/")).await.unwrap().into_answer().await;
            assert_eq!(answer.header("cache-control"), expected);
        }
    }
}

#[tokio::test]
async fn a_service_without_tower_is_authenticated_too() {
    for result in each_way(user("alice")) {
        let (parts, ()) = get("/").into_parts();
        let found = only(result).authenticate(&parts).await.unwrap();
        assert_eq!(found.unwrap().user_id(), "alice");
    }
    for result in each_way(INVALID) {
        let (parts, ()) = get("/").into_parts();
        let response = only(result).authenticate(&parts).await.unwrap_err();
        let rejection = response.extensions().get::<Rejection>();
        assert_eq!(rejection, Some(&Rejection::InvalidCredential));
    }
}

#[tokio::test]
async fn after_a_lookup_the_inner_service_is_polled_until_ready() {
    for result in [after(user("alice")), after(after(user("alice")))] {
        let strict = Strict {
            polls_before_ready: 3,
            ..Strict::default()
        };
        let polls = Arc::clone(&strict.polls);
        let service = only(result).layer(strict);
        let answer = service.oneshot(get("/")).await.unwrap().into_answer().await;
        answer.assert_reached("alice", "a lookup");
        // Four before the lookup, and four of the clone after it.
        assert_eq!(polls.load(Ordering::Relaxed), 8);
    }
}

#[tokio::test]
async fn after_a_lookup_an_error_of_poll_ready_is_returned() {
    let strict = Strict::default();
    let (is_broken, calls) = (Arc::clone(&strict.is_broken), Arc::clone(&strict.calls));
    let breaks = by_fn(move |_: &Parts| {
        let is_broken = Arc::clone(&is_broken);
        Authentication::lookup(async move {
            is_broken.store(true, Ordering::Relaxed);
            user("alice").into()
        })
    });
    let layer = keyless().authenticate_with(breaks).build().unwrap();
    let result = layer.layer(strict).oneshot(get("/")).await;
    assert_eq!(result.err(), Some(Broken));
    assert_eq!(calls.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_rejected_request_does_not_reach_the_service() {
    for result in each_way(INVALID) {
        let strict = Strict::default();
        let calls = Arc::clone(&strict.calls);
        let response = only(result).layer(strict).oneshot(get("/")).await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_waiting_request_does_not_use_the_capacity_of_the_service() {
    let (sender, receiver) = oneshot::channel();
    let receiver = Mutex::new(Some(receiver));
    // Only the first request waits.
    let waits = by_fn(move |_: &Parts| match receiver.lock().unwrap().take() {
        None => user("bob").into(),
        Some(receiver) => Authentication::lookup(async {
            receiver.await.unwrap();
            user("alice").into()
        }),
    });
    let layer = keyless().authenticate_with(waits).build().unwrap();
    let service = ServiceBuilder::new()
        .layer(layer)
        .concurrency_limit(1)
        .service(Strict::default());
    // It stays alive, as in a server that calls one service for each request of a connection.
    let mut called = service.clone();
    let ready = ServiceExt::<Request<()>>::ready(&mut called).await;
    let mut waiting = tokio::spawn(ready.unwrap().call(get("/")));
    tokio::task::yield_now().await;
    let other = tokio::time::timeout(Duration::from_secs(1), service.oneshot(get("/"))).await;
    let answer = other.unwrap().unwrap().into_answer().await;
    answer.assert_reached("bob", "the second request");
    assert!(
        tokio::time::timeout(Duration::from_secs(1), &mut waiting)
            .await
            .is_err()
    );
    sender.send(()).unwrap();
    let answer = waiting.await.unwrap().unwrap().into_answer().await;
    answer.assert_reached("alice", "the first request");
    drop(called);
}

#[tokio::test]
async fn a_dropped_request_drops_its_lookup() {
    struct SetOnDrop(Arc<AtomicBool>);
    impl Drop for SetOnDrop {
        fn drop(&mut self) {
            self.0.store(true, Ordering::Relaxed);
        }
    }

    let is_dropped = Arc::new(AtomicBool::new(false));
    let hangs = by_fn({
        let is_dropped = Arc::clone(&is_dropped);
        move |_: &Parts| {
            let guard = SetOnDrop(Arc::clone(&is_dropped));
            Authentication::lookup(async move {
                let _guard = guard;
                pending().await
            })
        }
    });
    let layer = keyless().authenticate_with(hangs).build().unwrap();
    let mut waiting = Box::pin(layer.layer(Strict::default()).oneshot(get("/")));
    let polled = waiting
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Pending));
    assert!(!is_dropped.load(Ordering::Relaxed));
    drop(waiting);
    assert!(is_dropped.load(Ordering::Relaxed));
}

/// A service that a request's thread owns: neither it nor the body is `Send`.
#[tokio::test]
async fn requests_on_one_thread_need_no_send() {
    let layer = only(after(user("alice")));
    let counter = Rc::new(RefCell::new(0));
    let counted = Rc::clone(&counter);
    let mut service = layer.layer(service_fn(move |request: Request<Body>| {
        *counted.borrow_mut() += request.body().0.len();
        ready(Ok::<_, Infallible>(Response::new(Full::<Bytes>::default())))
    }));
    let local = LocalSet::new();
    let tasks = (0..3).map(|_| local.spawn_local(service.call(Request::new(Body("abc".into())))));
    let tasks: Vec<_> = tasks.collect();
    local.await;
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().status(), 200);
    }
    assert_eq!(*counter.borrow(), 9);
}
