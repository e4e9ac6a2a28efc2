//! Tower's contract: a service is called only when it is ready, and its response is forwarded
//! unchanged.

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Ready, ready},
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, Version};
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use tower::{Layer, Service, ServiceExt, buffer::Buffer, limit::ConcurrencyLimit, service_fn};
use tower_jwt_auth::{
    CurrentUser, JwtAuth, JwtAuthLayer, PathOwner, PathOwnerLayer, RequireFreshLayer,
    RequireScopeLayer, ResponseBody, ResponseFuture,
};

use crate::support::*;

/// Runs the block for each layer, with a request that it accepts and one that it rejects.
macro_rules! for_each {
    (|$layer:ident, $valid:ident, $invalid:ident| $block:block) => {
        for_each!(@ (layer(), with_token, get_root), |$layer, $valid, $invalid| $block);
        for_each!(@ (owner(), by_owner, by_another), |$layer, $valid, $invalid| $block);
        for_each!(@ (scope(), with_scope, by_owner), |$layer, $valid, $invalid| $block);
        for_each!(@ (class(), with_class, by_owner), |$layer, $valid, $invalid| $block);
    };
    (@ $all:expr, |$layer:ident, $valid:ident, $invalid:ident| $block:block) => {{
        let ($layer, $valid, $invalid) = $all;
        $block
    }};
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn scope() -> RequireScopeLayer {
    RequireScopeLayer::new("tasks").unwrap()
}

fn class() -> RequireFreshLayer {
    RequireFreshLayer::any_acr(["mfa"]).unwrap()
}

fn with_scope() -> Request<()> {
    with_claims(serde_json::json!({ "scope": "tasks" }))
}

fn with_class() -> Request<()> {
    with_claims(serde_json::json!({ "acr": "mfa" }))
}

fn with_claims(claims: serde_json::Value) -> Request<()> {
    let token = token(&claims_with(claims));
    let mut request = get("/");
    let user = layer().verifier().verify(&token).unwrap();
    request.extensions_mut().insert(user);
    request
}

fn with_token() -> Request<()> {
    with_bearer(&token(&claims()))
}

fn get_root() -> Request<()> {
    get("/")
}

fn by_owner() -> Request<()> {
    let mut request = get("/api/alice/tasks");
    let user = CurrentUser::new("alice", "alice@example.com");
    request.extensions_mut().insert(user);
    request
}

fn by_another() -> Request<()> {
    let mut request = get("/api/alice/tasks");
    let user = CurrentUser::new("bob", "bob@example.com");
    request.extensions_mut().insert(user);
    request
}

#[tokio::test]
async fn the_inner_service_is_called_only_when_it_is_ready() {
    for_each!(|layer, valid, invalid| {
        let strict = Strict::default();
        let calls = Arc::clone(&strict.calls);
        let mut service = layer.layer(strict);
        for _ in 0..3 {
            let rejected = service
                .ready()
                .await
                .unwrap()
                .call(invalid())
                .await
                .unwrap();
            assert_ne!(rejected.status(), 200);
            let accepted = service.ready().await.unwrap().call(valid()).await.unwrap();
            assert_eq!(accepted.status(), 200);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    });
}

#[tokio::test]
async fn the_layer_is_not_ready_before_the_inner_service_is() {
    for_each!(|layer, valid, _invalid| {
        let mut service = layer.layer(Strict {
            polls_before_ready: 3,
            ..Strict::default()
        });
        let mut context = Context::from_waker(Waker::noop());
        assert!(poll_ready(&mut service, &mut context).is_pending());
        let accepted = service.ready().await.unwrap().call(valid()).await.unwrap();
        assert_eq!(accepted.status(), 200);
    });
}

#[tokio::test]
async fn the_inner_service_is_never_cloned() {
    for_each!(|layer, valid, invalid| {
        let strict = Strict::default();
        let clones = Arc::clone(&strict.clones);
        let mut service = layer.layer(strict);
        for request in [valid(), invalid(), valid(), invalid()] {
            service.ready().await.unwrap().call(request).await.unwrap();
        }
        assert_eq!(clones.load(Ordering::Relaxed), 0);
    });
}

#[tokio::test]
async fn a_rejected_request_does_not_reach_the_inner_service() {
    for_each!(|layer, _valid, invalid| {
        let strict = Strict::default();
        let calls = Arc::clone(&strict.calls);
        layer.layer(strict).oneshot(invalid()).await.unwrap();
        assert_eq!(calls.load(Ordering::Relaxed), 0);
    });
}

#[tokio::test]
async fn layers_work_inside_and_around_a_buffer() {
    for_each!(|layer, valid, invalid| {
        let mut service = Buffer::new(layer.layer(Buffer::new(Strict::default(), 1)), 1);
        for _ in 0..20 {
            assert_eq!(soon(call(&mut service, valid())).await.status(), 200);
            assert_ne!(soon(call(&mut service, invalid())).await.status(), 200);
        }
    });
}

#[tokio::test]
async fn layers_work_inside_and_around_a_concurrency_limit() {
    for_each!(|layer, valid, invalid| {
        let limited = ConcurrencyLimit::new(Strict::default(), 1);
        let mut service = ConcurrencyLimit::new(layer.layer(limited), 1);
        for _ in 0..20 {
            assert_eq!(soon(call(&mut service, valid())).await.status(), 200);
            assert_ne!(soon(call(&mut service, invalid())).await.status(), 200);
            assert_ne!(soon(call(&mut service, invalid())).await.status(), 200);
        }
    });
}

#[tokio::test]
async fn a_dropped_clone_returns_its_permit_after_a_rejection() {
    for_each!(|layer, valid, invalid| {
        let service = layer.layer(ConcurrencyLimit::new(Strict::default(), 1));
        for _ in 0..3 {
            let rejected = soon(service.clone().oneshot(invalid())).await.unwrap();
            assert_ne!(rejected.status(), 200);
            let accepted = soon(service.clone().oneshot(valid())).await.unwrap();
            assert_eq!(accepted.status(), 200);
        }
    });
}

#[tokio::test]
async fn an_error_of_poll_ready_is_returned() {
    for_each!(|layer, _valid, invalid| {
        let mut service = layer.layer(Broken {
            is_ready: Err(Broke("not ready")),
        });
        let error = service.ready().await.err();
        assert_eq!(error, Some(Broke("not ready")));
        // The error is returned for a rejected request too.
        let error = service.oneshot(invalid()).await.err();
        assert_eq!(error, Some(Broke("not ready")));
    });
}

#[tokio::test]
async fn an_error_of_call_is_returned() {
    for_each!(|layer, valid, _invalid| {
        let service = layer.layer(Broken { is_ready: Ok(()) });
        let error = service.oneshot(valid()).await.err();
        assert_eq!(error, Some(Broke("failed")));
    });
}

#[tokio::test]
async fn the_head_of_the_inner_response_is_unchanged() {
    for_each!(|layer, valid, _invalid| {
        let service = layer.layer(service_fn(async |_: Request<()>| {
            let response = Response::builder()
                .status(401)
                .version(Version::HTTP_2)
                .header("www-authenticate", "Basic")
                .header("x-custom", "1")
                .extension(42_u8);
            Ok::<_, Infallible>(response.body(Full::<Bytes>::default()).unwrap())
        }));
        let response = service.oneshot(valid()).await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.version(), Version::HTTP_2);
        assert_eq!(response.headers().len(), 2);
        assert_eq!(response.headers()["www-authenticate"], "Basic");
        assert_eq!(response.headers()["x-custom"], "1");
        assert_eq!(response.extensions().get(), Some(&42_u8));
        assert!(
            response
                .extensions()
                .get::<tower_jwt_auth::Rejection>()
                .is_none()
        );
    });
}

#[tokio::test]
async fn the_inner_body_is_forwarded_frame_by_frame() {
    for_each!(|layer, valid, _invalid| {
        let service = layer.layer(service_fn(async |_: Request<()>| {
            Ok::<_, Infallible>(Response::new(Frames::default()))
        }));
        let mut body = service.oneshot(valid()).await.unwrap().into_body();

        assert_eq!(
            (body.size_hint().lower(), body.size_hint().upper()),
            (3, Some(7))
        );
        assert!(!body.is_end_stream());
        assert_eq!(data(&mut body).await, "one");
        assert_eq!(data(&mut body).await, "");
        assert_eq!(data(&mut body).await, "two");
        let trailers = body
            .frame()
            .await
            .unwrap()
            .unwrap()
            .into_trailers()
            .unwrap();
        assert_eq!(trailers["grpc-status"], "0");
        assert!(!body.is_end_stream());
        assert_eq!(body.frame().await.unwrap().unwrap_err(), Broke("cut off"));
        assert!(body.is_end_stream());
        assert_eq!(
            (body.size_hint().lower(), body.size_hint().upper()),
            (0, Some(0))
        );
        assert!(body.frame().await.is_none());
    });
}

#[tokio::test]
async fn the_body_of_a_rejection_reports_its_length_and_its_end() {
    for_each!(|layer, _valid, invalid| {
        let response = layer
            .layer(Strict::default())
            .oneshot(invalid())
            .await
            .unwrap();
        let mut body = response.into_body();
        let length = body.size_hint().exact().unwrap();
        assert!(!body.is_end_stream());
        assert_eq!(data(&mut body).await.len() as u64, length);
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none());
    });
}

