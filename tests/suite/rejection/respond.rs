//! Rejections by code inside the layer use the settings of the layer.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::Full;
use serde_json::json;
use tower::{Layer, ServiceExt, layer::util::Stack, service_fn};
use tower_jwt_auth::{JwtAuthBuilder, Rejection, RejectionDetails, RequireScopeLayer, TokenError};

use crate::support::*;

/// Sends a request with a valid token through this layer to a service that rejects the request.
async fn rejected(builder: JwtAuthBuilder, rejection: Rejection, request: Request<()>) -> Answer {
    let inner = Inner::new(service_fn(move |request: Request<()>| async move {
        let (parts, ()) = request.into_parts();
        Ok(rejection.respond(&parts).map(Full::new))
    }));
    let response = builder.build().unwrap().layer(inner).oneshot(request).await;
    response.unwrap().into_answer().await
}

fn valid() -> Request<()> {
    with_bearer(&token(&claims()))
}

#[tokio::test]
async fn inner_code_rejects_in_the_format_of_the_layer() {
    let expired = Rejection::InvalidToken(TokenError::Expired);
    let plain = rejected(builder(), expired, valid()).await;
    plain.assert_invalid_token("expired", "plain");

    let problem = rejected(builder().problem_json(), Rejection::NotOwner, valid()).await;
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem.json()["status"], 403);

    let realm = rejected(builder().realm("tasks"), Rejection::MissingToken, valid()).await;
    assert_eq!(realm.challenge(), Some(r#"Bearer realm="tasks""#));

    let custom = builder().answer_with(|rejection, _| Response::new(rejection.reason().to_owned()));
    let custom = rejected(custom, Rejection::NotOwner, valid()).await;
    assert_eq!(
        (custom.status().as_u16(), &custom.body[..]),
        (403, &b"not_owner"[..])
    );
}

#[tokio::test]
async fn inner_code_rejects_in_grpc_unless_http_answers_only_is_set() {
    let grpc = || {
        let mut request = valid();
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let content_type = http::HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", content_type);
        request
    };
    let answer = rejected(builder(), Rejection::NotOwner, grpc()).await;
    let message = "Access denied: Cannot access another user's data";
    answer.assert_grpc("7", message, "application/grpc", "gRPC");
    let answer = rejected(builder().http_answers_only(), Rejection::NotOwner, grpc()).await;
    answer.assert_http(403, "not_owner", message, &"HTTP only");
}

#[tokio::test]
async fn a_rejection_by_inner_code_is_observed_and_logged_once() {
    let rejections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rejections);
    let observed = builder().observe(move |outcome| {
        if outcome.label() == "not_owner" {
            count.fetch_add(1, Ordering::Relaxed);
        }
    });
    let events = crate::events::Captured::start();
    rejected(observed, Rejection::NotOwner, valid()).await;
    assert_eq!(rejections.load(Ordering::Relaxed), 1);
    let logged = events.text().matches("reason=\"not_owner\"").count();
    assert_eq!(logged, usize::from(cfg!(feature = "tracing")));
}

#[tokio::test]
async fn without_a_layer_the_response_has_the_default_format() {
    let (parts, ()) = get("/").into_parts();
    let response = Rejection::MissingToken
        .respond(&parts)
        .map(Full::<Bytes>::new);
    response
        .into_answer()
        .await
        .assert_not_authenticated("no layer");
}

#[tokio::test]
async fn the_response_carries_the_required_scopes_or_roles() {
    let scope = RequireScopeLayer::all_of(["a", "b"]).unwrap();
    let role = RequireScopeLayer::any_role(["admin", "owner"]).unwrap();
    for (rule, scopes, roles) in [
        (scope, Some("a b"), None),
        (role, None, Some("admin,owner")),
    ] {
        let stack = Stack::new(rule, layer());
        let answer = ask(
            stack,
            with_bearer(&token(&claims_with(json!({ "scope": "a" })))),
        )
        .await;
        assert_eq!(answer.reason(), "insufficient_scope");
        let details = answer
            .response
            .extensions()
            .get::<RejectionDetails>()
            .unwrap();
        assert_eq!((details.scope(), details.roles()), (scopes, roles));
    }
    let plain = ask(layer(), get("/")).await;
    assert!(
        plain
            .response
            .extensions()
            .get::<RejectionDetails>()
            .is_none()
    );
}

