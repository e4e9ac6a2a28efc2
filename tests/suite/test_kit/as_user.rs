use axum::{
    Extension, Router,
    body::Body,
    routing::{get, post},
};
use http::Request;
use tower::ServiceExt;
use tower_jwt_auth::{
    CurrentUser, PathOwnerLayer,
    test_kit::{AsUserLayer, TestIssuer, as_user},
};

use crate::support::{Answer, IntoAnswer, ask, with_bearer};

fn alice() -> CurrentUser {
    CurrentUser::new("alice", "alice@example.com")
}

/// A service without its authentication layer.
fn routes() -> Router {
    let greet = get(async |Extension(user): Extension<CurrentUser>| user.email().to_owned());
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
    let echo = post(async |body: String| body);
    Router::new()
        .route("/api/{user_id}/tasks", greet.clone())
        .route("/api/{user_id}/echo", echo)
        .route_layer(owner)
        .route("/me", greet)
}

async fn send(router: Router, request: Request<Body>) -> Answer {
    router.oneshot(request).await.unwrap().into_answer().await
}

fn to(path: &str) -> Request<Body> {
    Request::get(path).body(Body::empty()).unwrap()
}

#[tokio::test]
async fn every_request_runs_as_the_user() {
    let router = routes().route_layer(AsUserLayer::new(alice()));
    for path in ["/me", "/api/alice/tasks"] {
        let answer = send(router.clone(), to(path)).await;
        answer.assert_reached("alice@example.com", path);
    }
}

#[tokio::test]
async fn path_owner_still_checks_the_user() {
    let router = routes().route_layer(AsUserLayer::new(alice()));
    let answer = send(router, to("/api/bob/tasks")).await;
    let detail = "Access denied: Cannot access another user's data";
    answer.assert_http(403, "not_owner", detail, &"bob's");
}

#[tokio::test]
async fn the_body_of_the_request_reaches_the_handler() {
    let router = routes().route_layer(AsUserLayer::new(alice()));
    let request = Request::post("/api/alice/echo").body("hello".into());
    send(router, request.unwrap())
        .await
        .assert_reached("hello", "echo");
}

#[tokio::test]
async fn path_owner_rejects_an_anonymous_request_with_401() {
    let router = routes().route_layer(AsUserLayer::anonymous());
    let answer = send(router, to("/api/alice/tasks")).await;
    answer.assert_not_authenticated("anonymous");
}

#[tokio::test]
async fn requests_without_the_layer_get_500() {
    let answer = send(routes(), to("/api/alice/tasks")).await;
    answer.assert_server_fault("no_user", "no layer");
}

#[tokio::test]
async fn an_existing_user_is_replaced_or_removed() {
    let request = || as_user(with_bearer("anything"), CurrentUser::new("mallory", "m@b"));
    let answer = ask(AsUserLayer::new(alice()), request()).await;
    answer.assert_reached("alice", "replaced");
    let answer = ask(AsUserLayer::anonymous(), request()).await;
    answer.assert_reached("nobody", "removed");
}

#[tokio::test]
async fn as_user_sets_the_user_of_one_request() {
    let answer = send(routes(), as_user(to("/api/alice/tasks"), alice())).await;
    answer.assert_reached("alice@example.com", "own");
    let answer = send(routes(), as_user(to("/api/bob/tasks"), alice())).await;
    assert_eq!(answer.reason(), "not_owner");
}

#[tokio::test]
async fn an_inner_jwt_auth_layer_still_requires_tokens() {
    let issuer = TestIssuer::hs256();
    let router = routes()
        .route_layer(issuer.layer().build().unwrap())
        .route_layer(AsUserLayer::new(alice()));
    let answer = send(router.clone(), to("/me")).await;
    answer.assert_not_authenticated("no token");
    let (parts, ()) = with_bearer(&issuer.token("bob")).into_parts();
    let mut request = Request::from_parts(parts, Body::empty());
    *request.uri_mut() = "/me".parse().unwrap();
    send(router, request)
        .await
        .assert_reached("bob@example.com", "bob's token");
}