#[tokio::test]
async fn the_body_of_a_grpc_rejection_has_no_frames() {
    for_each!(|layer, _valid, invalid| {
        let mut request = invalid();
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let content_type = http::HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", content_type);
        let service = layer.layer(Strict::default());
        let mut body = service.oneshot(request).await.unwrap().into_body();
        assert!(body.is_end_stream());
        assert_eq!(body.size_hint().exact(), Some(0));
        assert!(body.frame().await.is_none());
    });
}

#[tokio::test]
async fn the_inner_service_receives_the_original_request() {
    for_each!(|layer, valid, _invalid| {
        let service = layer.layer(service_fn(async |request: Request<String>| {
            assert_eq!(request.method(), "PATCH");
            assert_eq!(request.uri().query(), Some("q=1"));
            assert_eq!(request.version(), Version::HTTP_2);
            assert_eq!(request.headers()["x-custom"], "1");
            assert_eq!(request.extensions().get(), Some(&42_u8));
            assert_eq!(
                request.extensions().get::<CurrentUser>().unwrap().user_id(),
                "alice"
            );
            Ok::<_, Infallible>(Response::new(request.into_body()))
        }));
        let mut request = valid().map(|()| "the body".to_owned());
        let uri = format!("{}?q=1", request.uri().path());
        *request.uri_mut() = uri.parse().unwrap();
        *request.method_mut() = http::Method::PATCH;
        *request.version_mut() = Version::HTTP_2;
        request
            .headers_mut()
            .insert("x-custom", http::HeaderValue::from_static("1"));
        request.extensions_mut().insert(42_u8);
        let response = service.oneshot(request).await.unwrap();
        assert_eq!(response.into_answer().await.body, "the body");
    });
}

