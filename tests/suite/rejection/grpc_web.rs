//! gRPC-Web over HTTP/1.1 through tonic and tonic-web, with the layer inside and outside
//! `GrpcWebLayer`.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{Request, Response, Version, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tonic::{
    Code, Status,
    body::Body,
    codegen::{Service, http::uri::PathAndQuery},
    server::NamedService,
    service::LayerExt,
    transport::{Server, server::TcpIncoming},
};
use tonic_prost::ProstCodec;
use tonic_web::{GrpcWebClientLayer, GrpcWebLayer};
use tower::Layer;
use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer};

use crate::{
    auth::sockets::{
        listen,
        tonic_example::{Greeter, HELLO, HelloReply, HelloRequest},
    },
    support::*,
};

/// A layer without a secret, built with `allow_missing_secret`.
fn not_configured() -> JwtAuthLayer {
    let builder = JwtAuthLayer::builder().secret_from_env("TOWER_JWT_AUTH_TEST_THAT_IS_UNSET");
    builder.allow_missing_secret().build().unwrap()
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}").unwrap()
}

/// A server of this service inside `GrpcWebLayer`.
async fn inside_grpc_web<S>(service: S) -> SocketAddr
where
    S: Service<Request<Body>, Error = std::convert::Infallible> + NamedService,
    S: Clone + Send + Sync + 'static,
    S::Response: axum::response::IntoResponse,
    S::Future: Send,
{
    let (listener, addr) = listen().await;
    let server = Server::builder()
        .accept_http1(true)
        .layer(GrpcWebLayer::new())
        .add_service(service);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    addr
}

/// A server of the greeter, with `auth` outside `GrpcWebLayer`.
async fn outside_grpc_web(auth: JwtAuthLayer) -> SocketAddr {
    let (listener, addr) = listen().await;
    let server = Server::builder()
        .accept_http1(true)
        .layer(auth)
        .layer(GrpcWebLayer::new())
        .add_service(Greeter);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    addr
}

/// Sends an empty message over HTTP/1.1, like a browser.
async fn send(addr: SocketAddr, content_type: &str, token: Option<&str>) -> Response<Bytes> {
    let body = match content_type.contains("-text") {
        true => "AAAAAAA=".into(),
        false => Bytes::from_static(&[0; 5]),
    };
    let mut request = Request::post(format!("http://{addr}{HELLO}"))
        .header("content-type", content_type)
        .header("accept", content_type)
        .header("x-grpc-web", "1");
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    let client = Client::builder(TokioExecutor::new()).build_http();
    let request = request.body(Full::new(body)).unwrap();
    let (parts, body) = client.request(request).await.unwrap().into_parts();
    assert_eq!(parts.version, Version::HTTP_11);
    Response::from_parts(parts, body.collect().await.unwrap().to_bytes())
}

/// Sends the message with tonic's gRPC-Web client.
async fn call(addr: SocketAddr, token: Option<&str>) -> Result<String, Status> {
    let client = Client::builder(TokioExecutor::new()).build_http();
    let client = GrpcWebClientLayer::new().layer(client);
    let origin = format!("http://{addr}").parse().unwrap();
    let mut client = tonic::client::Grpc::with_origin(client, origin);
    let mut request = tonic::Request::new(HelloRequest {});
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", value);
    }
    client.ready().await.unwrap();
    let codec = ProstCodec::<HelloRequest, HelloReply>::default();
    let reply = client.unary(request, PathAndQuery::from_static(HELLO), codec);
    Ok(reply.await?.into_inner().message)
}

