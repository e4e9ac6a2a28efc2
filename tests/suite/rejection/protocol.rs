//! The protocol of a rejection, and its reason if several checks fail.

use std::convert::Infallible;

use bytes::Bytes;
use http::{
    HeaderValue, Method, Request, Response, Version,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer};

use crate::support::*;

const VERSIONS: [Version; 5] = [
    Version::HTTP_09,
    Version::HTTP_10,
    Version::HTTP_11,
    Version::HTTP_2,
    Version::HTTP_3,
];

fn post(version: Version, content_type: &str) -> Request<()> {
    let request = Request::post("/package.Service/Method").version(version);
    request.header(CONTENT_TYPE, content_type).body(()).unwrap()
}

fn grpc() -> Request<()> {
    post(Version::HTTP_2, "application/grpc")
}

/// The request with one more `Authorization` field.
fn and(mut request: Request<()>, authorization: &str) -> Request<()> {
    let value = HeaderValue::from_str(authorization).unwrap();
    request.headers_mut().append(AUTHORIZATION, value);
    request
}

fn valid() -> String {
    format!("Bearer {}", token(&claims()))
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

/// A layer without a secret, built with `allow_missing_secret`.
fn not_configured() -> JwtAuthLayer {
    let builder = JwtAuthLayer::builder().secret_from_env("TOWER_JWT_AUTH_TEST_THAT_IS_UNSET");
    builder.allow_missing_secret().build().unwrap()
}

#[tokio::test]
async fn a_grpc_request_over_http_2_is_rejected_in_grpc() {
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc+json",
        "application/grpc+",
        "application/grpc;charset=utf-8",
        "application/grpc; charset=utf-8",
        "application/grpc+proto; charset=utf-8",
    ] {
        let request = || post(Version::HTTP_2, content_type);
        let answer = ask(layer(), request()).await;
        answer.assert_grpc("16", "Not authenticated", content_type, content_type);
        assert_eq!(answer.reason(), "missing_token", "{content_type}");

        let answer = ask(layer(), and(request(), "Bearer garbage")).await;
        answer.assert_grpc(
            "16",
            "Could not validate credentials",
            content_type,
            content_type,
        );
        assert_eq!(answer.reason(), "malformed", "{content_type}");

        let answer = ask(layer(), and(request(), &valid())).await;
        answer.assert_reached("alice", content_type);
    }
}

#[tokio::test]
async fn a_grpc_web_request_is_rejected_in_grpc_over_any_http_version() {
    for version in VERSIONS {
        for content_type in [
            "application/grpc-web",
            "application/grpc-web+proto",
            "application/grpc-web; charset=utf-8",
            "application/grpc-web-text",
            "application/grpc-web-text+proto",
        ] {
            let row = format!("{content_type} over {version:?}");
            let answer = ask(layer(), post(version, content_type)).await;
            answer.assert_grpc("16", "Not authenticated", content_type, &row);
            let request = and(post(version, content_type), "Bearer garbage");
            let answer = ask(layer(), request).await;
            answer.assert_grpc("16", "Could not validate credentials", content_type, &row);
        }
    }
}

