//! Which users are accepted, before any scope is checked.

use tower::layer::util::Stack;
use tower_jwt_auth::RejectionDetails;

use super::*;

#[tokio::test]
async fn a_request_without_an_accepted_user_gets_401_403_or_500() {
    let layer = || tools().session_key(SECRET).unwrap();
    let request = || Request::post("/mcp").body(text(call("list"))).unwrap();
    let answer = send(layer(), request()).await;
    answer.assert_server_fault("no_user", "no layer outside");

    let through = async |auth: tower_jwt_auth::JwtAuthLayer, request: Request<Full<Bytes>>| {
        let echo = service_fn(async |request: Request<McpBody<Full<Bytes>>>| {
            let bytes = request.into_body().collect().await.unwrap().to_bytes();
            Ok::<_, Infallible>(Response::new(Full::new(bytes)))
        });
        let service = Stack::new(layer(), auth).layer(echo);
        service.oneshot(request).await.unwrap().into_answer().await
    };
    let auth = builder().allow_anonymous().build().unwrap();
    through(auth, request())
        .await
        .assert_not_authenticated("anonymous");

    let preflight = || {
        let mut request = Request::options("/mcp").body(text("not JSON")).unwrap();
        for (name, value) in [
            ("origin", "https://app.example.com"),
            ("access-control-request-method", "POST"),
        ] {
            let value = http::HeaderValue::from_static(value);
            request.headers_mut().insert(name, value);
        }
        request
    };
    let auth = || builder().allow_cors_preflight().build().unwrap();
    let answer = through(auth(), preflight()).await;
    assert_eq!(
        (answer.reason(), &*answer.body),
        ("accepted", &b"not JSON"[..])
    );

    let mut with_session = preflight();
    let id = http::HeaderValue::from_static("abc");
    with_session.headers_mut().insert("mcp-session-id", id);
    let answer = through(auth(), with_session).await;
    assert_eq!(answer.reason(), "mcp_session", "a preflight has no session");
}

#[tokio::test]
async fn a_403_names_the_user_if_that_is_set() {
    for (auth, expected) in [(builder().log_user_ids(), Some("alice")), (builder(), None)] {
        for tool in ["add", "unlisted"] {
            let echo = service_fn(async |_: Request<McpBody<Full<Bytes>>>| {
                Ok::<_, Infallible>(Response::<Full<Bytes>>::default())
            });
            let service = Stack::new(tools(), auth.clone().build().unwrap()).layer(echo);
            let token = token(&claims_with(json!({ "scope": "read" })));
            let request = with_bearer(&token).map(|()| text(call(tool)));
            let (mut parts, body) = request.into_parts();
            parts.method = http::Method::POST;
            let request = Request::from_parts(parts, body);
            let response = service.oneshot(request).await.unwrap();
            assert_eq!(response.status(), 403, "{tool}");
            let details = response.extensions().get::<RejectionDetails>();
            assert_eq!(
                details.and_then(RejectionDetails::user_id),
                expected,
                "{tool}"
            );
        }
    }
}

#[tokio::test]
async fn users_of_other_issuers_are_rejected_unless_named() {
    let both = || {
        let other = builder().issuer("https://other.example.com");
        let first = builder().issuer("https://first.example.com");
        first.or(other).build().unwrap()
    };
    let user_of = |issuer: &str| {
        let token = token(&claims_with(
            json!({ "iss": issuer, "scope": "read write" }),
        ));
        both().verifier().verify(&token).unwrap()
    };
    let first = user_of("https://first.example.com");
    let other = user_of("https://other.example.com");
    let named = tools().issuers(["https://other.example.com"]);
    for (row, layer, user, expected) in [
        ("first", tools(), &first, "accepted"),
        ("other", tools(), &other, "other_issuer"),
        ("named", named.clone(), &other, "accepted"),
        ("no longer named", named, &first, "other_issuer"),
    ] {
        let reason = outcome(layer, user, &call("add")).await;
        assert_eq!(reason, expected, "{row}");
    }
}

/// In a token of Auth0, `scope` is what the client was granted, and `permissions` is all that its user
/// may do.
#[tokio::test]
async fn only_scopes_that_the_client_was_granted_count() {
    for (claims, expected) in [
        (json!({ "scope": "read write" }), "accepted"),
        (json!({ "scp": ["read", "write"] }), "accepted"),
        (json!({ "scope": "read", "scp": "write" }), "accepted"),
        (
            json!({ "scope": "read", "permissions": ["read", "write"] }),
            "insufficient_scope",
        ),
        (
            json!({ "permissions": ["read", "write"] }),
            "insufficient_scope",
        ),
        (
            json!({ "scope": "read", "role": "write", "roles": ["write"] }),
            "insufficient_scope",
        ),
    ] {
        let reason = outcome(tools(), &user_with(claims.clone()), &call("add")).await;
        assert_eq!(reason, expected, "{claims}");
    }
}
