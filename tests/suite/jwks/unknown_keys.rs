//! Tokens with an unknown key request one fetch, within limits, and do not delay other requests.

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tokio::time::sleep;
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, TokenError};

use crate::{
    jwks::support::{from_url, key, reason_over_http, until},
    support::{
        key_server::{KeyServer, Mode},
        signing_keys::{SigningKey, jwks, with},
        *,
    },
};

/// A layer that has fetched the old key, and a server whose set now also contains the new key.
async fn rotated(
    mode: impl Fn(String) -> Mode,
) -> (KeyServer, JwtAuthLayer, SigningKey, SigningKey) {
    rotated_for(any_audience(), mode).await
}

/// The same for a layer with these settings.
async fn rotated_for(
    builder: JwtAuthBuilder,
    mode: impl Fn(String) -> Mode,
) -> (KeyServer, JwtAuthLayer, SigningKey, SigningKey) {
    let (old, new) = (key("old"), key("new"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let layer = builder.jwks_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    server.set(mode(jwks([&old, &new])));
    (server, layer, old, new)
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_its_token_accepted() {
    let (server, layer, old, new) = rotated(Mode::Set).await;
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &old.token(&claims())).await,
        "accepted"
    );
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_token_with_invalid_claims_requests_no_fetch() {
    // Without an audience, a token with an `aud` is rejected.
    let for_app = keyless().authorized_party("app");
    let (server, layer, _, new) = rotated_for(for_app, Mode::Set).await;
    let unknown = json!({ "alg": "EdDSA", "kid": "new" });
    let token = |claims| new.token(&with(claims, json!({ "azp": "app" })));
    for (description, token) in [
        ("expired", token(claims_with(json!({ "exp": 1 })))),
        (
            "for an audience",
            token(claims_with(json!({ "aud": "other" }))),
        ),
        ("no subject", token(claims_without("sub"))),
        ("no email", token(claims_without("email"))),
        (
            "for another client",
            new.token(&claims_with(json!({ "azp": "other" }))),
        ),
        ("claims that are not JSON", {
            let input = format!("{}.{}", encode(unknown.to_string()), encode("{"));
            format!("{input}.{}", encode(new.signature(input.as_bytes())))
        }),
    ] {
        assert_eq!(
            reason_over_http(&layer, &token).await,
            "unknown_key",
            "{description}"
        );
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn a_cancelled_request_does_not_stop_the_fetch() {
    let slow = |set| Mode::Slow(Duration::from_millis(400), set);
    let (server, layer, _, new) = rotated(slow).await;
    let token = new.token(&claims());
    let cancelled = tokio::spawn({
        let (layer, token) = (layer.clone(), token.clone());
        async move { reason_over_http(&layer, &token).await }
    });
    until(async || server.count() == 2).await;
    let other = tokio::spawn({
        let (layer, token) = (layer.clone(), token.clone());
        async move { reason_over_http(&layer, &token).await }
    });
    sleep(Duration::from_millis(50)).await;
    cancelled.abort();
    assert_eq!(other.await.unwrap(), "accepted");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn verify_returns_immediately_and_verify_waiting_waits() {
    let (_server, layer, _, new) = rotated(Mode::Set).await;
    let (verifier, token) = (layer.verifier(), new.token(&claims()));
    let start = Instant::now();
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::UnknownKey);
    assert!(start.elapsed() < Duration::from_millis(50));
    assert_eq!(
        verifier.verify_waiting(&token).await.unwrap().user_id(),
        "alice"
    );
    assert_eq!(verifier.verify(&token).unwrap().user_id(), "alice");
}

async fn own_id(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<CurrentUser>().cloned();
    let id = user.map(|user| user.user_id().to_owned());
    Ok(Response::new(Full::from(id.unwrap_or_default())))
}

#[tokio::test]
async fn a_waiting_request_uses_no_permit_of_the_inner_service() {
    let slow = |set| Mode::Slow(Duration::from_millis(500), set);
    for buffered in [false, true] {
        let (_server, layer, old, new) = rotated(slow).await;
        let limited = ServiceBuilder::new()
            .layer(layer)
            .concurrency_limit(1)
            .service(service_fn(own_id));
        let service = if buffered {
            tower::util::BoxCloneSyncService::new(
                tower::buffer::Buffer::new(limited, 8).map_err(|error| panic!("{error}")),
            )
        } else {
            tower::util::BoxCloneSyncService::new(limited)
        };
        let call = |token: String| {
            let service = service.clone();
            async move {
                service
                    .oneshot(with_bearer(&token))
                    .await
                    .unwrap()
                    .into_answer()
                    .await
            }
        };
        let waiting = tokio::spawn(call(new.token(&claims())));
        sleep(Duration::from_millis(50)).await;
        let start = Instant::now();
        let other = call(old.token(&claims())).await;
        assert_eq!(other.status(), 200, "buffered: {buffered}");
        assert!(
            start.elapsed() < Duration::from_millis(300),
            "buffered: {buffered}"
        );
        let waited = waiting.await.unwrap();
        assert_eq!(
            (waited.status().as_u16(), &*waited.body),
            (200, &b"alice"[..])
        );
    }
}

/// A service that is ready at the second poll and panics if it is called before.
#[derive(Default)]
struct Strict {
    polled: usize,
    calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            polled: 0,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.polled += 1;
        if self.polled < 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(self.polled >= 2, "called before it was ready");
        self.polled = 0;
        self.calls.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn the_inner_service_is_ready_before_a_delayed_call() {
    let (_server, layer, old, new) = rotated(Mode::Set).await;
    let inner = Strict::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = layer.layer(inner);
    // One service handles all requests of a connection.
    for token in [
        old.token(&claims()),
        new.token(&claims()),
        old.token(&claims()),
    ] {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(with_bearer(&token))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn a_key_is_fetched_even_if_its_id_was_requested_earlier() {
    let (old, new) = (key("1"), key("2"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let builder = from_url(server.url()).jwks_cooldown(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    let claims = claims_with(json!({ "iat": NOW }));
    let early = old.sign(&json!({ "alg": "EdDSA", "kid": "2" }), &claims);
    assert_eq!(reason_over_http(&layer, &early).await, "unknown_key");
    assert_eq!(server.count(), 2);

    sleep(Duration::from_millis(1100)).await;
    server.set(Mode::Set(jwks([&old, &new])));
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims)).await,
        "accepted"
    );
    assert_eq!(server.count(), 3);
}
