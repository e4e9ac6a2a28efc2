//! `examples/operations.rs`: metrics and health endpoints.

use axum::{Router, body::Body};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use tower::ServiceExt;

use crate::support::{memory_issuer::MemoryIssuer, *};

#[allow(dead_code)]
#[path = "../../../examples/operations.rs"]
mod example;

async fn page(router: &Router, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    let status = response.status();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

#[tokio::test(start_paused = true)]
async fn readiness_and_metrics_follow_the_keys_and_the_requests() {
    let issuer = MemoryIssuer::new();
    let (router, auth) = example::router(issuer.builder()).unwrap();
    assert!(auth.ready().await.is_err());
    assert_eq!(page(&router, "/livez").await.0, StatusCode::OK);
    assert_eq!(
        page(&router, "/readyz").await.0,
        StatusCode::SERVICE_UNAVAILABLE
    );
    let (_, metrics) = page(&router, "/metrics").await;
    let url = "https://app.example.com/api/auth/jwks";
    for (name, value) in [("auth_jwks_keys", 0), ("auth_jwks_failing", 1)] {
        let line = format!("{name}{{url=\"{url}\"}} {value}\n");
        assert!(metrics.contains(&line), "{line}: {metrics}");
    }
    assert!(!metrics.contains("expires_in_seconds{"), "{metrics}");

    let key = issuer.rotate();
    tokio::time::sleep(std::time::Duration::from_secs(60)).await;
    assert_eq!(page(&router, "/readyz").await.0, StatusCode::OK);
    assert_eq!(page(&router, "/me").await.0, StatusCode::UNAUTHORIZED);
    let mut request = with_bearer(&issuer.token(&key, "alice")).map(|()| Body::empty());
    *request.uri_mut() = "/me".parse().unwrap();
    let response = router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let (_, metrics) = page(&router, "/metrics").await;
    for line in [
        "auth_outcomes_total{outcome=\"accepted\"} 1\n",
        "auth_outcomes_total{outcome=\"missing_token\"} 1\n",
        &format!("auth_jwks_keys{{url=\"{url}\"}} 1\n"),
        &format!("auth_jwks_failing{{url=\"{url}\"}} 0\n"),
        "auth_jwks_age_seconds{",
        "auth_jwks_expires_in_seconds{",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
}