#[test]
fn the_inner_service_can_be_read_changed_and_extracted() {
    for_each!(|layer, _valid, _invalid| {
        let mut service = layer.layer(1);
        assert_eq!(service.get_ref(), &1);
        *service.get_mut() = 2;
        assert_eq!(service.into_inner(), 2);
    });
}

#[test]
fn layers_and_services_can_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    fn sendable<T: Send + 'static>() {}
    shared::<JwtAuthLayer>();
    shared::<PathOwnerLayer>();
    shared::<JwtAuth<Strict>>();
    shared::<PathOwner<Strict>>();
    sendable::<ResponseFuture<Ready<Result<Response<Full<Bytes>>, Infallible>>>>();
    sendable::<ResponseBody<Full<Bytes>>>();
}

/// Responds with 200. It panics if it is called without a preceding `Poll::Ready`.
#[derive(Default)]
struct Strict {
    polls_before_ready: usize,
    is_ready: bool,
    calls: Arc<AtomicUsize>,
    clones: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        self.clones.fetch_add(1, Ordering::Relaxed);
        Self {
            polls_before_ready: self.polls_before_ready,
            is_ready: false,
            calls: Arc::clone(&self.calls),
            clones: Arc::clone(&self.clones),
        }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        if let Some(left) = self.polls_before_ready.checked_sub(1) {
            self.polls_before_ready = left;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(mem::take(&mut self.is_ready), "called before it was ready");
        self.calls.fetch_add(1, Ordering::Relaxed);
        ready(Ok(Response::default()))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Broke(&'static str);

#[derive(Clone)]
struct Broken {
    is_ready: Result<(), Broke>,
}

impl Service<Request<()>> for Broken {
    type Response = Response<Full<Bytes>>;
    type Error = Broke;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(self.is_ready)
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Err(Broke("failed")))
    }
}

/// A body of three data frames, trailers and, unusually, an error after them.
struct Frames(VecDeque<Result<Frame<Bytes>, Broke>>);

impl Default for Frames {
    fn default() -> Self {
        let trailers = HeaderMap::from_iter([(
            http::HeaderName::from_static("grpc-status"),
            http::HeaderValue::from_static("0"),
        )]);
        let data = |text: &'static str| Ok(Frame::data(Bytes::from_static(text.as_bytes())));
        Self(VecDeque::from([
            data("one"),
            data(""),
            data("two"),
            Ok(Frame::trailers(trailers)),
            Err(Broke("cut off")),
        ]))
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Broke;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Broke>>> {
        Poll::Ready(self.0.pop_front())
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        let mut hint = SizeHint::with_exact(0);
        if !self.0.is_empty() {
            hint.set_upper(7);
            hint.set_lower(3);
        }
        hint
    }
}

async fn data<B: Body<Data = Bytes, Error: std::fmt::Debug> + Unpin>(body: &mut B) -> Bytes {
    body.frame().await.unwrap().unwrap().into_data().unwrap()
}

async fn call<S>(service: &mut S, request: Request<()>) -> S::Response
where
    S: Service<Request<()>, Error: std::fmt::Debug>,
{
    service.ready().await.unwrap().call(request).await.unwrap()
}

fn poll_ready<S: Service<Request<()>>>(
    service: &mut S,
    cx: &mut Context<'_>,
) -> Poll<Result<(), S::Error>> {
    service.poll_ready(cx)
}

/// Fails instead of hanging if a service waits for a permit that is never returned.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(Duration::from_secs(10), future)
        .await
        .expect("the service responds in time")
}
