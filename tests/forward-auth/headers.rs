//! The backend gets the identity of the token, whatever headers the client sends.

use axum::{Router, extract::Request};
use http::{HeaderName, Method, StatusCode};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower_jwt_auth::JwtAuthLayer;

use crate::{
    Edge, SECRET, bearer, behind, behind_with,
    client::{Answer, VERSIONS, Version, ask, get, request},
    example::{self, Proxy},
    nginx::CONF,
};

const TASKS: &str = "/api/alice/tasks";

#[tokio::test]
async fn identity_headers_of_the_client_are_replaced_or_dropped() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let valid = bearer(json!({}));
    for version in VERSIONS {
        for headers in [
            [
                ("x-auth-user-id", "bob"),
                ("x-auth-email", "bob@example.com"),
            ],
            [("x-auth-user-id", "bob"), ("x-auth-user-id", "bob")],
            [("x-auth-user-id", "bob"), ("x-auth-user-id", "")],
            // The token has no name.
            [("x-auth-name", "Bob"), ("x-auth-name", "Bob")],
            [("x-auth-issuer", "bob"), ("x-auth-issuer", "")],
            [("x_auth_user_id", "bob"), ("x_auth_name", "Bob")],
            [("x-auth_user-id", "bob"), ("x-auth_name", "Bob")],
            [("x_auth-user_id", "bob"), ("x_auth-name", "Bob")],
            [("x.auth.user.id", "bob"), ("x!auth~name", "Bob")],
            // This declares a header as hop-by-hop, so that proxies drop it.
            [("connection", "x-auth-user-id"), ("x-auth-user-id", "bob")],
        ] {
            // HTTP/2 has no `Connection` header.
            if matches!(version, Version::Http2) && headers[0].0 == "connection" {
                continue;
            }
            let mut request = get(TASKS, &[("authorization", &valid)]);
            for (name, value) in headers {
                let name = HeaderName::from_static(name);
                request.headers_mut().append(name, value.parse().unwrap());
            }
            let answer = ask(&edge.nginx, version, request).await;
            let reached = answer.reached();
            let expected = [
                ("x-auth-email", "alice@example.com"),
                ("x-auth-user-id", "alice"),
            ];
            let expected = expected.map(|(name, value)| (name.to_owned(), value));
            assert_eq!(reached.identity(), expected, "{version:?}, {headers:?}");
        }
    }
}

#[tokio::test]
async fn a_path_in_a_client_header_is_ignored() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let valid = bearer(json!({}));
    for version in VERSIONS {
        for name in [
            "x-original-uri",
            "x-forwarded-uri",
            "x_original_uri",
            "x-original-url",
        ] {
            for (path, claimed, status) in [
                ("/api/bob/tasks", TASKS, 403),
                (TASKS, "/api/bob/tasks", 200),
            ] {
                let headers = [
                    ("authorization", valid.as_str()),
                    (name, claimed),
                    (name, claimed),
                ];
                let answer = ask(&edge.nginx, version, get(path, &headers)).await;
                assert_eq!(answer.status, status, "{version:?}, {name}: {claimed}");
            }
        }
    }
}

#[tokio::test]
async fn an_identity_is_percent_encoded() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let reached = async |claims: Value, path: &str| ask_as(&edge, claims, path).await.reached();
    for (claims, path, expected) in [
        (
            json!({ "name": "Ada Lovelace" }),
            TASKS,
            ["alice@example.com", "Ada%20Lovelace", "alice"],
        ),
        (
            json!({ "name": "Ådä X-Auth-User-Id: bob%0A,\"", "email": "a+b@example.com" }),
            TASKS,
            [
                "a%2Bb@example.com",
                "%C3%85d%C3%A4%20X-Auth-User-Id%3A%20bob%250A%2C%22",
                "alice",
            ],
        ),
        (
            json!({ "sub": "ünï=1", "name": "-._~@" }),
            "/api/%C3%BCn%C3%AF=1/tasks",
            ["alice@example.com", "-._~@", "%C3%BCn%C3%AF%3D1"],
        ),
    ] {
        let reached = reached(claims, path).await;
        let names = ["x-auth-email", "x-auth-name", "x-auth-user-id"];
        let expected: Vec<_> = names.map(str::to_owned).into_iter().zip(expected).collect();
        assert_eq!(reached.identity(), expected);
    }
}

