//! The settings of the whole layer, and functions that are added to a configuration.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use http::{HeaderValue, Request};
use serde_json::{Value, json};
use tower_jwt_auth::{PathOwnerLayer, RejectionDetails};

use super::{Secrets, build, convert};
use crate::support::*;

fn with(secrets: &Secrets, name: &str, value: Value) -> Value {
    let mut config = secrets.config(json!({}));
    config[name] = value;
    config
}

#[tokio::test]
async fn each_switch_of_the_layer_is_off_unless_it_is_true() {
    let secrets = Secrets::new();
    let preflight = || {
        Request::options("/")
            .header("origin", "https://app.example.com")
            .header("access-control-request-method", "PUT")
            .body(())
            .unwrap()
    };
    let grpc = || {
        Request::post("/a.B/C")
            .version(http::Version::HTTP_2)
            .header("content-type", "application/grpc")
            .body(())
            .unwrap()
    };
    for (name, request, off, on) in [
        (
            "allow_anonymous",
            get("/"),
            (401, "application/json"),
            (200, ""),
        ),
        (
            "allow_cors_preflight",
            preflight(),
            (401, "application/json"),
            (200, ""),
        ),
        (
            "problem_json",
            get("/"),
            (401, "application/json"),
            (401, "application/problem+json"),
        ),
        (
            "http_answers_only",
            grpc(),
            (200, "application/grpc"),
            (401, "application/json"),
        ),
    ] {
        for (is_on, expected) in [(false, off), (true, on)] {
            let layer = build(&with(&secrets, name, is_on.into()));
            let (parts, ()) = request.clone().into_parts();
            let answer = ask(layer, Request::from_parts(parts, ())).await;
            let content_type = answer.header("content-type").unwrap_or_default();
            assert_eq!(
                (answer.status().as_u16(), content_type),
                expected,
                "{name} {is_on}"
            );
        }
    }
}

#[tokio::test]
async fn the_user_id_of_a_403_is_kept_only_if_the_switch_is_on() {
    let secrets = Secrets::new();
    for is_on in [false, true] {
        let layer = build(&with(&secrets, "log_user_ids", is_on.into()));
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let mut request = with_bearer(&token(&claims()));
        *request.uri_mut() = "/api/bob/tasks".parse().unwrap();
        let answer = ask((layer, owner), request).await;
        assert_eq!(answer.reason(), "not_owner");
        let details: Option<&RejectionDetails> = answer.response.extensions().get();
        let user_id = details.and_then(RejectionDetails::user_id);
        assert_eq!(user_id, is_on.then_some("alice"));
    }
}

#[tokio::test]
async fn the_challenge_and_the_token_length_reach_the_layer() {
    let secrets = Secrets::new();
    let url = "https://api.example.com/.well-known/oauth-protected-resource";
    for (name, value, challenge) in [
        ("realm", "tasks", r#"Bearer realm="tasks""#.to_owned()),
        (
            "resource_metadata",
            url,
            format!("Bearer resource_metadata=\"{url}\""),
        ),
    ] {
        let layer = build(&with(&secrets, name, value.into()));
        assert_eq!(ask(layer, get("/")).await.challenge(), Some(&*challenge));
    }
    let token = token(&claims());
    for (len, expected) in [(token.len(), "accepted"), (token.len() - 1, "too_long")] {
        let layer = build(&with(&secrets, "max_token_len", len.into()));
        assert_eq!(reason(&layer, &token), expected);
    }
}

#[tokio::test]
async fn a_token_is_found_in_the_configured_sources() {
    let secrets = Secrets::new();
    let token = token(&claims());
    let send = |name: &'static str, value: String| {
        let mut request = get("/");
        let value = HeaderValue::from_str(&value).unwrap();
        request.headers_mut().insert(name, value);
        request
    };
    let header = || with_bearer(&token);
    let field = || send("x-token", token.clone());
    let cookie = || send("cookie", format!("access_token={token}"));
    let socket = || send("sec-websocket-protocol", format!("bearer, {token}"));
    let query = || get(&format!("/?t={token}"));
    let both = || {
        let mut request = header();
        let cookie = cookie().headers()["cookie"].clone();
        request.headers_mut().insert("cookie", cookie);
        request
    };
    let all = || [header(), field(), cookie(), socket(), query(), both()];
    let named = json!({ "cookie": "access_token" });
    for (sources, expected) in [
        (json!("header"), [200, 401, 401, 401, 401, 200]),
        (
            json!(["websocket_protocol"]),
            [401, 401, 401, 200, 401, 401],
        ),
        (
            json!({ "header_field": "x-token" }),
            [401, 200, 401, 401, 401, 401],
        ),
        (named.clone(), [401, 401, 200, 401, 401, 200]),
        (json!([{ "query": "t" }]), [401, 401, 401, 401, 200, 401]),
        (json!(["header", named]), [200, 401, 200, 401, 401, 400]),
        (
            json!([{ "first_of": ["header", named] }]),
            [200, 401, 200, 401, 401, 200],
        ),
        (
            json!([{ "first_of": [{ "first_of": [named] }, "header"] }, "websocket_protocol"]),
            [200, 401, 200, 200, 401, 200],
        ),
    ] {
        let layer = build(&with(&secrets, "token_sources", sources.clone()));
        for (index, request) in all().into_iter().enumerate() {
            let status = ask(layer.clone(), request).await.status();
            assert_eq!(status, expected[index], "{sources} {index}");
        }
    }
}

#[cfg(feature = "cache")]
#[test]
fn the_size_of_the_cache_reaches_the_layer() {
    let secrets = Secrets::new();
    let token = token(&claims());
    assert!(build(&secrets.config(json!({}))).cache_stats().is_none());
    let layer = build(&with(&secrets, "cache_tokens", 100.into()));
    for _ in 0..2 {
        assert_eq!(reason(&layer, &token), "accepted");
    }
    assert_eq!(layer.cache_stats().unwrap().hits, 1);
    let zero = convert(&with(&secrets, "cache_tokens", 0.into())).unwrap();
    assert!(zero.build().is_err());
}

#[cfg(not(feature = "cache"))]
#[test]
fn a_cache_without_its_feature_is_an_error() {
    let config = with(&Secrets::new(), "cache_tokens", 100.into());
    let error = super::conversion_error(&config);
    assert!(
        error.starts_with("`cache_tokens` requires the feature `cache`"),
        "{error}"
    );
}

#[tokio::test]
async fn functions_can_be_added_to_a_configuration() {
    let secrets = Secrets::new();
    let outcomes = Arc::<AtomicU64>::default();
    let counter = Arc::clone(&outcomes);
    let layer = convert(&secrets.config(json!({})))
        .unwrap()
        .clock(|| at(NOW))
        .check(|user| user.user_id() != "alice")
        .observe(move |_| {
            counter.fetch_add(1, Ordering::Relaxed);
        })
        .build()
        .unwrap();
    let answer = ask(layer, with_bearer(&token(&claims()))).await;
    assert_eq!(answer.reason(), "check");
    assert_eq!(outcomes.load(Ordering::Relaxed), 1);
}
