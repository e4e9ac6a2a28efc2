//! `keep_user`: a user that an outer layer has inserted.

use std::sync::{Arc, Mutex};

use http::{Request, header::AUTHORIZATION};
use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{
    CurrentUser, JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer, RequireScopeLayer, TokenSource,
};

use crate::support::*;

fn keeping(builder: JwtAuthBuilder) -> JwtAuthLayer {
    builder.keep_user().build().unwrap()
}

/// A request that an outer layer runs as bob.
fn as_bob(mut request: Request<()>) -> Request<()> {
    let bob = CurrentUser::new("bob", "bob@example.com");
    request.extensions_mut().insert(bob);
    request
}

fn preflight() -> Request<()> {
    let request = Request::options("/").header("origin", "https://app.example.com");
    let request = request.header("access-control-request-method", "GET");
    request.body(()).unwrap()
}

#[tokio::test]
async fn a_user_is_replaced_by_default_and_kept_if_set() {
    let alices = with_bearer(&token(&claims()));
    let answer = ask(layer(), as_bob(alices)).await;
    answer.assert_reached("alice", "replaced");
    ask(layer(), as_bob(get("/")))
        .await
        .assert_not_authenticated("no token");
    let anonymous = builder().allow_anonymous().build().unwrap();
    ask(anonymous, as_bob(get("/")))
        .await
        .assert_reached("nobody", "removed");

    for (row, request) in [
        ("no token", get("/")),
        ("another user's token", with_bearer(&token(&claims()))),
        ("an invalid token", with_bearer("a.b.c")),
        ("a preflight", preflight()),
    ] {
        for builder in [
            builder(),
            builder().allow_anonymous().allow_cors_preflight(),
            builder().token_sources([TokenSource::cookie("c"), TokenSource::header()]),
        ] {
            let copy = |request: &Request<()>| {
                let mut copy = get("/");
                *copy.method_mut() = request.method().clone();
                *copy.headers_mut() = request.headers().clone();
                copy
            };
            let answer = ask(keeping(builder), as_bob(copy(&request))).await;
            answer.assert_reached("bob", row);
        }
    }
}

#[tokio::test]
async fn a_request_without_a_user_is_verified_as_usual() {
    let expired = token(&claims_with(json!({ "exp": NOW - 1 })));
    let layer = || keeping(builder());
    ask(layer(), get("/"))
        .await
        .assert_not_authenticated("no token");
    let answer = ask(layer(), with_bearer(&expired)).await;
    answer.assert_invalid_token("expired", "expired");
    let answer = ask(layer(), with_bearer(&token(&claims()))).await;
    answer.assert_reached("alice", "a token");
    let mut two = with_bearer("a.b.c");
    let second = http::HeaderValue::from_static("Basic x");
    two.headers_mut().append(AUTHORIZATION, second);
    ask(layer(), two).await.assert_invalid_request("two tokens");
}

/// The outer layer marks the request as anonymous or as a preflight.
#[tokio::test]
async fn the_marks_of_an_outer_layer_do_not_count_as_a_user() {
    let outer = || {
        builder()
            .allow_anonymous()
            .allow_cors_preflight()
            .build()
            .unwrap()
    };
    let stack = |inner: JwtAuthLayer| Stack::new(inner, outer());
    for (row, request) in [("anonymous", get("/")), ("a preflight", preflight())] {
        let answer = ask(stack(keeping(builder())), request).await;
        answer.assert_not_authenticated(row);
    }
    // The user of the outer layer is kept, so only that layer verifies the token.
    let inner = || keeping(JwtAuthLayer::builder().secret("another secret, of 32 bytes or more"));
    let answer = ask(stack(inner()), with_bearer(&token(&claims()))).await;
    answer.assert_reached("alice", "the outer layer's user");
}

/// Middleware between two layers inserts a user into a request that the outer one has marked.
#[tokio::test]
async fn a_kept_user_takes_precedence_over_the_marks() {
    use tower::util::MapRequestLayer;

    let outer = || {
        builder()
            .allow_anonymous()
            .allow_cors_preflight()
            .build()
            .unwrap()
    };
    let owner = || PathOwnerLayer::new("/api/{user_id}").unwrap();
    for mut request in [get("/"), preflight()] {
        *request.uri_mut() = "/api/alice".parse().unwrap();
        let inner = Stack::new(owner(), keeping(builder()));
        let stack = Stack::new(Stack::new(inner, MapRequestLayer::new(as_bob)), outer());
        let answer = ask(stack, request).await;
        assert_eq!(answer.reason(), "not_owner");
    }
    // An inner layer that keeps no user removes it and leaves only its own mark.
    let inner = builder().allow_anonymous().build().unwrap();
    let scope = RequireScopeLayer::new("b").unwrap();
    let stack = Stack::new(Stack::new(scope, inner), MapRequestLayer::new(as_bob));
    ask(stack, get("/"))
        .await
        .assert_not_authenticated("removed");
}

#[tokio::test]
async fn the_rules_of_the_layer_do_not_apply_to_a_kept_user() {
    let strict = builder().check(|_| false);
    let answer = ask(keeping(strict), as_bob(get("/"))).await;
    answer.assert_reached("bob", "check");
}

#[tokio::test]
async fn a_kept_user_is_observed_and_its_token_stays_sensitive() {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&outcomes);
    let observed = builder().observe(move |outcome| seen.lock().unwrap().push(outcome.label()));
    let auth = keeping(observed.problem_json());
    let scope = RequireScopeLayer::new("b").unwrap();
    let answer = ask(Stack::new(scope, auth), as_bob(get("/"))).await;
    // Inner layers inherit the format.
    assert_eq!(answer.json()["title"], "Forbidden");
    assert_eq!(
        *outcomes.lock().unwrap(),
        ["accepted", "insufficient_scope"]
    );

    let sensitive = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&sensitive);
    let look = tower::util::MapRequestLayer::new(move |request: Request<()>| {
        let field = &request.headers()[AUTHORIZATION];
        *seen.lock().unwrap() = Some(field.is_sensitive());
        request
    });
    let stack = Stack::new(look, keeping(builder()));
    ask(stack, as_bob(with_bearer("a.b.c"))).await;
    assert_eq!(*sensitive.lock().unwrap(), Some(true));
}

#[tokio::test]
async fn authenticate_returns_a_kept_user() {
    let (parts, ()) = as_bob(get("/")).into_parts();
    let user = keeping(builder()).authenticate(&parts).await.unwrap();
    assert_eq!(user.unwrap().user_id(), "bob");
    assert!(layer().authenticate(&parts).await.is_err());
}
