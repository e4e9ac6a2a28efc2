//! Every failure rejects the request.

use std::time::Duration;

use axum::{Router, extract::Request};
use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tower_jwt_auth::JwtAuthLayer;

use crate::{
    Edge, bearer, behind,
    client::{VERSIONS, ask, get},
    example::{self, Proxy},
};

const TASKS: &str = "/api/alice/tasks";

#[tokio::test]
async fn requests_are_allowed_only_while_a_replica_runs() {
    let Some(mut edge) = Edge::start().await else {
        return;
    };
    let valid = bearer(json!({}));
    for running in [2, 1] {
        for version in VERSIONS {
            for _ in 0..6 {
                let request = get(TASKS, &[("authorization", &valid)]);
                ask(&edge.nginx, version, request).await.reached();
                let answer = ask(&edge.nginx, version, get(TASKS, &[])).await;
                assert_eq!(answer.status, 401, "{running} running");
            }
        }
        // nginx asks this replica first.
        drop(edge.replicas.remove(0));
    }

    let before = edge.backend.count();
    for version in VERSIONS {
        for headers in [&[("authorization", valid.as_str())][..], &[]] {
            for _ in 0..3 {
                let answer = ask(&edge.nginx, version, get(TASKS, headers)).await;
                assert_eq!(answer.status, 503, "{answer:?}");
            }
        }
    }
    assert_eq!(edge.backend.count(), before);
}

#[tokio::test]
async fn no_request_is_allowed_without_a_secret() {
    let auth = JwtAuthLayer::builder()
        .secret_from_env("FORWARD_AUTH_TEST_NO_SUCH_VARIABLE")
        .allow_missing_secret();
    let forward_auth = example::router(Proxy::Nginx, auth).unwrap();
    let Some((nginx, backend)) = behind(forward_auth).await else {
        return;
    };
    let valid = bearer(json!({}));
    for version in VERSIONS {
        let request = get(TASKS, &[("authorization", &valid)]);
        assert_eq!(ask(&nginx, version, request).await.status, 500);
        assert_eq!(ask(&nginx, version, get(TASKS, &[])).await.status, 401);
    }
    assert_eq!(backend.count(), 0);
}

/// nginx turns most other statuses into 500, and `@not_judged` in its configuration improves some. It
/// discards the body.
#[tokio::test]
async fn only_a_2xx_from_forward_auth_allows_a_request() {
    // This stub responds with the status in the token.
    let stub = Router::new().fallback(async |request: Request| {
        let status = request.headers()["authorization"].to_str().unwrap();
        let status: StatusCode = status.parse().unwrap();
        (
            status,
            [("www-authenticate", "Bearer x"), ("retry-after", "7")],
            "a body",
        )
    });
    let Some((nginx, backend)) = behind(stub).await else {
        return;
    };
    let (challenge, later) = (Some("Bearer x"), Some("7"));
    for (sent, status, challenge, retry_after) in [
        ("400", 400, challenge, later),
        ("401", 401, challenge, None),
        ("403", 403, None, None),
        ("302", 500, challenge, later),
        ("404", 500, challenge, later),
        ("429", 500, challenge, later),
        ("500", 500, challenge, later),
        ("502", 503, challenge, later),
        ("503", 503, challenge, later),
        ("504", 503, challenge, later),
    ] {
        for version in VERSIONS {
            let answer = ask(&nginx, version, get(TASKS, &[("authorization", sent)])).await;
            assert_eq!(answer.status, status, "{sent}");
            assert_eq!(answer.header("www-authenticate"), challenge, "{sent}");
            assert_eq!(answer.header("retry-after"), retry_after, "{sent}");
            let content_type = answer.header("content-type");
            assert_eq!(content_type, Some("application/json"), "{sent}");
            let body: Value = serde_json::from_slice(&answer.body).unwrap();
            assert!(body["detail"].is_string(), "{sent}: {body}");
        }
    }
    assert_eq!(backend.count(), 0);
    for sent in ["200", "204"] {
        let request = get(TASKS, &[("authorization", sent), ("x-auth-user-id", "bob")]);
        let answer = ask(&nginx, VERSIONS[0], request).await;
        // The backend must reject a request without an identity.
        assert_eq!(answer.reached().identity(), [], "{sent}");
    }
}

#[tokio::test]
async fn the_example_logs_why_it_rejects_a_request() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let expired = bearer(json!({ "exp": 1 }));
    let request = get(TASKS, &[("authorization", &expired)]);
    assert_eq!(ask(&edge.nginx, VERSIONS[0], request).await.status, 401);

    let log = || -> String {
        edge.replicas
            .iter()
            .map(|replica| replica.log.text())
            .collect()
    };
    let is_logged = async {
        while !log().contains(r#"reason="expired""#) {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = timeout(Duration::from_secs(10), is_logged).await;
    assert!(waited.is_ok(), "no reason in the log: {:?}", log());
}