#[tokio::test]
async fn grpc_web_clients_read_the_rejection_in_either_layer_order() {
    let valid = token(&claims());
    for (row, addr, is_inside, token, code, message) in [
        (
            "inside, no token",
            inside_grpc_web(layer().named_layer(Greeter)).await,
            true,
            None,
            16,
            "Not authenticated",
        ),
        (
            "inside, an invalid token",
            inside_grpc_web(layer().named_layer(Greeter)).await,
            true,
            Some("a.b.c"),
            16,
            "Could not validate credentials",
        ),
        (
            "inside, no secret",
            inside_grpc_web(not_configured().named_layer(Greeter)).await,
            true,
            Some(&*valid),
            13,
            "Authentication system not properly configured",
        ),
        (
            "inside, another's path",
            inside_grpc_web(layer().named_layer(owner().named_layer(Greeter))).await,
            true,
            Some(&valid),
            7,
            "Access denied: Cannot access another user's data",
        ),
        (
            "outside, no token",
            outside_grpc_web(layer()).await,
            false,
            None,
            16,
            "Not authenticated",
        ),
        (
            "outside, an invalid token",
            outside_grpc_web(layer()).await,
            false,
            Some("a.b.c"),
            16,
            "Could not validate credentials",
        ),
    ] {
        for content_type in [
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc-web-text",
            "application/grpc-web-text+proto",
        ] {
            let row = format!("{row}, {content_type}");
            let answer = send(addr, content_type, token).await;
            let header = |name| answer.headers().get(name).map(|it| it.to_str().unwrap());
            assert_eq!(header("grpc-status"), Some(&*code.to_string()), "{row}");
            assert_eq!(header("grpc-message"), Some(message), "{row}");
            let content_type = header("content-type").unwrap();
            assert!(
                content_type.starts_with("application/grpc-web"),
                "{row}: {content_type}"
            );
            assert_eq!(answer.body(), "", "{row}");
            let status = match (is_inside, code) {
                (false, _) => 200,
                (true, 16) => 401,
                (true, 7) => 403,
                (true, _) => 500,
            };
            assert_eq!(answer.status(), status, "{row}");
        }
        let error = call(addr, token).await.unwrap_err();
        assert_eq!(error.code(), Code::from(code), "{row}: {error:?}");
        assert_eq!(error.message(), message, "{row}");
    }
}

#[tokio::test]
async fn grpc_web_calls_reach_the_method_in_either_layer_order() {
    let token = token(&claims());
    for addr in [
        inside_grpc_web(layer().named_layer(Greeter)).await,
        outside_grpc_web(layer()).await,
    ] {
        let reply = call(addr, Some(&token)).await.unwrap();
        assert_eq!(reply, "Hello alice@example.com");
        let answer = send(addr, "application/grpc-web+proto", Some(&token)).await;
        assert_eq!(answer.status(), 200);
        let body = String::from_utf8_lossy(answer.body());
        assert!(body.contains("alice@example.com"), "{body}");
        assert!(body.contains("grpc-status:0"), "{body}");
    }
}

/// A client can send the headers that `GrpcWebLayer` adds. They must not cause a 2xx response, which
/// some proxies treat as "allowed".
#[tokio::test]
async fn grpc_over_http_1_keeps_the_http_status_of_the_rejection() {
    let request = |version, te: &[&'static str]| {
        let mut request = with_bearer(&token(&claims()));
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = version;
        let grpc = http::HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", grpc);
        for value in te {
            let value = http::HeaderValue::from_static(value);
            request.headers_mut().append("te", value);
        }
        request
    };
    let without = |mut request: Request<()>| {
        request.headers_mut().remove(AUTHORIZATION);
        request
    };
    let custom = || {
        let builder = builder().answer_with(|_, _| Response::new(Bytes::from("custom")));
        builder.build().unwrap()
    };
    for version in [Version::HTTP_10, Version::HTTP_11] {
        let request = || request(version, &["trailers"]);
        for (row, answer, status, code) in [
            (
                "no token",
                ask(layer(), without(request())).await,
                401,
                "16",
            ),
            (
                "custom responses",
                ask(custom(), without(request())).await,
                401,
                "16",
            ),
            (
                "another's path",
                ask((layer(), owner()), request()).await,
                403,
                "7",
            ),
            (
                "no secret",
                ask(not_configured(), request()).await,
                500,
                "13",
            ),
            ("no layer", ask(owner(), request()).await, 500, "13"),
        ] {
            let row = format!("{row}, {version:?}");
            assert_eq!(answer.status(), status, "{row}");
            assert_eq!(answer.header("grpc-status"), Some(code), "{row}");
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{row}");
            assert_eq!(
                answer.challenge(),
                (status == 401).then_some("Bearer"),
                "{row}"
            );
        }
    }
    for (row, layer, version, te) in [
        (
            "http_answers_only",
            builder().http_answers_only().build().unwrap(),
            Version::HTTP_11,
            &["trailers"][..],
        ),
        ("no te", layer(), Version::HTTP_11, &[]),
        (
            "another te",
            layer(),
            Version::HTTP_11,
            &["trailers, deflate"],
        ),
        (
            "two te",
            layer(),
            Version::HTTP_11,
            &["trailers", "trailers"],
        ),
        ("HTTP/0.9", layer(), Version::HTTP_09, &["trailers"]),
        ("HTTP/3", layer(), Version::HTTP_3, &["trailers"]),
    ] {
        let answer = ask(layer, without(request(version, te))).await;
        answer.assert_not_authenticated(row);
        assert_eq!(answer.header("grpc-status"), None, "{row}");
    }
}
