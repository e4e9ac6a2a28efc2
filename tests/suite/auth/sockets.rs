//! The layers behind a socket, in hyper and in tonic, with real clients.

use std::net::SocketAddr;

use http::{Request, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, Empty};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tokio::net::TcpListener;
use tonic::{Code, transport::Channel};
use tonic_health::{
    ServingStatus,
    pb::{HealthCheckRequest, health_client::HealthClient},
};
use tower_jwt_auth::PathOwnerLayer;

use crate::support::*;

#[path = "../../../examples/hyper.rs"]
#[allow(dead_code)]
mod hyper_example;

#[path = "../../../examples/tonic.rs"]
#[allow(dead_code)]
pub(crate) mod tonic_example;

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

#[tokio::test]
async fn a_hyper_service_responds_over_a_socket() {
    let (listener, addr) = listen().await;
    tokio::spawn(async move {
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let served = hyper_example::serve(listener, layer(), owner).await;
        served.map_err(|error| error.to_string())
    });
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build_http::<Empty<bytes::Bytes>>();
    let valid = token(&claims());
    let tampered = format!("{}A", &valid[..valid.len() - 1]);
    assert_ne!(valid, tampered);
    let cases = [
        (
            "/api/alice/tasks",
            Some(&valid),
            200,
            "Hello alice@example.com\n",
        ),
        (
            "/api/alice/tasks",
            None,
            401,
            r#"{"detail":"Not authenticated"}"#,
        ),
        (
            "/api/alice/tasks",
            Some(&tampered),
            401,
            r#"{"detail":"Could not validate credentials"}"#,
        ),
        (
            "/api/bob/tasks",
            Some(&valid),
            403,
            r#"{"detail":"Access denied: Cannot access another user's data"}"#,
        ),
    ];
    for (path, token, status, body) in cases {
        let mut request = Request::get(format!("http://{addr}{path}"));
        if let Some(token) = token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let response = client
            .request(request.body(Empty::new()).unwrap())
            .await
            .unwrap();
        assert_eq!(
            response.status(),
            StatusCode::from_u16(status).unwrap(),
            "{path}"
        );
        let received = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(received, body, "{path}");
    }
}

async fn tonic_server() -> Channel {
    let (listener, addr) = listen().await;
    tokio::spawn(tonic_example::serve(listener, layer()));
    let endpoint = Channel::from_shared(format!("http://{addr}")).unwrap();
    endpoint.connect().await.unwrap()
}

#[tokio::test]
async fn a_tonic_handler_reads_the_user() {
    let channel = tonic_server().await;
    let greeting = tonic_example::hello(channel, Some(&token(&claims()))).await;
    assert_eq!(greeting.unwrap(), "Hello alice@example.com");
}

#[tokio::test]
async fn a_tonic_client_receives_unauthenticated() {
    let channel = tonic_server().await;
    for (token, message) in [
        (None, "Not authenticated"),
        (Some("not.a.token"), "Could not validate credentials"),
    ] {
        let status = tonic_example::hello(channel.clone(), token)
            .await
            .unwrap_err();
        assert_eq!(status.code(), Code::Unauthenticated);
        assert_eq!(status.message(), message);
    }
}

#[tokio::test]
async fn a_tonic_service_outside_the_layer_stays_open() {
    let probe = HealthCheckRequest {
        service: "example.Greeter".to_owned(),
    };
    let mut client = HealthClient::new(tonic_server().await);
    let health = client.check(probe).await.unwrap().into_inner();
    assert_eq!(health.status, ServingStatus::Serving as i32);
}
