//! The events that report a `PathOwnerLayer` that does not fit the routes.

use http::{Request, Version};
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use crate::{
    events::{Captured, told},
    support::*,
};

const DENIED: &str = "Access denied: Cannot access another user's data";

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn by_alice<B>(mut request: Request<B>) -> Request<B> {
    let alice = CurrentUser::new("alice", "alice@example.com");
    request.extensions_mut().insert(alice);
    request
}

/// Asserts that one ERROR event has this reason and these parts, and no data of the request.
#[track_caller]
fn assert_logged_once(events: &Captured, reason: &str, parts: &[&str]) {
    let errors = events.at("ERROR");
    assert_eq!(errors.len(), told(), "{}", events.text());
    for error in errors {
        assert!(error.contains(&format!("reason=\"{reason}\"")), "{error}");
        for part in parts {
            assert!(error.contains(part), "no {part:?} in: {error}");
        }
        assert!(!error.contains("alice"), "{error}");
        assert!(!error.contains("private"), "{error}");
    }
}

#[tokio::test]
async fn an_uncovered_path_is_logged_once_per_layer() {
    for _ in 0..2 {
        let layer = owner();
        let events = Captured::start();
        for path in ["/private/1", "/private/2", "/api"] {
            let answer = ask(layer.clone(), by_alice(get(path))).await;
            answer.assert_http(403, "no_pattern", DENIED, &path);
            assert_eq!(answer.challenge(), None);
        }
        let fix = [".and(…)", ".except(…)", "/api/{user_id}/{*rest}"];
        assert_logged_once(&events, "no_pattern", &fix);
        assert_eq!(events.at("DEBUG").len(), 3 * told());
    }
}

#[tokio::test]
async fn a_client_error_is_not_logged_at_error() {
    let events = Captured::start();
    for path in ["/api/bob", "/private/..", "/api/%FF/x", "/api/b%2Fob", "//"] {
        let answer = ask(owner(), by_alice(get(path))).await;
        answer.assert_http(403, "not_owner", DENIED, &path);
    }
    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = ask((anonymous, owner()), get("/private")).await;
    answer.assert_not_authenticated("no token");
    assert_eq!(events.at("ERROR"), [""; 0]);
}

#[tokio::test]
async fn not_found_hides_an_uncovered_path_from_the_client_only() {
    let events = Captured::start();
    let answer = ask(owner().not_found(), by_alice(get("/private"))).await;
    answer.assert_http(404, "not_owner", "Not Found", &"hidden");
    assert_logged_once(&events, "no_pattern", &[]);
    let debug = events.at("DEBUG");
    assert!(
        debug.iter().all(|event| event.contains("no_pattern")),
        "{debug:?}"
    );
}

#[tokio::test]
async fn an_uncovered_grpc_request_is_permission_denied() {
    let request = Request::post("/private")
        .version(Version::HTTP_2)
        .header("content-type", "application/grpc")
        .body(())
        .unwrap();
    let answer = ask(owner(), by_alice(request)).await;
    answer.assert_grpc("7", DENIED, "application/grpc", "gRPC");
}

#[cfg(feature = "axum")]
mod router {
    use axum::{
        Router,
        body::Body,
        routing::{any, get},
    };
    use tower::{Layer, ServiceExt};

    use super::*;

    fn routes() -> Router {
        Router::new()
            .route("/api/{user_id}/{*rest}", get("tasks"))
            .route("/health", get("healthy"))
    }

    async fn ask<S, B>(service: S, path: &str) -> Answer
    where
        S: tower::Service<Request<Body>, Response = http::Response<B>, Error: std::fmt::Debug>,
        B: http_body::Body<Data = bytes::Bytes>,
    {
        let request = by_alice(Request::get(path).body(Body::empty()).unwrap());
        service.oneshot(request).await.unwrap().into_answer().await
    }