/// A header of the client must not cause a 2xx response, which some proxies treat as "allowed".
#[tokio::test]
async fn a_request_that_may_not_be_grpc_is_rejected_in_http() {
    for version in VERSIONS {
        if version != Version::HTTP_2 {
            let answer = ask(layer(), post(version, "application/grpc")).await;
            answer.assert_not_authenticated(format!("{version:?}"));
            let answer = ask(layer(), post(version, "application/grpc+proto")).await;
            answer.assert_not_authenticated(format!("{version:?}, +proto"));
        }
        for content_type in [
            "application/grpc",
            "application/grpc+proto",
            "application/grpc-web",
        ] {
            for method in [
                "GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "post",
            ] {
                let mut request = post(version, content_type);
                *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
                let answer = ask(layer(), request).await;
                answer.assert_not_authenticated(format!("{method} {content_type} {version:?}"));
            }
        }
        for content_type in [
            "application/grpcx",
            "application/grpc2",
            "application/grpc/",
            "application/grpc,",
            "application/grpcweb",
            "application/grp",
            "application/json",
            "application/json; x=application/grpc",
            "text/grpc",
            "x application/grpc",
            "",
        ] {
            let answer = ask(layer(), post(version, content_type)).await;
            answer.assert_not_authenticated(format!("{content_type} over {version:?}"));
            let request = and(post(version, content_type), "Bearer garbage");
            let answer = ask(layer(), request).await;
            answer.assert_invalid_token("malformed", format!("{content_type} over {version:?}"));
        }
        let mut without = post(version, "");
        without.headers_mut().remove(CONTENT_TYPE);
        let answer = ask(layer(), without).await;
        answer.assert_not_authenticated(format!("no content type over {version:?}"));
    }
}

#[tokio::test]
async fn http_answers_only_answers_grpc_requests_in_plain_http() {
    let layer = builder().http_answers_only().build().unwrap();
    for content_type in [
        "application/grpc",
        "application/grpc+proto",
        "application/grpc-web",
    ] {
        let request = || post(Version::HTTP_2, content_type);
        let answer = ask(layer.clone(), request()).await;
        answer.assert_not_authenticated(content_type);
        let answer = ask(layer.clone(), and(request(), "Bearer garbage")).await;
        answer.assert_invalid_token("malformed", content_type);
        let two = and(and(request(), &valid()), &valid());
        ask(layer.clone(), two)
            .await
            .assert_invalid_request(content_type);
        let answer = ask(layer.clone(), and(request(), &valid())).await;
        answer.assert_reached("alice", content_type);
    }
}

#[tokio::test]
async fn each_rejection_has_its_grpc_status() {
    let content_type = "application/grpc";
    let invalid = "Could not validate credentials";
    let misconfigured = "Authentication system not properly configured";
    let expired = format!("Bearer {}", token(&claims_with(json!({ "exp": 1 }))));
    let two = || and(and(grpc(), &valid()), &valid());

    let answer = ask(layer(), and(grpc(), &expired)).await;
    answer.assert_grpc("16", invalid, content_type, "expired");
    assert_eq!(answer.reason(), "expired");
    ask(layer(), two())
        .await
        .assert_grpc("16", invalid, content_type, "two fields");

    let answer = ask(not_configured(), and(grpc(), &valid())).await;
    answer.assert_grpc("13", misconfigured, content_type, "no secret");
    let answer = ask(not_configured(), grpc()).await;
    answer.assert_grpc(
        "16",
        "Not authenticated",
        content_type,
        "no secret, no token",
    );

    let answer = ask((layer(), owner()), and(grpc(), &valid())).await;
    let denied = "Access denied: Cannot access another user's data";
    answer.assert_grpc("7", denied, content_type, "not the owner");
    let answer = ask(owner(), and(grpc(), &valid())).await;
    answer.assert_grpc("13", misconfigured, content_type, "PathOwnerLayer alone");
    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = ask((anonymous, owner()), grpc()).await;
    answer.assert_grpc(
        "16",
        "Not authenticated",
        content_type,
        "anonymous at PathOwnerLayer",
    );
}

/// HTTP/2 then ends the stream with the header: a "Trailers-Only" response.
#[tokio::test]
async fn a_grpc_rejection_has_no_body() {
    let inner = service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::from("never")))
    });
    let response = layer().layer(inner).oneshot(grpc()).await.unwrap();
    assert!(response.body().is_end_stream());
    assert_eq!(response.body().size_hint().exact(), Some(0));
}

