//! The service of the metadata in routers of axum and over HTTP/2.

use std::convert::Infallible;

use axum::{Router, body::Body, routing::any_service};
use http::{Method, Request};
use http_body_util::BodyExt;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    service::TowerToHyperService,
};
use tower::ServiceExt;

use super::*;

async fn status_of(router: Router, path: &str) -> u16 {
    let request = Request::get(path).body(Body::empty()).unwrap();
    router.oneshot(request).await.unwrap().status().as_u16()
}

/// A router with a protected service and the metadata, merged after the layer.
fn app() -> Router {
    let auth = protected(&issuer()).build().unwrap();
    let service = any_service(tower::service_fn(async |_: Request<Body>| {
        Ok::<_, Infallible>(http::Response::new(Body::from("called")))
    }));
    let router = Router::new().nest_service("/mcp", service);
    router.layer(auth).merge(resource().also_at_root().routes())
}

#[tokio::test]
async fn merged_routes_need_no_token() {
    for (path, expected) in [
        (METADATA_PATH, 200),
        ("/.well-known/oauth-protected-resource", 200),
        ("/.well-known/oauth-protected-resource/files", 404),
        ("/.well-known/oauth-authorization-server", 404),
        ("/unknown", 404),
        ("/mcp", 401),
        ("/mcp/.well-known/oauth-protected-resource", 401),
    ] {
        assert_eq!(status_of(app(), path).await, expected, "{path}");
    }
}

#[tokio::test]
async fn other_methods_of_merged_routes_get_405_from_the_service() {
    let request = Request::post(METADATA_PATH).body(Body::empty()).unwrap();
    let response = app().oneshot(request).await.unwrap();
    assert_eq!(response.status(), 405);
    assert_eq!(response.headers()["allow"], "GET, HEAD, OPTIONS");
}

#[tokio::test]
async fn a_nested_service_is_found_by_the_original_path() {
    let service = || any_service(resource());
    let well_known = || Router::new().route("/oauth-protected-resource/mcp", service());
    for (row, router) in [
        (
            "nest_service",
            Router::new().nest_service("/.well-known", resource()),
        ),
        (
            "nest_service of a router",
            Router::new().nest_service("/.well-known", well_known()),
        ),
        ("nest", Router::new().nest("/.well-known", well_known())),
        (
            "fallback_service",
            Router::new().fallback_service(resource()),
        ),
    ] {
        assert_eq!(status_of(router.clone(), METADATA_PATH).await, 200, "{row}");
        assert_eq!(status_of(router, "/.well-known/other").await, 404, "{row}");
    }
}

#[tokio::test]
async fn a_path_that_a_router_removes_does_not_count() {
    let proxy = Router::new().nest_service("/proxy", resource());
    assert_eq!(
        status_of(proxy, &format!("/proxy{METADATA_PATH}")).await,
        404
    );
}

#[tokio::test]
async fn two_resources_share_a_router() {
    let other = ProtectedResource::new("https://api.example.com/files", LOGIN).unwrap();
    let router: Router = resource().routes().merge(other.routes());
    for path in [resource().metadata_path(), other.metadata_path()] {
        assert_eq!(status_of(router.clone(), path).await, 200, "{path}");
    }
}

#[tokio::test]
async fn head_over_http_2_has_the_length_but_no_body() {
    let (client, server) = tokio::io::duplex(64 * 1024);
    let service = TowerToHyperService::new(resource());
    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(server), service);
    let server = tokio::spawn(server);
    let client = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(client));
    let (mut client, connection) = client.await.unwrap();
    let connection = tokio::spawn(connection);

    let mut lengths = Vec::new();
    for method in [Method::GET, Method::HEAD] {
        let request = Request::builder().method(&method);
        let request = request.uri(METADATA_URL).body(String::new()).unwrap();
        let response = client.send_request(request).await.unwrap();
        assert_eq!(response.status(), 200, "{method}");
        assert_eq!(response.version(), http::Version::HTTP_2);
        let length: usize = { &response.headers()["content-length"] }
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let body = response.into_body().collect().await.unwrap().to_bytes();
        lengths.push((length, body.len()));
    }
    let [(of_get, body), (of_head, no_body)] = lengths[..] else {
        unreachable!()
    };
    assert_eq!((of_get, of_head, no_body), (body, body, 0));
    connection.abort();
    server.abort();
}
