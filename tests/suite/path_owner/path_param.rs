//! Whose path it is, by the parameters that axum's router found in it.

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

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::path_param("user_id")
}

const PASS: &str = "accepted";
const REFUSED: &str = "not_owner";
const NO_PARAMETER: &str = "no_parameter";

#[tokio::test]
async fn a_route_passes_for_the_user_whose_id_its_parameter_is() {
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
                ("own", "alice", "/api/alice/tasks", PASS),
                ("own, encoded", "alice", "/api/%61lice/tasks", PASS),
                ("own, not ASCII", "jörg", "/api/j%C3%B6rg/tasks", PASS),
                ("a space", "al ice", "/api/al%20ice/tasks", PASS),
                (
                    "a slash in the rest",
                    "alice",
                    "/api/alice/files/a%2Fb",
                    PASS,
                ),
                ("a query", "alice", "/api/alice/tasks?user_id=bob", PASS),
                (
                    "dots encoded twice",
                    "alice",
                    "/api/alice/files/%252e%252e",
                    REFUSED,
                ),
                ("another's", "alice", "/api/bob/tasks", REFUSED),
                ("another case", "alice", "/api/Alice/tasks", REFUSED),
                ("longer", "alice", "/api/alice2/tasks", REFUSED),
                ("shorter", "alice", "/api/alic/tasks", REFUSED),
                ("a space after it", "alice", "/api/alice%20/tasks", REFUSED),
                ("encoded twice", "alice", "/api/%2561lice/tasks", REFUSED),
                ("no UTF-8", "alice", "/api/%FF/tasks", REFUSED),
                (
                    "no UTF-8 in the rest",
                    "alice",
                    "/api/bob/files/%FF",
                    REFUSED,
                ),
                ("NUL", "alice", "/api/alice%00/tasks", REFUSED),
                ("NUL in the rest", "alice", "/api/alice/files/%00", REFUSED),
                ("a lone percent sign", "alice", "/api/%/tasks", REFUSED),
                ("a parameter", "alice", "/api/alice;x=1/tasks", REFUSED),
                ("composed", "jo\u{308}rg", "/api/j%C3%B6rg/tasks", REFUSED),
                ("a slash in the id", "a/b", "/api/a%2Fb/tasks", REFUSED),
                ("a backslash in the id", "a\\b", "/api/a%5Cb/tasks", REFUSED),
                ("a control character", "a\u{1}", "/api/a%01/tasks", REFUSED),
                ("dots as the id", "..", "/api/../tasks", REFUSED),
                ("encoded dots as the id", "..", "/api/%2e%2e/tasks", REFUSED),
                ("dots", "alice", "/api/alice/files/../bob", REFUSED),
                ("a dot", "alice", "/api/alice/files/./x", REFUSED),
                (
                    "encoded dots",
                    "alice",
                    "/api/alice/files/%2e%2E/bob",
                    REFUSED,
                ),
                (
                    "a slash and dots",
                    "alice",
                    "/api/alice/files/x%2F..%2Fy",
                    REFUSED,
                ),
                (
                    "a parameter and dots",
                    "alice",
                    "/api/alice/files/..;x/y",
                    REFUSED,
                ),
                ("a backslash", "alice", "/api/alice/files/x\\y", REFUSED),
                (
                    "an encoded backslash",
                    "alice",
                    "/api/alice/files/x%5Cy",
                    REFUSED,
                ),
                ("an empty segment", "alice", "/api/alice/files//x", REFUSED),
                ("a tab", "alice", "/api/alice/files/.%09./bob", REFUSED),
                ("a query", "alice", "/api/alice/files/..%3F", REFUSED),
                ("a space", "alice", "/api/alice/files/..%20", REFUSED),
                ("no dots", "alice", "/api/alice/files/why%3F", PASS),
                (
                    "from another's",
                    "alice",
                    "/api/bob%2F..%2Falice/tasks",
                    REFUSED,
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn all_values_of_the_parameter_must_be_the_users() {
    let shared = Router::new().route("/share/{user_id}", get("tasks"));
    for (way, router) in [
        (
            "inside",
            Router::new().nest("/api/{user_id}", shared.clone().route_layer(owner())),
        ),
        (
            "outside",
            Router::new()
                .nest("/api/{user_id}", shared.clone())
                .layer(owner()),
        ),
        (
            "nest_service",
            Router::new().nest_service("/api/{user_id}", shared.layer(owner())),
        ),
    ] {
        assert_all(
            way,
            &router,
            &[
                (
                    "both are the user's",
                    "alice",
                    "/api/alice/share/alice",
                    PASS,
                ),
                ("one is encoded", "alice", "/api/alice/share/%61lice", PASS),
                (
                    "the inner one is not",
                    "alice",
                    "/api/alice/share/bob",
                    REFUSED,
                ),
                (
                    "the outer one is not",
                    "alice",
                    "/api/bob/share/alice",
                    REFUSED,
                ),
                ("neither is", "alice", "/api/bob/share/bob", REFUSED),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_nest_inside_of_a_nest_is_judged_by_the_whole_path() {
    let router = Router::new().nest(
        "/x/{dir}",
        Router::new().nest(
            "/{user_id}",
            Router::new()
                .route("/tasks", get("tasks"))
                .route_layer(owner()),
        ),
    );
    assert_all(
        "two nests",
        &router,
        &[
            ("own", "alice", "/x/y/alice/tasks", PASS),
            ("another's", "alice", "/x/y/bob/tasks", REFUSED),
            (
                "the other parameter",
                "alice",
                "/x/alice/bob/tasks",
                REFUSED,
            ),
            (
                "dots before the prefix",
                "alice",
                "/x/../alice/tasks",
                REFUSED,
            ),
            (
                "encoded dots there",
                "alice",
                "/x/%2e%2e/alice/tasks",
                REFUSED,
            ),
            (
                "a backslash there",
                "alice",
                "/x/a%5Cb/alice/tasks",
                REFUSED,
            ),
            ("a parameter there", "alice", "/x/..;a/alice/tasks", REFUSED),
            ("NUL there", "alice", "/x/%00/alice/tasks", REFUSED),
            ("a tab there", "alice", "/x/.%09./alice/tasks", REFUSED),
            (
                "dots encoded twice",
                "alice",
                "/x/%252e./alice/tasks",
                REFUSED,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_parameter_before_the_id_that_others_read_as_two_segments_or_none_is_refused() {
    let within = || {
        Router::new()
            .route("/tasks", get("tasks"))
            .route("/in/{room}/{user_id}", get("tasks"))
            .route("/files/{*rest}", get("tasks"))
            .route_layer(owner())
    };
    let twice = Router::new().nest("/orgs/{org}", Router::new().nest("/{user_id}", within()));
    for (way, router) in [
        (
            "nest",
            Router::new().nest("/orgs/{org}/{user_id}", within()),
        ),
        ("two nests", twice),
    ] {
        assert_all(
            way,
            &router,
            &[
                ("plain", "alice", "/orgs/a/alice/tasks", PASS),
                ("a parameter", "alice", "/orgs/a;v=1/alice/tasks", PASS),
                (
                    "behind the id",
                    "alice",
                    "/orgs/a/alice/files/x%2Fy/;z",
                    PASS,
                ),
                ("a slash", "alice", "/orgs/a%2Fbob/alice/tasks", REFUSED),
                ("in lower case", "alice", "/orgs/a%2f/alice/tasks", REFUSED),
                ("a semicolon", "alice", "/orgs/;/alice/tasks", REFUSED),
                ("encoded", "alice", "/orgs/%3Bv/alice/tasks", REFUSED),
                ("between two", "alice", "/orgs/a/alice/in/b/alice", PASS),
                (
                    "a slash there",
                    "alice",
                    "/orgs/a/alice/in/b%2Fbob/alice",
                    REFUSED,
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn a_router_behind_nest_service_is_not_seen_through_from_outside() {
    let behind = || Router::new().route("/share/{user_id}", get("tasks"));
    let outside = Router::new().nest_service("/api/{user_id}", behind());
    let inside = Router::new().nest_service("/api/{user_id}", behind().layer(owner()));
    let path = "/api/alice/share/bob";
    assert_all(
        "outside",
        &outside.layer(owner()),
        &[("it", "alice", path, PASS)],
    )
    .await;
    assert_all("inside", &inside, &[("it", "alice", path, REFUSED)]).await;
}

#[tokio::test]
async fn inside_of_a_nest_a_pattern_does_not_see_an_empty_segment_that_axum_took_off() {
    let handler = async |Path(id): Path<String>| format!("{id:?}");
    let inner = |owner| {
        Router::new()
            .route("/{user_id}/tasks", get(handler))
            .layer(owner)
    };
    let pattern = || PathOwnerLayer::new("/{user_id}/{*rest}").unwrap();
    let nested = |owner| Router::new().nest("/api", inner(owner));
    // To the pattern it is the root of the user `tasks`.
    let answer = ask(nested(pattern()), "tasks", "/api//tasks").await;
    assert_eq!(answer.body, r#""""#);
    for user in ["alice", ""] {
        let answer = ask(nested(pattern()), user, "/api//tasks").await;
        assert_eq!(answer.reason(), REFUSED, "{user:?}");
    }
    let answer = ask(nested(owner()), "tasks", "/api//tasks").await;
    assert_eq!(answer.reason(), REFUSED, "by the router's parameter");
}

#[tokio::test]
async fn a_route_without_the_parameter_is_refused_unless_it_is_excepted() {
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
    let excepting = owner()
        .except("/health")
        .and_then(|owner| owner.except("/public/{*rest}"))
        .unwrap();
    assert_all(
        "with exceptions",
        &routes().layer(excepting),
        &[
            ("excepted", "alice", "/health", PASS),
            ("below an exception", "alice", "/public/a/b", PASS),
            ("a dot segment in it", "alice", "/public/a/../b", REFUSED),
            (
                "an encoded backslash in it",
                "alice",
                "/public/a%5Cb",
                REFUSED,
            ),
            (
                "encoded dots in it",
                "alice",
                "/public/%2e%2e/users",
                REFUSED,
            ),
            ("another", "alice", "/users/alice", NO_PARAMETER),
        ],
    )
    .await;
}

#[tokio::test]
async fn a_path_that_was_rewritten_on_the_way_is_looked_at_too() {
    let rewrite = MapRequestLayer::new(|mut request: Request<Body>| {
        *request.uri_mut() = "/api/alice/files/../../bob".parse().unwrap();
        request
    });
    assert_all(
        "rewritten",
        &tasks().route_layer(owner()).layer(rewrite),
        &[("to one with dots", "alice", "/api/alice/tasks", REFUSED)],
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
            ("own", "alice", "/users/alice/tasks", PASS),
            ("another's", "alice", "/users/bob/tasks", REFUSED),
        ],
    )
    .await;
}

#[tokio::test]
async fn outside_of_a_router_there_is_no_parameter_and_all_is_refused() {
    let service = owner().layer(tasks());
    let answer = ask(service, "alice", "/api/alice/tasks").await;
    assert_eq!(
        (answer.status().as_u16(), answer.reason()),
        (403, NO_PARAMETER)
    );
}

#[tokio::test]
async fn inside_of_a_nest_a_pattern_is_matched_with_the_rest_after_the_prefix() {
    let inner = |pattern: &str| {
        Router::new()
            .route("/{user_id}/{*rest}", get("tasks"))
            .layer(PathOwnerLayer::new(pattern).unwrap())
    };
    assert_all(
        "a pattern of the rest",
        &Router::new().nest("/api", inner("/{user_id}/{*rest}")),
        &[
            ("own", "alice", "/api/alice/tasks", PASS),
            ("another's", "alice", "/api/bob/tasks", REFUSED),
            ("dots", "alice", "/api/alice/%2e%2e", REFUSED),
        ],
    )
    .await;
    assert_all(
        "a pattern of the whole path",
        &Router::new().nest("/api", inner("/api/{user_id}/{*rest}")),
        &[("own", "alice", "/api/alice/tasks", "no_pattern")],
    )
    .await;
    let outside = Router::new()
        .nest(
            "/api",
            Router::new().route("/{user_id}/tasks", get("tasks")),
        )
        .layer(PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap());
    assert_all(
        "outside of the nest",
        &outside,
        &[
            ("own", "alice", "/api/alice/tasks", PASS),
            ("another's", "alice", "/api/bob/tasks", REFUSED),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_handler_finds_all_that_axum_put_into_the_extensions() {
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
async fn a_request_by_nobody_gets_a_401_and_one_that_no_layer_saw_a_500() {
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
fn patterns_cannot_be_added_to_it() {
    let error = owner().and("/api/{user_id}").unwrap_err();
    assert!(error.to_string().contains("PathOwnerLayer::new"), "{error}");
}

#[test]
fn an_exception_that_is_no_pattern_is_refused() {
    let error = owner().except("health").unwrap_err();
    assert!(error.to_string().contains("slash"), "{error}");
}

fn tasks() -> Router {
    Router::new()
        .route("/api/{user_id}/tasks", any("tasks"))
        .route("/api/{user_id}/files/{*rest}", any("tasks"))
}

async fn ask<S, B>(service: S, user_id: &str, path: &str) -> Answer
where
    S: tower::Service<Request<Body>, Response = http::Response<B>, Error: std::fmt::Debug>,
    B: http_body::Body<Data = bytes::Bytes>,
{
    let user = CurrentUser::new(user_id, "user@example.com");
    let request = Request::get(path).extension(user).body(Body::empty());
    let response = service.oneshot(request.unwrap()).await.unwrap();
    response.into_answer().await
}

/// Sends each user to each path of the router. Reports all rows that got another answer.
async fn assert_all(way: &str, router: &Router, rows: &[(&str, &str, &str, &str)]) {
    let mut wrong = Vec::new();
    for (description, user_id, path, reason) in rows {
        let answer = ask(router.clone(), user_id, path).await;
        let (status, body) = if *reason == PASS {
            (200, true)
        } else {
            (403, false)
        };
        if answer.reason() != *reason
            || answer.status() != status
            || (answer.body == "tasks") != body
        {
            wrong.push(format!(
                "{way}, {description}: {user_id:?} at {path:?} got {} {}",
                answer.status(),
                answer.reason()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn an_exception_inside_of_a_nest_does_not_let_an_ambiguous_prefix_pass() {
    use axum::{Router, routing::get};
    use tower::ServiceExt;
    use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

    let owner = PathOwnerLayer::path_param("user_id")
        .except("/health")
        .unwrap();
    let inner = Router::new()
        .route("/health", get(async || "ok"))
        .route_layer(owner);
    let router = Router::new().nest("/api/{user_id}", inner);
    for (path, status) in [
        ("/api/alice/health", 200),
        ("/api/bob/health", 200),
        ("/api/../health", 403),
        ("/api/%2e%2e/health", 403),
        ("/api/x%5C..%5Cbob/health", 403),
        ("/api/%00/health", 403),
        ("/api/..;x/health", 403),
        ("/api/%252e%252e/health", 403),
        ("/api/..%3F/health", 403),
    ] {
        let mut request = http::Request::get(path)
            .body(axum::body::Body::empty())
            .unwrap();
        let user = CurrentUser::new("alice", "alice@example.com");
        request.extensions_mut().insert(user);
        let response = router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status, "{path}");
    }
}
