//! The configuration of a layer.

use tower_jwt_auth::{ConfigError, Secret};

use super::*;

#[test]
fn invalid_rules_are_rejected_with_a_reason() {
    let new = || RequireMcpScopeLayer::new(&resource());
    let key = |key: &str| new().session_key(key);
    let twice = "is set twice";
    let scope = "is not a scope";
    for (row, result, problem) in [
        ("a tool twice", tools().tool("add", NO_SCOPES), twice),
        (
            "an empty tool",
            new().tool("", NO_SCOPES),
            "the name in .tool(…) is empty",
        ),
        ("two scopes in one", new().tool("a", ["b c"]), scope),
        ("one of two", new().tool("a", ["b", ""]), scope),
        ("a resource's scope", new().resource("a:1", ["\""]), scope),
        (
            "an empty URI",
            new().resource("", NO_SCOPES),
            "the name in .resource(…) is empty",
        ),
        ("a prompt's scope", new().prompt("a", ["ä"]), scope),
        ("other tools", new().other_tools([" "]), scope),
        ("other resources", new().other_resources([""]), scope),
        ("other prompts", new().other_prompts(["a\nb"]), scope),
        ("implying", new().implies("a b", ["c"]), scope),
        ("implied", new().implies("a", ["b c"]), scope),
        (
            "none implied",
            new().implies("a", NO_SCOPES),
            "names no implied scope",
        ),
        ("an empty key", key(""), "the session key is empty"),
        (
            "a short key",
            key("0123456789abcdef"),
            "at least 32 are required",
        ),
        (
            "a repeated key",
            key(&"ab".repeat(16)),
            "fewer than 8 different bytes",
        ),
        (
            "the text of a guide",
            key("the output of `openssl rand -base64 32`"),
            "instead of its output",
        ),
        (
            "a key in quotes",
            key("\"0123456789abcdef0123456789abcdef\""),
            "the session key",
        ),
    ] {
        let result: Result<_, ConfigError> = result;
        let error = result.map(drop).unwrap_err().to_string();
        assert!(error.contains(problem), "{row}: {error}");
    }
    // A resource may have the name of a tool.
    let layer = tools().resource("add", NO_SCOPES).unwrap();
    let layer = layer.prompt("add", NO_SCOPES).unwrap();
    drop(
        layer
            .session_key(Secret::from_bytes(*b"0123456789abcdef0123456789abcdef"))
            .unwrap(),
    );
}

#[tokio::test]
async fn a_changed_clone_does_not_change_the_original() {
    let original = RequireMcpScopeLayer::new(&resource());
    let changed = original.clone().tool("list", NO_SCOPES).unwrap();
    assert_eq!(
        outcome(original, &user("read"), &call("list")).await,
        "mcp_unlisted"
    );
    assert_eq!(
        outcome(changed, &user("read"), &call("list")).await,
        "accepted"
    );
}

#[tokio::test]
async fn grpc_requests_get_grpc_rejections_unless_turned_off() {
    let request = || {
        let mut request = post(&user("write"), text(call("add")));
        *request.version_mut() = http::Version::HTTP_2;
        let content_type = http::HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", content_type);
        request
    };
    let detail = "Not enough permissions";
    let answer = send(tools(), request()).await;
    answer.assert_grpc("7", detail, "application/grpc", "gRPC");
    let answer = send(tools().http_answers_only(), request()).await;
    answer.assert_http(403, "insufficient_scope", detail, &"turned off");
}

#[test]
fn the_service_gives_access_to_its_inner_service() {
    let mut service = tools().layer(7);
    *service.get_mut() += 1;
    assert_eq!((*service.get_ref(), service.into_inner()), (8, 8));
}