/// nginx reads 4 KiB of response headers. If a replica sends more, nginx considers it broken for
/// all clients.
#[tokio::test]
async fn an_oversized_identity_affects_only_its_own_user() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let long = "ü".repeat(1000);
    let longest = "a".repeat(1024);
    // The layer rejects longer IDs.
    let longest_id = "ü".repeat(127);
    for _ in 0..4 {
        let answer = ask_as(&edge, json!({ "name": long }), TASKS).await;
        let reached = answer.reached();
        assert!(
            reached
                .identity()
                .iter()
                .all(|(name, _)| name != "x-auth-name")
        );
        let answer = ask_as(&edge, json!({ "email": long }), TASKS).await;
        assert_eq!(answer.status, 403, "{answer:?}");
        let maximum = json!({ "sub": longest_id, "email": longest, "name": longest });
        let reached = ask_as(&edge, maximum, "/me").await.reached();
        assert_eq!(reached.identity().len(), 3);
        ask_as(&edge, json!({}), TASKS).await.reached();
    }
}

/// Cookies, other headers and the body are not forwarded to forward_auth.
#[tokio::test]
async fn forward_auth_receives_only_the_token_and_the_path() {
    let stub = Router::new().fallback(async |request: Request| {
        let (parts, body) = request.into_parts();
        let mut got: Vec<_> = parts.headers.keys().map(HeaderName::as_str).collect();
        got.sort_unstable();
        let body = body.collect().await.unwrap().to_bytes();
        let got = format!("{} {} {}", parts.method, got.join(","), body.len());
        (StatusCode::UNAUTHORIZED, [("www-authenticate", got)])
    });
    let Some((nginx, _)) = behind(stub).await else {
        return;
    };
    let mut headers = vec![("authorization", "x"), ("content-type", "application/grpc")];
    headers.resize(150, ("x-other", "a value"));
    let request = request(Method::POST, TASKS, &headers, "a body");
    for version in VERSIONS {
        let answer = ask(&nginx, version, request.clone()).await;
        let got = answer.header("www-authenticate");
        assert_eq!(got, Some("GET authorization,host,x-original-uri 0"));
    }
}

#[tokio::test]
async fn the_backend_gets_the_token_unless_nginx_removes_it() {
    let line = r#"proxy_set_header Authorization "";"#;
    let off = format!("#{line}");
    assert_eq!(CONF.matches(&off).count(), 1);
    let valid = bearer(json!({}));
    for (conf, expected) in [
        (CONF.to_owned(), Some(&*valid)),
        (CONF.replace(&off, line), None),
    ] {
        let auth = JwtAuthLayer::builder().secret(SECRET);
        let forward_auth = example::router(Proxy::Nginx, auth).unwrap();
        let Some((nginx, _)) = behind_with(&conf, forward_auth).await else {
            return;
        };
        let request = get(TASKS, &[("authorization", &valid)]);
        let reached = ask(&nginx, Version::Http1, request).await.reached();
        let mut headers = reached.headers.iter();
        let token = headers.find(|(name, _)| name == "authorization");
        assert_eq!(token.map(|(_, value)| value.as_str()), expected);
        assert_eq!(reached.identity().len(), 2);
    }
}

async fn ask_as(edge: &Edge, claims: Value, path: &str) -> Answer {
    let token = bearer(claims);
    let request = get(path, &[("authorization", &token)]);
    ask(&edge.nginx, Version::Http1, request).await
}