#[tokio::test]
async fn the_realm_comes_first_in_each_challenge() {
    let layer = builder().realm("tasks, v2 (beta)").build().unwrap();
    let realm = r#"Bearer realm="tasks, v2 (beta)""#;
    let answer = ask(layer.clone(), get("/")).await;
    assert_eq!(answer.challenge(), Some(realm));

    for (row, request, error) in [
        ("garbage", with_bearer("garbage"), "invalid_token"),
        (
            "expired",
            with_bearer(&token(&claims_with(json!({ "exp": 1 })))),
            "invalid_token",
        ),
        (
            "two fields",
            and(with_bearer("a"), "Bearer b"),
            "invalid_request",
        ),
    ] {
        let answer = ask(layer.clone(), request).await;
        let challenge = answer.challenge().unwrap();
        let start = format!(r#"{realm}, error="{error}", error_description=""#);
        assert!(
            challenge.starts_with(&start) && challenge.ends_with('"'),
            "{row}: {challenge}"
        );
        assert_eq!(challenge.matches('"').count(), 6, "{row}: {challenge}");
    }
}

#[tokio::test]
async fn every_bearer_token_gets_500_without_a_secret() {
    for (row, token) in [
        ("valid", token(&claims())),
        ("garbage", "garbage".into()),
        ("a tab", "\t".into()),
        ("dots", "..".into()),
        ("too long", "a".repeat(10 << 20)),
        ("alg none", token_with_header(r#"{"alg":"none"}"#)),
        ("expired", self::token(&claims_with(json!({ "exp": 1 })))),
        ("opaque", Fixture::named("session_token.signed").token),
    ] {
        let answer = ask(not_configured(), with_bearer(&token)).await;
        answer.assert_server_fault("not_configured", row);
    }
}

#[tokio::test]
async fn a_missing_token_gets_401_without_a_secret() {
    ask(not_configured(), get("/"))
        .await
        .assert_not_authenticated("no Authorization");
    for value in ["", "Bearer", "Bearer  ", "Basic eDp5"] {
        let answer = ask(not_configured(), with_authorization(value)).await;
        answer.assert_not_authenticated(value);
    }
}

#[tokio::test]
async fn two_authorization_fields_get_400_without_a_secret() {
    let valid = valid();
    for (first, second) in [
        (&*valid, &*valid),
        ("Bearer garbage", &valid),
        ("Basic x", "Basic y"),
    ] {
        let answer = ask(not_configured(), and(with_authorization(first), second)).await;
        answer.assert_invalid_request(format!("{first} and {second}"));
    }
}

/// The order of the checks is: length, form, header, signature, claims.
#[tokio::test]
async fn the_first_failed_check_gives_the_reason() {
    let header = r#"{"alg":"HS256"}"#;
    let expired = claims_with(json!({ "exp": 1 })).to_string();
    let wrong_secret = "another secret of thirty-two bytes and more";
    let long = "a".repeat(16 * 1024);
    assert_ne!(wrong_secret, SECRET);
    for (row, reason, token) in [
        ("long and malformed", "too_long", format!("a.b.{long}")),
        (
            "long and alg none",
            "too_long",
            sign(r#"{"alg":"none"}"#, &long, wrong_secret),
        ),
        (
            "two parts and alg none",
            "malformed",
            encode(r#"{"alg":"none"}"#) + ".AAAA",
        ),
        (
            "alg none and unsigned",
            "algorithm",
            sign(r#"{"alg":"none"}"#, &expired, wrong_secret),
        ),
        ("crit and unsigned", "critical_header", {
            sign(r#"{"alg":"HS256","crit":["x"]}"#, &expired, wrong_secret)
        }),
        ("a typ and unsigned", "token_type", {
            sign(
                r#"{"alg":"HS256","typ":"logout+jwt"}"#,
                &expired,
                wrong_secret,
            )
        }),
        (
            "not JSON and unsigned",
            "header",
            sign("{", &expired, wrong_secret),
        ),
        ("payload malformed and unsigned", "malformed", {
            sign_encoded(&format!("{}.AAAAA", encode(header)), wrong_secret)
        }),
        (
            "unsigned and expired",
            "signature",
            sign(header, &expired, wrong_secret),
        ),
        (
            "unsigned and no claims",
            "signature",
            sign(header, "{}", wrong_secret),
        ),
        (
            "unsigned and not JSON",
            "signature",
            sign(header, "{", wrong_secret),
        ),
        (
            "signed and expired",
            "expired",
            sign(header, &expired, SECRET),
        ),
    ] {
        let answer = ask(layer(), with_bearer(&token)).await;
        answer.assert_invalid_token(reason, row);
    }
}

#[tokio::test]
async fn path_owner_without_jwt_auth_gets_500_for_every_token() {
    for path in ["/api/alice/tasks", "/api/bob/tasks", "/elsewhere"] {
        for authorization in [
            None,
            Some(&*valid()),
            Some("Bearer garbage"),
            Some("Basic x"),
        ] {
            let request = match authorization {
                Some(value) => and(get(path), value),
                None => get(path),
            };
            let answer = ask(owner(), request).await;
            answer.assert_server_fault("no_user", format!("{path} {authorization:?}"));
        }
    }
    // `PathOwnerLayer` runs before an inner `JwtAuthLayer`.
    let answer = ask((owner(), layer()), and(get("/api/alice/tasks"), &valid())).await;
    answer.assert_server_fault("no_user", "JwtAuthLayer inside PathOwnerLayer");
}

#[tokio::test]
async fn path_owner_rejects_anonymous_requests() {
    let anonymous = || builder().allow_anonymous().build().unwrap();
    for path in ["/api/alice/tasks", "/api/bob/tasks", "/api//tasks"] {
        let answer = ask((anonymous(), owner()), get(path)).await;
        answer.assert_not_authenticated(path);
    }
    let layers = (anonymous(), owner());
    let answer = ask(
        layers.clone(),
        and(get("/api/alice/tasks"), "Bearer garbage"),
    )
    .await;
    answer.assert_invalid_token("malformed", "garbage");
    let answer = ask(layers.clone(), and(get("/api/alice/tasks"), &valid())).await;
    answer.assert_reached("alice", "alice's own");
    let answer = ask(layers, and(get("/api/bob/tasks"), &valid())).await;
    let detail = "Access denied: Cannot access another user's data";
    answer.assert_http(403, "not_owner", detail, &"bob's");
    assert_eq!(answer.challenge(), None);
}

#[tokio::test]
async fn the_token_is_checked_before_the_path() {
    let answer = ask((layer(), owner()), get("/api/bob/tasks")).await;
    answer.assert_not_authenticated("no token");
    let answer = ask((layer(), owner()), and(get("/api/bob/tasks"), "Bearer x")).await;
    answer.assert_invalid_token("malformed", "garbage");
    let answer = ask(
        (not_configured(), owner()),
        and(get("/api/bob/tasks"), &valid()),
    )
    .await;
    answer.assert_server_fault("not_configured", "no secret");
}

#[tokio::test]
async fn an_unclear_grpc_content_type_is_rejected_in_http() {
    let grpc = "application/grpc";
    for content_types in [
        vec![grpc, "application/json"],
        vec![grpc, grpc],
        vec!["application/grpc-webx"],
        vec!["application/grpc-web-texts"],
        vec!["application/grpc-web/proto"],
        vec!["application/grpc-"],
    ] {
        let mut request = get("/");
        *request.method_mut() = http::Method::POST;
        *request.version_mut() = http::Version::HTTP_2;
        for content_type in &content_types {
            let value = http::HeaderValue::from_static(content_type);
            request.headers_mut().append("content-type", value);
        }
        let answer = ask(layer(), request).await;
        assert_eq!(answer.status(), 401, "{content_types:?}");
    }
}

#[tokio::test]
async fn the_body_of_a_rejection_ends_only_after_it_is_read() {
    let service = layer().layer(service_fn(async |_: Request<()>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    }));
    let response = service.oneshot(get("/")).await.unwrap();
    let mut body = response.into_body();
    assert!(!body.is_end_stream());
    let frame = body.frame().await.unwrap().unwrap();
    assert!(!frame.into_data().unwrap().is_empty());
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
}