    #[tokio::test]
    async fn a_missing_parameter_is_logged_with_the_routes_parameters() {
        let param = PathOwnerLayer::path_param;
        let parameters = r#"["user_id", "rest"]"#;
        for (row, router, path, parts) in [
            (
                "a typo",
                routes().route_layer(param("userid")),
                "/api/alice/private",
                [r#"path_param("userid")"#, parameters],
            ),
            (
                "a route without it",
                routes().route_layer(param("user_id")),
                "/health",
                [r#"path_param("user_id")"#, "has no parameters"],
            ),
            (
                "no route",
                routes().layer(param("user_id")),
                "/private",
                [".route_layer(…)", "the path has no route"],
            ),
        ] {
            let events = Captured::start();
            for _ in 0..3 {
                let answer = ask(router.clone(), path).await;
                answer.assert_http(403, "no_parameter", DENIED, &row);
            }
            assert_logged_once(&events, "no_parameter", &parts);
            assert_eq!(events.at("DEBUG").len(), 3 * told(), "{row}");
        }
    }

    /// An outer route, and a handler that passes the request on to an inner router.
    fn dispatching(outer: &str, inner: &str, owner: PathOwnerLayer) -> Router {
        let inner = Router::new().route(inner, get("tasks")).route_layer(owner);
        Router::new().route(
            outer,
            any(move |request: Request<Body>| inner.oneshot(request)),
        )
    }

    #[tokio::test]
    async fn a_parameter_in_or_after_a_wildcard_is_logged_with_its_fix() {
        let param = PathOwnerLayer::path_param;
        let inner = "/t/private/{user_id}/tasks";
        let behind = dispatching("/t/{tenant}/{*rest}", inner, param("user_id"));
        let itself = Router::new()
            .route("/t/{*user_id}", get("tasks"))
            .route_layer(param("user_id"));
        let missing = Router::new()
            .route("/t/{*rest}", get("tasks"))
            .route_layer(param("user_id"));
        for (row, router, parts) in [
            (
                "after it",
                behind.clone(),
                ["the wildcard {*rest} before it", "PathOwnerLayer::new(…)"],
            ),
            (
                "the wildcard itself",
                itself.clone(),
                ["as a wildcard, {*user_id}", "write {user_id}"],
            ),
            (
                "only a wildcard",
                missing,
                ["no parameter of this name", r#"["rest"]"#],
            ),
        ] {
            let events = Captured::start();
            for _ in 0..2 {
                let answer = ask(router.clone(), "/t/private/alice/tasks").await;
                answer.assert_http(403, "no_parameter", DENIED, &row);
            }
            assert_logged_once(&events, "no_parameter", &parts);
        }
        let one_segment = dispatching(
            "/t/{tenant}/{user}/{page}",
            "/t/{name}/{user_id}/tasks",
            param("user_id"),
        );
        let answer = ask(one_segment, "/t/private/alice/tasks").await;
        assert_eq!(answer.reason(), "accepted");
    }

    #[tokio::test]
    async fn a_slash_that_the_client_encoded_is_not_logged_at_error() {
        let events = Captured::start();
        let router = Router::new()
            .route("/t/{tenant}/{user_id}/tasks", get("tasks"))
            .route_layer(PathOwnerLayer::path_param("user_id"));
        let inner = Router::new()
            .route("/{user_id}/tasks", get("tasks"))
            .route_layer(PathOwnerLayer::path_param("user_id"));
        let nested = Router::new().nest("/t/{tenant}", inner);
        for (router, path) in [
            (&router, "/t/a%2Fprivate/alice/tasks"),
            (&router, "/t/a%2fprivate/alice/tasks"),
            (&router, "/t/private/alice%2Fb/tasks"),
            (&nested, "/t/a%2Fprivate/alice/tasks"),
        ] {
            let answer = ask(router.clone(), path).await;
            answer.assert_http(403, "not_owner", DENIED, &path);
        }
        assert_eq!(events.at("ERROR"), [""; 0]);
    }

    #[tokio::test]
    async fn a_layer_outside_the_router_is_logged_with_its_fix() {
        let events = Captured::start();
        let service = PathOwnerLayer::path_param("user_id").layer(routes());
        let answer = ask(service, "/api/alice/private").await;
        assert_eq!(answer.reason(), "no_parameter");
        assert_logged_once(&events, "no_parameter", &["outside the router"]);
    }

    #[tokio::test]
    async fn a_full_path_pattern_inside_a_nest_is_logged_with_its_fix() {
        let inner = Router::new().route("/{user_id}/{*rest}", get("tasks"));
        let nested = |owner| Router::new().nest("/api", inner.clone().layer(owner));
        let fix = "outside the nest";
        let events = Captured::start();
        let answer = ask(nested(owner()), "/api/alice/private").await;
        answer.assert_http(403, "no_pattern", DENIED, &"the whole path");
        assert_logged_once(&events, "no_pattern", &[fix, "path_param"]);
        drop(events);

        let events = Captured::start();
        let other = PathOwnerLayer::new("/v2/{user_id}").unwrap();
        let answer = ask(nested(other), "/api/alice/private").await;
        assert_eq!(answer.reason(), "no_pattern");
        assert_logged_once(&events, "no_pattern", &["/v2/{user_id}"]);
        assert!(!events.text().contains(fix), "{}", events.text());
    }

    #[tokio::test]
    async fn a_non_utf8_parameter_is_not_logged_at_error() {
        let events = Captured::start();
        let router = routes().route_layer(PathOwnerLayer::path_param("user_id"));
        let answer = ask(router, "/api/%FF/x").await;
        answer.assert_http(403, "not_owner", DENIED, &"not UTF-8");
        assert_eq!(events.at("ERROR"), [""; 0]);
    }
}
