//! The owner of a path according to the parameters of axum's router.

use axum::{
    Extension, Router,
    body::Body,
    extract::Path,
    routing::{any, get},
};
use http::Request;
use tower::{Layer, ServiceExt, util::MapRequestLayer};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};

use crate::support::{Answer, IntoAnswer, builder, claims, token};

pub(super) fn owner() -> PathOwnerLayer {
    PathOwnerLayer::path_param("user_id")
}

pub(super) const ACCEPTED: &str = "accepted";
pub(super) const NOT_OWNER: &str = "not_owner";
const NO_PARAMETER: &str = "no_parameter";

#[tokio::test]
async fn a_route_is_allowed_if_its_parameter_is_the_users_id() {
    for (way, router) in [
        ("route_layer", tasks().route_layer(owner())),
        ("layer", tasks().layer(owner())),
        (
            "nest",
            Router::new().nest(
                "/api/{user_id}",
                Router::new()
                    .route("/", get("tasks"))
                    .route("/tasks", get("tasks"))
                    .route("/files/{*rest}", get("tasks"))
                    .route_layer(owner()),
            ),
        ),
        (
            "layer of a router that nests",
            Router::new()
                .nest(
                    "/api/{user_id}",
                    Router::new()
                        .route("/tasks", get("tasks"))
                        .route("/files/{*rest}", get("tasks")),
                )
                .layer(owner()),
        ),
        (
            "nest_service",
            Router::new().nest_service(
                "/api/{user_id}",
                owner().layer(
                    Router::new()
                        .route("/tasks", get("tasks"))
                        .route("/files/{*rest}", get("tasks")),
                ),
            ),
        ),
    ] {
        assert_all(
            way,
            &router,
            &[
                ("own", "alice", "/api/alice/tasks", ACCEPTED),
                ("own, encoded", "alice", "/api/%61lice/tasks", ACCEPTED),
                ("own, not ASCII", "jörg", "/api/j%C3%B6rg/tasks", ACCEPTED),
                ("a space", "al ice", "/api/al%20ice/tasks", ACCEPTED),
                (
                    "a slash in the rest",
                    "alice",
                    "/api/alice/files/a%2Fb",
                    ACCEPTED,
                ),
                ("a query", "alice", "/api/alice/tasks?user_id=bob", ACCEPTED),
                (
                    "dots encoded twice",
                    "alice",
                    "/api/alice/files/%252e%252e",
                    NOT_OWNER,
                ),
                ("another's", "alice", "/api/bob/tasks", NOT_OWNER),
                ("another case", "alice", "/api/Alice/tasks", NOT_OWNER),
                ("longer", "alice", "/api/alice2/tasks", NOT_OWNER),
                ("shorter", "alice", "/api/alic/tasks", NOT_OWNER),
                (
                    "a space after it",
                    "alice",
                    "/api/alice%20/tasks",
                    NOT_OWNER,
                ),
                ("encoded twice", "alice", "/api/%2561lice/tasks", NOT_OWNER),
                ("not UTF-8", "alice", "/api/%FF/tasks", NOT_OWNER),
                (
                    "not UTF-8 in the rest",
                    "alice",
                    "/api/bob/files/%FF",
                    NOT_OWNER,
                ),
                ("NUL", "alice", "/api/alice%00/tasks", NOT_OWNER),
                (
                    "NUL in the rest",
                    "alice",
                    "/api/alice/files/%00",
                    NOT_OWNER,
                ),
                ("a lone percent sign", "alice", "/api/%/tasks", NOT_OWNER),
                ("a parameter", "alice", "/api/alice;x=1/tasks", NOT_OWNER),
                ("composed", "jo\u{308}rg", "/api/j%C3%B6rg/tasks", NOT_OWNER),
                ("a slash in the id", "a/b", "/api/a%2Fb/tasks", NOT_OWNER),
                (
                    "a backslash in the id",
                    "a\\b",
                    "/api/a%5Cb/tasks",
                    NOT_OWNER,
                ),
                (
                    "a control character",
                    "a\u{1}",
                    "/api/a%01/tasks",
                    NOT_OWNER,
                ),
                ("dots as the id", "..", "/api/../tasks", NOT_OWNER),
                (
                    "encoded dots as the id",
                    "..",
                    "/api/%2e%2e/tasks",
                    NOT_OWNER,
                ),
                ("dots", "alice", "/api/alice/files/../bob", NOT_OWNER),
                ("a dot", "alice", "/api/alice/files/./x", NOT_OWNER),
                (
                    "encoded dots",
                    "alice",
                    "/api/alice/files/%2e%2E/bob",
                    NOT_OWNER,
                ),
                (
                    "a slash and dots",
                    "alice",
                    "/api/alice/files/x%2F..%2Fy",
                    NOT_OWNER,
                ),
                (
                    "a parameter and dots",
                    "alice",
                    "/api/alice/files/..;x/y",
                    NOT_OWNER,
                ),
                ("a backslash", "alice", "/api/alice/files/x\\y", NOT_OWNER),
                (
                    "an encoded backslash",
                    "alice",
                    "/api/alice/files/x%5Cy",
                    NOT_OWNER,
                ),
                (
                    "an empty segment",
                    "alice",
                    "/api/alice/files//x",
                    NOT_OWNER,
                ),
                ("a tab", "alice", "/api/alice/files/.%09./bob", NOT_OWNER),
                ("a query", "alice", "/api/alice/files/..%3F", NOT_OWNER),
                ("a space", "alice", "/api/alice/files/..%20", NOT_OWNER),
                ("no dots", "alice", "/api/alice/files/why%3F", ACCEPTED),
                (
                    "from another's",
                    "alice",
                    "/api/bob%2F..%2Falice/tasks",
                    NOT_OWNER,
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_route_without_the_parameter_is_rejected_unless_exempt() {
    let routes = || {
        Router::new()
            .route("/health", get("tasks"))
            .route("/public/{*rest}", get("tasks"))
            .route("/users/{id}", get("tasks"))
            .route("/Users/{User_id}", get("tasks"))
    };
    assert_all(
        "plain",
        &routes().layer(owner()),
        &[
            ("no parameter", "alice", "/health", NO_PARAMETER),
            ("a catch-all", "alice", "/public/alice", NO_PARAMETER),
            ("another parameter", "alice", "/users/alice", NO_PARAMETER),
            ("another case", "alice", "/Users/alice", NO_PARAMETER),
            ("no route", "alice", "/elsewhere", NO_PARAMETER),
        ],
    )
    .await;
    let with_exemptions = owner()
        .except("/health")
        .and_then(|owner| owner.except("/public/{*rest}"))
        .unwrap();
    assert_all(
        "with exemptions",
        &routes().layer(with_exemptions),
        &[
            ("exempt", "alice", "/health", ACCEPTED),
            ("below an exempt path", "alice", "/public/a/b", ACCEPTED),
            ("a dot segment in it", "alice", "/public/a/../b", NOT_OWNER),
            (
                "an encoded backslash in it",
                "alice",
                "/public/a%5Cb",
                NOT_OWNER,
            ),
            (
                "encoded dots in it",
                "alice",
                "/public/%2e%2e/users",
                NOT_OWNER,
            ),
            ("another", "alice", "/users/alice", NO_PARAMETER),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_rewritten_path_is_checked_too() {
    let rewrite = MapRequestLayer::new(|mut request: Request<Body>| {
        *request.uri_mut() = "/api/alice/files/../../bob".parse().unwrap();
        request
    });
    assert_all(
        "rewritten",
        &tasks().route_layer(owner()).layer(rewrite),
        &[("to one with dots", "alice", "/api/alice/tasks", NOT_OWNER)],
    )
    .await;
}

#[tokio::test]
async fn the_parameter_may_have_any_name() {
    let router = Router::new()
        .route("/users/{id}/tasks", get("tasks"))
        .route_layer(PathOwnerLayer::path_param("id"));
    assert_all(
        "named",
        &router,
        &[
            ("own", "alice", "/users/alice/tasks", ACCEPTED),
            ("another's", "alice", "/users/bob/tasks", NOT_OWNER),
        ],
    )
    .await;
}

#[tokio::test]
async fn every_request_outside_a_router_is_rejected() {
    let service = owner().layer(tasks());
    let answer = ask(service, "alice", "/api/alice/tasks").await;
    assert_eq!(
        (answer.status().as_u16(), answer.reason()),
        (403, NO_PARAMETER)
    );
}

#[tokio::test]
async fn the_handler_gets_all_extensions_that_axum_adds() {
    let handler = async |Path((user_id, rest)): Path<(String, String)>,
                         Extension(user): Extension<CurrentUser>,
                         Extension(number): Extension<u8>| {
        format!("{user_id} {rest} {} {number}", user.user_id())
    };
    let router = Router::new()
        .route("/api/{user_id}/{*rest}", get(handler))
        .route_layer(owner())
        .layer(Extension(42_u8));
    let answer = ask(router, "alice", "/api/alice/a/b").await;
    assert_eq!(answer.body, "alice a/b alice 42");
}

#[tokio::test]
async fn an_anonymous_request_gets_401_and_a_missing_layer_500() {
    let behind = |auth: JwtAuthLayer| tasks().route_layer(owner()).layer(auth);
    let send = async |router: Router, request: http::request::Builder| {
        let request = request.body(Body::empty()).unwrap();
        router.oneshot(request).await.unwrap().into_answer().await
    };
    let path = "/api/alice/tasks";

    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = send(behind(anonymous), Request::get(path)).await;
    assert_eq!(
        (answer.status().as_u16(), answer.challenge()),
        (401, Some("Bearer"))
    );

    let answer = send(tasks().route_layer(owner()), Request::get(path)).await;
    assert_eq!(
        (answer.status().as_u16(), answer.reason()),
        (500, "no_user")
    );

    let bearer = format!("Bearer {}", token(&claims()));
    let request = Request::get(path).header("authorization", bearer);
    let answer = send(behind(builder().build().unwrap()), request).await;
    assert_eq!(
        (answer.status().as_u16(), &*answer.body),
        (200, &b"tasks"[..])
    );
}

#[test]
fn path_param_layers_accept_no_patterns() {
    let error = owner().and("/api/{user_id}").unwrap_err();
    assert!(error.to_string().contains("PathOwnerLayer::new"), "{error}");
}

#[test]
fn an_invalid_exempt_pattern_is_rejected() {
    let error = owner().except("health").unwrap_err();
    assert!(error.to_string().contains("slash"), "{error}");
}

fn tasks() -> Router {
    Router::new()
        .route("/api/{user_id}/tasks", any("tasks"))
        .route("/api/{user_id}/files/{*rest}", any("tasks"))
}

pub(super) async fn ask<S, B>(service: S, user_id: &str, path: &str) -> Answer
where
    S: tower::Service<Request<Body>, Response = http::Response<B>, Error: std::fmt::Debug>,
    B: http_body::Body<Data = bytes::Bytes>,
{
    let user = CurrentUser::new(user_id, "user@example.com");
    let request = Request::get(path).extension(user).body(Body::empty());
    let response = service.oneshot(request.unwrap()).await.unwrap();
    response.into_answer().await
}

/// Sends each request and reports all rows with another result.
pub(super) async fn assert_all(way: &str, router: &Router, rows: &[(&str, &str, &str, &str)]) {
    let mut failures = Vec::new();
    for (description, user_id, path, reason) in rows {
        let answer = ask(router.clone(), user_id, path).await;
        let (status, is_handled) = if *reason == ACCEPTED {
            (200, true)
        } else {
            (403, false)
        };
        if answer.reason() != *reason
            || answer.status() != status
            || (answer.body == "tasks") != is_handled
        {
            failures.push(format!(
                "{way}, {description}: {user_id:?} at {path:?} got {} {}",
                answer.status(),
                answer.reason()
            ));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}
