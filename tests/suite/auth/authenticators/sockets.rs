//! Authenticators behind a socket, in axum, hyper, and tonic, with real clients.

use axum::{Extension, Router, body::Bytes, routing::post};
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use tonic::{Code, transport::Channel};

use super::*;
use crate::auth::sockets::{listen, tonic_example};

/// Looks up API keys: `valid` is Alice's.
fn api_keys() -> JwtAuthLayer {
    let by_key = by_fn(|request: &Parts| {
        let Some(key) = request.headers.get("x-api-key").cloned() else {
            return Authentication::NotMine;
        };
        Authentication::lookup(async move {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            let found = if key == "valid" {
                user("alice")
            } else {
                INVALID
            };
            found.into()
        })
    });
    builder().authenticate_with(by_key).build().unwrap()
}

#[tokio::test]
async fn a_body_arrives_over_a_socket_after_a_lookup() {
    let (listener, addr) = listen().await;
    let echo = async |Extension(user): Extension<CurrentUser>, body: Bytes| {
        format!("{} {}", user.user_id(), body.len())
    };
    let app = Router::new().route("/", post(echo)).route_layer(api_keys());
    tokio::spawn(axum::serve(listener, app).into_future());
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    for (key, size, status, expected) in [
        ("valid", 3, 200, "alice 3"),
        ("valid", 1 << 20, 200, "alice 1048576"),
        (
            "invalid",
            1 << 20,
            401,
            r#"{"detail":"Could not validate credentials"}"#,
        ),
    ] {
        let request = Request::post(format!("http://{addr}/")).header("x-api-key", key);
        let body = Full::from(vec![b'a'; size]);
        let response = client.request(request.body(body).unwrap()).await.unwrap();
        assert_eq!(response.status(), status, "{key}");
        let received = response.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(received, expected, "{key}");
    }
}

#[tokio::test]
async fn a_tonic_service_has_the_user_of_a_lookup() {
    for (result, expected) in [
        (user("alice"), Ok("Hello alice@example.com")),
        (after(user("alice")), Ok("Hello alice@example.com")),
        (after(INVALID), Err(Code::Unauthenticated)),
        (
            after(Rejected(Rejection::SessionsUnavailable)),
            Err(Code::Unavailable),
        ),
    ] {
        let (listener, addr) = listen().await;
        tokio::spawn(tonic_example::serve(listener, only(result)));
        let endpoint = Channel::from_shared(format!("http://{addr}")).unwrap();
        let channel = endpoint.connect().await.unwrap();
        let greeting = tonic_example::hello(channel, None).await;
        let greeting = greeting.as_deref().map_err(tonic::Status::code);
        assert_eq!(greeting, expected);
    }
}
