//! The layer inside and outside nested routers of axum.

use axum::{Router, extract::Path, routing::get};
use tower_jwt_auth::PathOwnerLayer;

use super::path_param::{ACCEPTED, NOT_OWNER, ask, assert_all, owner};

#[tokio::test]
async fn every_value_of_the_parameter_must_be_the_users_id() {
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
                    ACCEPTED,
                ),
                (
                    "one is encoded",
                    "alice",
                    "/api/alice/share/%61lice",
                    ACCEPTED,
                ),
                (
                    "the inner one is not",
                    "alice",
                    "/api/alice/share/bob",
                    NOT_OWNER,
                ),
                (
                    "the outer one is not",
                    "alice",
                    "/api/bob/share/alice",
                    NOT_OWNER,
                ),
                ("neither is", "alice", "/api/bob/share/bob", NOT_OWNER),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn nested_routers_are_checked_by_the_whole_path() {
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
            ("own", "alice", "/x/y/alice/tasks", ACCEPTED),
            ("another's", "alice", "/x/y/bob/tasks", NOT_OWNER),
            (
                "the other parameter",
                "alice",
                "/x/alice/bob/tasks",
                NOT_OWNER,
            ),
            (
                "dots before the prefix",
                "alice",
                "/x/../alice/tasks",
                NOT_OWNER,
            ),
            (
                "encoded dots there",
                "alice",
                "/x/%2e%2e/alice/tasks",
                NOT_OWNER,
            ),
            (
                "a backslash there",
                "alice",
                "/x/a%5Cb/alice/tasks",
                NOT_OWNER,
            ),
            (
                "a parameter there",
                "alice",
                "/x/..;a/alice/tasks",
                NOT_OWNER,
            ),
            ("NUL there", "alice", "/x/%00/alice/tasks", NOT_OWNER),
            ("a tab there", "alice", "/x/.%09./alice/tasks", NOT_OWNER),
            (
                "dots encoded twice",
                "alice",
                "/x/%252e./alice/tasks",
                NOT_OWNER,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_ambiguous_parameter_before_the_id_is_rejected() {
    let inner = || {
        Router::new()
            .route("/tasks", get("tasks"))
            .route("/in/{room}/{user_id}", get("tasks"))
            .route("/files/{*rest}", get("tasks"))
            .route_layer(owner())
    };
    let twice = Router::new().nest("/orgs/{org}", Router::new().nest("/{user_id}", inner()));
    for (way, router) in [
        ("nest", Router::new().nest("/orgs/{org}/{user_id}", inner())),
        ("two nests", twice),
    ] {
        assert_all(
            way,
            &router,
            &[
                ("plain", "alice", "/orgs/a/alice/tasks", ACCEPTED),
                ("a parameter", "alice", "/orgs/a;v=1/alice/tasks", ACCEPTED),
                (
                    "behind the id",
                    "alice",
                    "/orgs/a/alice/files/x%2Fy/;z",
                    ACCEPTED,
                ),
                ("a slash", "alice", "/orgs/a%2Fbob/alice/tasks", NOT_OWNER),
                (
                    "in lower case",
                    "alice",
                    "/orgs/a%2f/alice/tasks",
                    NOT_OWNER,
                ),
                ("a semicolon", "alice", "/orgs/;/alice/tasks", NOT_OWNER),
                ("encoded", "alice", "/orgs/%3Bv/alice/tasks", NOT_OWNER),
                ("between two", "alice", "/orgs/a/alice/in/b/alice", ACCEPTED),
                (
                    "a slash there",
                    "alice",
                    "/orgs/a/alice/in/b%2Fbob/alice",
                    NOT_OWNER,
                ),
            ],
        )
        .await;
    }
}

#[tokio::test]
async fn parameters_behind_nest_service_are_invisible_outside_it() {
    let behind = || Router::new().route("/share/{user_id}", get("tasks"));
    let outside = Router::new().nest_service("/api/{user_id}", behind());
    let inside = Router::new().nest_service("/api/{user_id}", behind().layer(owner()));
    let path = "/api/alice/share/bob";
    assert_all(
        "outside",
        &outside.layer(owner()),
        &[("another's", "alice", path, ACCEPTED)],
    )
    .await;
    assert_all(
        "inside",
        &inside,
        &[("another's", "alice", path, NOT_OWNER)],
    )
    .await;
}

#[tokio::test]
async fn a_pattern_inside_a_nest_misses_a_removed_empty_segment() {
    let handler = async |Path(id): Path<String>| format!("{id:?}");
    let inner = |owner| {
        Router::new()
            .route("/{user_id}/tasks", get(handler))
            .layer(owner)
    };
    let pattern = || PathOwnerLayer::new("/{user_id}/{*rest}").unwrap();
    let nested = |owner| Router::new().nest("/api", inner(owner));
    // The pattern reads the path as the root of the user `tasks`.
    let answer = ask(nested(pattern()), "tasks", "/api//tasks").await;
    assert_eq!(answer.body, r#""""#);
    for user in ["alice", ""] {
        let answer = ask(nested(pattern()), user, "/api//tasks").await;
        assert_eq!(answer.reason(), NOT_OWNER, "{user:?}");
    }
    let answer = ask(nested(owner()), "tasks", "/api//tasks").await;
    assert_eq!(answer.reason(), NOT_OWNER, "by the router's parameter");
}

#[tokio::test]
async fn a_pattern_inside_a_nest_matches_the_path_after_the_prefix() {
    let inner = |pattern: &str| {
        Router::new()
            .route("/{user_id}/{*rest}", get("tasks"))
            .layer(PathOwnerLayer::new(pattern).unwrap())
    };
    assert_all(
        "a pattern of the rest",
        &Router::new().nest("/api", inner("/{user_id}/{*rest}")),
        &[
            ("own", "alice", "/api/alice/tasks", ACCEPTED),
            ("another's", "alice", "/api/bob/tasks", NOT_OWNER),
            ("dots", "alice", "/api/alice/%2e%2e", NOT_OWNER),
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
        "outside the nest",
        &outside,
        &[
            ("own", "alice", "/api/alice/tasks", ACCEPTED),
            ("another's", "alice", "/api/bob/tasks", NOT_OWNER),
        ],
    )
    .await;
}

#[tokio::test]
async fn an_exemption_inside_a_nest_rejects_an_ambiguous_prefix() {
    use tower::ServiceExt;
    use tower_jwt_auth::CurrentUser;

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
