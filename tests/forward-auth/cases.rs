//! The requests that are allowed, for every content type, method and HTTP version.

use http::Method;
use serde_json::json;

use crate::{
    Edge, bearer,
    client::{VERSIONS, Version, ask, get, request},
    now, support,
};

struct Case {
    what: &'static str,
    authorization: Vec<String>,
    path: &'static str,
    status: u16,
    /// The start of `www-authenticate`, or `None` if the header is absent.
    challenge: Option<&'static str>,
}

const INVALID: Option<&str> = Some(r#"Bearer error="invalid_token""#);

fn case(
    what: &'static str,
    authorization: impl IntoIterator<Item = String>,
    path: &'static str,
    status: u16,
    challenge: Option<&'static str>,
) -> Case {
    Case {
        what,
        authorization: authorization.into_iter().collect(),
        path,
        status,
        challenge,
    }
}

fn cases() -> Vec<Case> {
    let own = || [bearer(json!({}))];
    let expired = bearer(json!({ "exp": now() - 600 }));
    let claims = json!({ "sub": "alice", "email": "alice@example.com", "exp": now() + 600 });
    let other = "another-0123456789abcdefghijklmnopqrstuvwxyz";
    let forged = format!("Bearer {}", support::sign(other, &claims));
    let twice = || own().into_iter().chain(own());
    let tasks = "/api/alice/tasks";
    vec![
        case("valid", own(), tasks, 200, None),
        case("valid, a path without an owner", own(), "/me", 200, None),
        case(
            "valid, with a query",
            own(),
            "/api/alice/t?a=%2F..%2f",
            200,
            None,
        ),
        case(
            "encoded",
            own(),
            "/api/%61lice/%74asks%2Fa%20b;c",
            200,
            None,
        ),
        case("none", [], tasks, 401, Some("Bearer")),
        case(
            "none, a path without an owner",
            [],
            "/me",
            401,
            Some("Bearer"),
        ),
        case("expired", [expired], tasks, 401, INVALID),
        case(
            "garbage",
            ["Bearer garbage".to_owned()],
            tasks,
            401,
            INVALID,
        ),
        case("another secret", [forged], tasks, 401, INVALID),
        case(
            "basic",
            ["Basic YTpi".to_owned()],
            tasks,
            401,
            Some("Bearer"),
        ),
        // nginx itself rejects two headers.
        case("two", twice(), tasks, 400, None),
        case("another's path", own(), "/api/bob/tasks", 403, None),
        case("an unknown path", own(), "/elsewhere", 403, None),
        case("the root path", own(), "/", 403, None),
        case("dots", own(), "/api/alice/../bob/tasks", 403, None),
        case(
            "encoded dots",
            own(),
            "/api/alice/%2e%2e/bob/tasks",
            403,
            None,
        ),
        case(
            "encoded slash",
            own(),
            "/api/alice%2f..%2fbob/tasks",
            403,
            None,
        ),
        case(
            "dots to the own path",
            own(),
            "/api/bob/../alice/tasks",
            403,
            None,
        ),
        case("two slashes", own(), "//api/bob/tasks", 403, None),
        case("two slashes, own", own(), "//api/alice/tasks", 403, None),
        case(
            "own in the query",
            own(),
            "/api/bob/tasks?/api/alice/t",
            403,
            None,
        ),
    ]
}

#[tokio::test]
async fn a_valid_token_gives_access_to_its_users_paths_only() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let types = [
        "application/json",
        "application/grpc",
        "application/grpc-web+proto",
    ];
    for version in VERSIONS {
        for content_type in types {
            for method in [Method::GET, Method::POST] {
                for case in cases() {
                    let how = format!("{}, {method} {content_type}, {version:?}", case.what);
                    check(&edge, version, content_type, &method, &case, &how).await;
                }
            }
        }
    }
}

async fn check(
    edge: &Edge,
    version: Version,
    content_type: &str,
    method: &Method,
    case: &Case,
    how: &str,
) {
    let mut headers = vec![("content-type", content_type)];
    let fields = case.authorization.iter();
    headers.extend(fields.map(|field| ("authorization", field.as_str())));
    let before = edge.backend.count();
    let request = request(method.clone(), case.path, &headers, "");
    let answer = ask(&edge.nginx, version, request).await;

    assert_eq!(answer.status, case.status, "{how}: {answer:?}");
    let challenge = answer.header("www-authenticate");
    match case.challenge {
        Some(start) => assert!(
            challenge.is_some_and(|challenge| challenge.starts_with(start)),
            "{how}: {challenge:?}"
        ),
        None => assert_eq!(challenge, None, "{how}"),
    }
    let reached = edge.backend.count() - before;
    assert_eq!(reached, usize::from(case.status == 200), "{how}");
    if case.status == 200 {
        let reached = answer.reached();
        // The backend receives exactly the path that was checked.
        assert_eq!(reached.path, case.path, "{how}");
        assert_eq!(reached.method, method.as_str(), "{how}");
        let alice = [
            ("x-auth-email", "alice@example.com"),
            ("x-auth-user-id", "alice"),
        ];
        let alice = alice.map(|(name, value)| (name.to_owned(), value));
        assert_eq!(reached.identity(), alice, "{how}");
    }
}

#[tokio::test]
async fn an_open_path_is_normalized_and_gets_no_identity() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let stolen = [
        ("x-auth-user-id", "bob"),
        ("X-Auth-Email", "bob@example.com"),
    ];
    for version in VERSIONS {
        for path in [
            "/health",
            "/api/bob/tasks/../../../health",
            "/api/bob/tasks/%2e%2e/%2e%2e/%2e%2e/health",
            "//health",
        ] {
            let answer = ask(&edge.nginx, version, get(path, &stolen)).await;
            let reached = answer.reached();
            assert_eq!(reached.path, "/health", "{path}, {version:?}");
            assert_eq!(reached.identity(), [], "{path}, {version:?}");
        }
        // Clients cannot reach forward_auth directly.
        for path in ["/_forward_auth", "/_forward_auth?", "/x/../_forward_auth"] {
            let valid = bearer(json!({}));
            let headers = [("authorization", valid.as_str()), ("x-original-uri", "/me")];
            let answer = ask(&edge.nginx, version, get(path, &headers)).await;
            assert_eq!(answer.status, 404, "{path}, {version:?}");
        }
    }
}

#[tokio::test]
async fn a_body_is_forwarded_to_the_backend_whole() {
    let Some(edge) = Edge::start().await else {
        return;
    };
    let valid = bearer(json!({}));
    let length = 200_000;
    for version in VERSIONS {
        for chunked in [false, true] {
            let mut headers = vec![("authorization", valid.as_str())];
            // HTTP/2 uses frames instead.
            if chunked && matches!(version, Version::Http1) {
                headers.push(("transfer-encoding", "chunked"));
            }
            // The body starts like a request, which a proxy could mistake for the next one.
            let smuggled = "GET /api/bob/tasks HTTP/1.1\r\nhost: edge\r\n\r\n";
            let body = smuggled.to_owned() + &" ".repeat(length - smuggled.len());
            let before = edge.backend.count();
            let request = request(Method::POST, "/api/alice/tasks", &headers, body);
            let answer = ask(&edge.nginx, version, request).await;
            assert_eq!(answer.reached().body_len, length, "{version:?}, {chunked}");
            assert_eq!(edge.backend.count() - before, 1, "{version:?}, {chunked}");
        }
    }
}
