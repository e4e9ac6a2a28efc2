//! The example with requests in the form of each proxy. These tests do not need nginx.

use axum::body::Body;
use http::{Method, Request, Response, Version};
use serde_json::json;
use tower::ServiceExt;
use tower_jwt_auth::JwtAuthLayer;

use crate::{
    SECRET, bearer, bearer_with_secret,
    example::{self, Proxy},
};

const PROXIES: [Proxy; 3] = [Proxy::Nginx, Proxy::Traefik, Proxy::Envoy];
const OWN: &str = "/api/alice/tasks";
const OTHERS: &str = "/api/bob/tasks";

#[tokio::test]
async fn the_path_is_read_only_where_the_proxy_puts_it() {
    let (original, forwarded) = ("x-original-uri", "x-forwarded-uri");
    for (proxy, asked, headers, status) in [
        (Proxy::Nginx, "/", &[(original, OWN)][..], 200),
        (Proxy::Nginx, "/", &[(original, OTHERS)], 403),
        (Proxy::Nginx, OWN, &[(original, OTHERS)], 403),
        (Proxy::Nginx, OWN, &[], 400),
        (Proxy::Nginx, OWN, &[(forwarded, OWN)], 400),
        (
            Proxy::Nginx,
            "/",
            &[(original, OTHERS), (forwarded, OWN)],
            403,
        ),
        (Proxy::Traefik, "/", &[(forwarded, OWN)], 200),
        (Proxy::Traefik, OWN, &[(forwarded, OTHERS)], 403),
        (Proxy::Traefik, OWN, &[], 400),
        (Proxy::Traefik, "/", &[(original, OWN)], 400),
        (
            Proxy::Traefik,
            "/",
            &[(forwarded, OTHERS), (original, OWN)],
            403,
        ),
        (Proxy::Envoy, OWN, &[], 200),
        (Proxy::Envoy, OTHERS, &[], 403),
        (
            Proxy::Envoy,
            OTHERS,
            &[(original, OWN), (forwarded, OWN)],
            403,
        ),
        (Proxy::Envoy, "/", &[(original, OWN), (forwarded, OWN)], 403),
    ] {
        let answer = ask(proxy, valid(asked), headers).await;
        assert_eq!(answer.status(), status, "{proxy:?}, {asked}, {headers:?}");
    }
}

#[tokio::test]
async fn an_ambiguous_path_is_rejected() {
    for (values, status) in [
        (&[OWN, OWN][..], 400),
        (&[OWN, OTHERS], 400),
        (&[""], 400),
        (&["api/alice/tasks"], 400),
        (&["http://edge.example/api/alice/tasks"], 400),
        (&["*"], 400),
        (&["/api/alice/tasks#/../../bob/tasks"], 400),
        (&["/api/alice/tasks /api/bob/tasks"], 400),
        (&["/api/alice/t\u{fc}"], 400),
        (&["//edge.example/api/alice/tasks"], 403),
        (&["/api/alice/../bob/tasks"], 403),
        (&["/api/alice/%2E%2E/bob/tasks"], 403),
        (&["/api/bob/tasks?/api/alice/tasks"], 403),
    ] {
        for (proxy, name) in [
            (Proxy::Nginx, "x-original-uri"),
            (Proxy::Traefik, "x-forwarded-uri"),
        ] {
            let headers: Vec<_> = values.iter().map(|value| (name, *value)).collect();
            let answer = ask(proxy, valid("/"), &headers).await;
            assert_eq!(answer.status(), status, "{proxy:?}, {values:?}");
        }
    }
}

/// Envoy forwards the method, and may forward the version and the content type. By default, the
/// layers would respond to a gRPC request with HTTP 200, which Envoy treats as allowed.
#[tokio::test]
async fn a_rejection_is_never_a_200_whatever_the_content_type() {
    let twice = |request: http::request::Builder| {
        request
            .header("authorization", bearer(json!({})))
            .header("authorization", bearer(json!({})))
    };
    let expired = bearer(json!({ "exp": 1 }));
    for proxy in PROXIES {
        for content_type in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web",
            "application/grpc-web-text+proto",
        ] {
            for version in [Version::HTTP_11, Version::HTTP_2] {
                for (path, request, status) in [
                    (OWN, Request::builder(), 401),
                    (
                        OWN,
                        Request::builder().header("authorization", &expired),
                        401,
                    ),
                    (OWN, twice(Request::builder()), 400),
                    (OTHERS, valid(OTHERS), 403),
                ] {
                    let request = request
                        .method(Method::POST)
                        .version(version)
                        .uri(path)
                        .header("content-type", content_type);
                    let headers = [("x-original-uri", path), ("x-forwarded-uri", path)];
                    let answer = ask(proxy, request, &headers).await;
                    let what = format!("{proxy:?}, {content_type}, {version:?}, {path}");
                    assert_eq!(answer.status(), status, "{what}");
                    assert!(!answer.headers().contains_key("grpc-status"), "{what}");
                }
            }
        }
    }
}

/// Envoy treats only 200 as allowed, and keeps the client's header if the response has none.
#[tokio::test]
async fn an_allowed_request_gets_200_with_all_identity_headers() {
    for proxy in PROXIES {
        let headers = [("x-original-uri", OWN), ("x-forwarded-uri", OWN)];
        let answer = ask(proxy, valid(OWN), &headers).await;
        assert_eq!(answer.status(), 200);
        let headers = answer.headers();
        assert_eq!(headers["x-auth-user-id"], "alice");
        assert_eq!(headers["x-auth-email"], "alice@example.com");
        assert_eq!(headers["x-auth-name"], "");
        assert_eq!(headers["x-auth-issuer"], "");
        assert_eq!(headers["cache-control"], "no-store");
    }
}

/// Two issuers may use the same ID for two people.
#[tokio::test]
async fn a_user_of_another_issuer_owns_no_path() {
    const OURS: &str = "https://app.example.com";
    const PARTNER: &str = "https://partner.example.com";
    const PARTNER_SECRET: &str = "another secret, of 32 bytes or more";
    let auth = || {
        let partner = JwtAuthLayer::builder()
            .secret(PARTNER_SECRET)
            .issuer(PARTNER);
        JwtAuthLayer::builder()
            .secret(SECRET)
            .issuer(OURS)
            .or(partner)
    };
    for (issuer, secret, path, status) in [
        (OURS, SECRET, OWN, 200),
        (OURS, SECRET, "/me", 200),
        (PARTNER, PARTNER_SECRET, OWN, 403),
        (PARTNER, PARTNER_SECRET, "/me", 200),
    ] {
        let claims = json!({ "iss": issuer, "role": "admin" });
        let request = Request::builder()
            .uri(path)
            .header("authorization", bearer_with_secret(secret, claims))
            .body(Body::empty())
            .unwrap();
        let router = example::router(Proxy::Envoy, auth()).unwrap();
        let answer = router.oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{issuer}, {path}");
        if status == 200 {
            let encoded = issuer.replace(':', "%3A").replace('/', "%2F");
            assert_eq!(answer.headers()["x-auth-issuer"], encoded);
        }
    }
}

fn valid(path: &str) -> http::request::Builder {
    Request::builder()
        .uri(path)
        .header("authorization", bearer(json!({})))
}

async fn ask(
    proxy: Proxy,
    mut request: http::request::Builder,
    headers: &[(&str, &str)],
) -> Response<Body> {
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let auth = JwtAuthLayer::builder().secret(SECRET);
    let router = example::router(proxy, auth).unwrap();
    router.oneshot(request).await.unwrap()
}
