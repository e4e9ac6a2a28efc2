//! Responses while the server of a key set fails, and the sets that it may return.

use std::{net::TcpListener, sync::Arc, time::Duration};

use http::{Method, Version};
use serde_json::json;
use tokio::task::JoinSet;
use tower_jwt_auth::JwtAuthLayer;

use super::support::*;
use crate::support::{
    key_server::{KeyServer, Mode},
    signing_keys::{SigningKey, jwks},
    *,
};

#[tokio::test]
async fn requests_get_503_until_keys_have_been_fetched() {
    let signer = key("1");
    let set = jwks([&signer]);
    let elsewhere = KeyServer::start(Mode::Set(set.clone())).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let html = "<!doctype html><title>Sign in</title>".to_owned();
    let modes = [
        ("404", Mode::Status("404 Not Found")),
        ("429", Mode::Status("429 Too Many Requests")),
        ("500", Mode::Status("500 Internal Server Error")),
        ("204", Mode::Status("204 No Content")),
        ("HTML", Mode::Set(html)),
        ("an empty object", Mode::Set("{}".into())),
        (
            "keys that are not an array",
            Mode::Set(r#"{"keys": {}}"#.into()),
        ),
        ("no keys", Mode::Set(r#"{"keys": []}"#.into())),
        ("50 MB", Mode::Padded(50_000_000, set.clone())),
        ("just over 1 MiB", Mode::Padded(1024 * 1024, set.clone())),
        (
            "a redirect to another host",
            Mode::RedirectTo(elsewhere.url()),
        ),
        ("a reset", Mode::Reset),
        ("less than announced", Mode::TooShort(10, set.clone())),
        ("more than announced", Mode::TooLong(10, set.clone())),
        ("no response", Mode::Hang),
        ("slow bytes", Mode::Drip(set.clone())),
    ];
    let signer = Arc::new(signer);
    let mut cases = JoinSet::new();
    for (description, mode) in modes {
        let signer = Arc::clone(&signer);
        cases.spawn(async move {
            let server = KeyServer::start(mode).await;
            let layer = from_url(server.url()).build().unwrap();
            assert!(layer.ready().await.is_err(), "{description}");
            assert_unavailable(&layer, &signer, description).await;
            assert!(layer.jwks_health()[0].last_error.is_some(), "{description}");
        });
    }
    cases.join_all().await;
    assert_eq!(elsewhere.count(), 0, "a redirect was followed");

    let layer = from_url(format!("http://{closed}/jwks")).build().unwrap();
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    assert_unavailable(&layer, &signer, "a closed port").await;
}

#[tokio::test]
async fn a_key_set_over_one_mebibyte_is_rejected() {
    const MAX_JWKS_BYTES: usize = 1024 * 1024;
    let set = jwks([&key("1")]);
    let padding = MAX_JWKS_BYTES - set.len();
    let server = KeyServer::start(Mode::Padded(padding, set.clone())).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();

    for padding in [padding + 1, 50_000_000] {
        let server = KeyServer::start(Mode::Padded(padding, set.clone())).await;
        let layer = from_url(server.url()).build().unwrap();
        let error = layer.ready().await.unwrap_err().to_string();
        let cause = format!("the response is larger than {MAX_JWKS_BYTES} bytes");
        assert!(error.contains(&cause), "{error}");
    }
}

async fn assert_unavailable(layer: &JwtAuthLayer, signer: &SigningKey, description: &str) {
    let token = signer.token(&claims());
    let answer = ask(layer.clone(), with_bearer(&token)).await;
    assert_eq!(answer.status(), 503, "{description}");
    assert_eq!(answer.reason(), "keys_unavailable", "{description}");
    assert_eq!(answer.challenge(), None, "{description}");
    assert!(answer.header("retry-after").is_some(), "{description}");
    let detail = "Authentication is temporarily unavailable";
    assert_eq!(answer.json(), json!({ "detail": detail }), "{description}");

    let mut grpc = with_bearer(&token);
    *grpc.method_mut() = Method::POST;
    *grpc.version_mut() = Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    grpc.headers_mut().insert("content-type", content_type);
    let answer = ask(layer.clone(), grpc).await;
    assert_eq!(answer.status(), 200, "{description}");
    assert_eq!(answer.header("grpc-status"), Some("14"), "{description}");
}

#[tokio::test]
async fn tokens_with_invalid_headers_are_rejected_without_keys() {
    let server = KeyServer::start(Mode::Status("500 Oops")).await;
    let layer = from_url(server.url()).build().unwrap();
    let _ = layer.ready().await;
    let header = |header: serde_json::Value| key("1").sign(&header, &claims());
    for (description, token, reason) in [
        ("not a JWT", "a.b".to_owned(), "malformed"),
        ("HS256", token(&claims()), "algorithm"),
        ("none", header(json!({ "alg": "none" })), "algorithm"),
        (
            "crit",
            header(json!({ "alg": "EdDSA", "crit": ["exp"] })),
            "critical_header",
        ),
        (
            "another typ",
            header(json!({ "alg": "EdDSA", "typ": "dpop+jwt" })),
            "token_type",
        ),
        ("padding", key("1").token(&claims()) + "=", "malformed"),
    ] {
        assert_eq!(
            reason_over_http(&layer, &token).await,
            reason,
            "{description}"
        );
    }
    ask(layer.clone(), get("/"))
        .await
        .assert_not_authenticated("no token");
    // Claims are checked only after the signature.
    let expired = key("1").token(&claims_with(json!({ "exp": 1 })));
    assert_eq!(reason_over_http(&layer, &expired).await, "keys_unavailable");
}

#[tokio::test]
async fn requests_wait_for_the_first_fetch_and_are_accepted() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Slow(Duration::from_millis(300), jwks([&signer]))).await;
    let layer = from_url(server.url()).build().unwrap();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn an_invalid_key_in_a_set_is_skipped() {
    let (valid, invalid) = (key("valid"), key("invalid"));
    let mut set: serde_json::Value = serde_json::from_str(&jwks([&valid, &invalid])).unwrap();
    set["keys"][1]["d"] = "AAAA".into();
    let server = KeyServer::start(Mode::Set(set.to_string())).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    assert_eq!(
        reason_over_http(&layer, &valid.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &invalid.token(&claims())).await,
        "unknown_key"
    );
}
