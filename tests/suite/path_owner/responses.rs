//! The responses of `PathOwnerLayer`, over HTTP and in gRPC.

use http::{Method, Request, Version};
use tower::layer::util::Stack;
use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer};

use super::support::*;
use crate::support::*;

const DENIED: &str = "Access denied: Cannot access another user's data";

#[tokio::test]
async fn another_users_path_gets_the_documented_403() {
    let answer = ask(owner(), by("alice", get("/api/bob/tasks"))).await;
    answer.assert_http(403, NOT_OWNER, DENIED, &"another's path");
    assert_eq!(answer.challenge(), None);
}

#[tokio::test]
async fn an_anonymous_request_gets_the_401_of_a_missing_token() {
    for path in ["/api/alice/tasks", "/elsewhere", "/api/../x"] {
        let answer = ask(anonymous(owner()), get(path)).await;
        answer.assert_not_authenticated(path);
    }
}

#[tokio::test]
async fn an_anonymous_request_may_access_exempt_paths() {
    let layer = || anonymous(owner().except("/api/health").unwrap());
    let answer = ask(layer(), get("/api/health")).await;
    answer.assert_reached("nobody", "exempt");
    let answer = ask(layer(), get("/api/health/../alice")).await;
    answer.assert_not_authenticated("not exempt");
}

#[tokio::test]
async fn a_request_without_an_authentication_layer_gets_500() {
    let layer = owner().except("/api/health").unwrap();
    for path in ["/api/alice", "/elsewhere", "/api/health", "/a/../b"] {
        let answer = ask(layer.clone(), get(path)).await;
        answer.assert_server_fault("no_user", path);
    }
    let request = with_bearer(&token(&claims()));
    let answer = ask(layer, request).await;
    answer.assert_server_fault("no_user", "with a token");
}

#[tokio::test]
async fn a_grpc_request_is_rejected_in_grpc() {
    let kinds = ["", "+proto", ";x=1", "-web", "-web+proto", "-web-text"];
    for content_type in kinds.map(|kind| format!("application/grpc{kind}")) {
        let request = || grpc("/api/bob", &content_type);
        let answer = ask(owner(), by("alice", request())).await;
        answer.assert_grpc("7", DENIED, &content_type, "another's");
        let answer = ask(owner(), request()).await;
        let message = "Authentication system not properly configured";
        answer.assert_grpc("13", message, &content_type, "no user");
        let answer = ask(anonymous(owner()), request()).await;
        answer.assert_grpc("16", "Not authenticated", &content_type, "anonymous");
    }
}

#[tokio::test]
async fn http_answers_only_rejects_grpc_requests_in_http() {
    let layer = owner().http_answers_only();
    let request = || grpc("/api/bob", "application/grpc");
    let answer = ask(layer.clone(), by("alice", request())).await;
    answer.assert_http(403, NOT_OWNER, DENIED, &"another's");
    let answer = ask(layer.clone(), request()).await;
    answer.assert_server_fault("no_user", "no user");
    let answer = ask(layer, by("bob", request())).await;
    answer.assert_reached("bob", "own");
}

#[tokio::test]
async fn a_request_that_only_resembles_grpc_is_rejected_in_http() {
    let mut get = grpc("/api/bob", "application/grpc");
    *get.method_mut() = Method::GET;
    let mut http1 = grpc("/api/bob", "application/grpc");
    *http1.version_mut() = Version::HTTP_11;
    let other = grpc("/api/bob", "application/grpcx");
    for (description, request) in [("GET", get), ("HTTP/1.1", http1), ("grpcx", other)] {
        let answer = ask(owner(), by("alice", request)).await;
        answer.assert_http(403, NOT_OWNER, DENIED, &description);
    }
}

/// The layer inside a `JwtAuthLayer` that allows anonymous requests.
fn anonymous(layer: PathOwnerLayer) -> Stack<PathOwnerLayer, JwtAuthLayer> {
    Stack::new(layer, builder().allow_anonymous().build().unwrap())
}

fn grpc(path: &str, content_type: &str) -> Request<()> {
    Request::post(path)
        .version(Version::HTTP_2)
        .header("content-type", content_type)
        .body(())
        .unwrap()
}
