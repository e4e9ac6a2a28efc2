//! The requests to the endpoint.

use http::header::{AUTHORIZATION, COOKIE};
use serde_json::json;
use tower_jwt_auth::Introspection;

use super::server::{Server, ask, builder};

#[tokio::test]
async fn the_token_is_sent_as_a_form_and_nothing_else_of_the_client() {
    let server = Server::start().await;
    let layer = builder(server.introspection()).build().unwrap();
    assert_eq!(ask(&layer, "a-b._~+/c==").await, Ok("alice".to_owned()));
    let asked = &server.asked()[0];
    assert_eq!(
        asked.form,
        "token=a-b._%7E%2B%2Fc%3D%3D&token_type_hint=access_token"
    );
    assert_eq!(
        asked.headers["content-type"],
        "application/x-www-form-urlencoded"
    );
    assert_eq!(asked.headers["accept"], "application/json");
    assert!(!asked.headers.contains_key(AUTHORIZATION));
    assert!(!asked.headers.contains_key(COOKIE));
}

#[tokio::test]
async fn the_client_authenticates_with_its_encoded_id_and_secret() {
    let server = Server::start().await;
    let introspection = server.introspection().client("tasks api", "s:é+/=");
    let layer = builder(introspection).build().unwrap();
    assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
    // RFC 6749 section 2.3.1: both are encoded as in a form first.
    let basic = "Basic dGFza3MlMjBhcGk6cyUzQSVDMyVBOSUyQiUyRiUzRA==";
    assert_eq!(server.asked()[0].headers[AUTHORIZATION], basic);
}

#[tokio::test]
async fn the_endpoint_is_found_in_the_issuers_metadata() {
    let server = Server::start().await;
    let layer = || {
        builder(Introspection::discover(server.origin()))
            .build()
            .unwrap()
    };
    assert_eq!(ask(&layer(), "opaque").await, Ok("alice".to_owned()));
    let endpoint = format!("{}/introspect", server.origin());
    for (row, metadata) in [
        (
            "another issuer",
            json!({ "issuer": "https://evil.example", "introspection_endpoint": endpoint }),
        ),
        ("no endpoint", json!({ "issuer": server.origin() })),
        (
            "plain http",
            json!({ "issuer": server.origin(), "introspection_endpoint": "http://evil.example/" }),
        ),
        (
            "no URL",
            json!({ "issuer": server.origin(), "introspection_endpoint": "/introspect" }),
        ),
        ("no metadata", json!([])),
    ] {
        server.set_metadata(metadata);
        assert_eq!(
            ask(&layer(), "opaque").await,
            Err("introspection_unavailable"),
            "{row}"
        );
    }
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn only_the_form_of_a_bearer_token_is_sent() {
    let server = Server::start().await;
    let layer = server.layer();
    for (token, expected) in [
        ("opaque", Ok("alice")),
        ("a b", Err("malformed")),
        ("a,b", Err("malformed")),
        ("a=b", Err("malformed")),
        ("=", Err("malformed")),
        ("a\u{e9}", Err("malformed")),
        (&*"a".repeat(4096), Ok("alice")),
        (&*"a".repeat(4097), Err("too_long")),
    ] {
        let before = server.asked().len();
        let result = ask(&layer, token).await;
        assert_eq!(result, expected.map(str::to_owned), "{token:.20}");
        let is_asked = server.asked().len() > before;
        assert_eq!(is_asked, expected.is_ok(), "{token:.20}");
    }
}