#[tokio::test]
async fn a_rejection_after_authenticate_has_the_format_of_the_layer() {
    let rejections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&rejections);
    let auth = builder().problem_json().observe(move |outcome| {
        count.fetch_add(
            usize::from(outcome.label() == "insufficient_scope"),
            Ordering::Relaxed,
        );
    });
    let auth = auth.build().unwrap();
    let (parts, ()) = valid().into_parts();
    assert!(auth.authenticate(&parts).await.is_ok());
    let events = crate::events::Captured::start();
    let answer = auth
        .reject(Rejection::InsufficientScope, &parts)
        .map(Full::new);
    let answer = answer.into_answer().await;
    assert_eq!(
        answer.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(
        (answer.status().as_u16(), answer.reason()),
        (403, "insufficient_scope")
    );
    assert_eq!(rejections.load(Ordering::Relaxed), 1);
    assert_eq!(events.at("DEBUG").len(), crate::events::told());
}

/// Requests with all outcomes, each with a description.
fn requests() -> Vec<(&'static str, Request<()>)> {
    let grpc = |mut request: Request<()>| {
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let content_type = http::HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", content_type);
        request
    };
    let expired = with_bearer(&token(&claims_with(json!({ "exp": NOW }))));
    vec![
        ("valid", valid()),
        ("no token", get("/")),
        ("expired", expired),
        ("garbage", with_bearer("a.b")),
        ("gRPC, no token", grpc(get("/"))),
        ("gRPC, valid", grpc(valid())),
    ]
}

#[tokio::test]
async fn authenticate_returns_the_user_or_the_layers_response() {
    for (how, builder) in [
        ("default", builder as fn() -> JwtAuthBuilder),
        ("problem+json", || builder().problem_json().realm("tasks")),
        ("anonymous", || builder().allow_anonymous()),
    ] {
        let outcomes = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&outcomes);
        let auth = builder().observe(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        let auth = auth.build().unwrap();
        for (row, request) in requests() {
            let row = format!("{how}: {row}");
            let expected = ask(builder().build().unwrap(), request.clone()).await;
            outcomes.store(0, Ordering::Relaxed);
            let (parts, ()) = request.into_parts();
            match auth.authenticate(&parts).await {
                Ok(user) => {
                    let id = user.as_ref().map_or("nobody", |user| user.user_id());
                    expected.assert_reached(id, row);
                }
                Err(response) => {
                    let actual = response.map(Full::new).into_answer().await;
                    assert_eq!(actual.status(), expected.status(), "{row}");
                    let headers = |answer: &Answer| answer.response.headers().clone();
                    assert_eq!(headers(&actual), headers(&expected), "{row}");
                    assert_eq!(actual.body, expected.body, "{row}");
                    assert_eq!(actual.reason(), expected.reason(), "{row}");
                }
            }
            assert_eq!(outcomes.load(Ordering::Relaxed), 1);
        }
    }
}

#[cfg(all(feature = "test-kit", feature = "jwks-custom"))]
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
#[tokio::test]
async fn authenticate_waits_for_the_keys_of_a_token() {
    use tower_jwt_auth::test_kit::TestJwks;

    let keys = TestJwks::new();
    keys.delay(std::time::Duration::from_millis(50));
    let auth = keys.layer().build().unwrap();
    let (parts, ()) = with_bearer(&keys.token("alice")).into_parts();
    let user = auth.authenticate(&parts).await.unwrap().unwrap();
    assert_eq!(user.user_id(), "alice");

    keys.rotate();
    let (parts, ()) = with_bearer(&keys.token("bob")).into_parts();
    let user = auth.authenticate(&parts).await.unwrap().unwrap();
    assert_eq!((user.user_id(), keys.fetches()), ("bob", 2));
}
