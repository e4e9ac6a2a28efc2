//! The headers `Mcp-Method` and `Mcp-Name`.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderValue;

use super::*;

async fn outcome_with(body: String, headers: &[(&'static str, &[u8])]) -> &'static str {
    let layer = tools()
        .tool("ä", NO_SCOPES)
        .unwrap()
        .tool("=?base64?bGlzdA==?=", NO_SCOPES)
        .unwrap()
        .other_resources(NO_SCOPES)
        .unwrap();
    let mut request = post(&user("read"), text(body));
    for (name, value) in headers {
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().append(*name, value);
    }
    send(layer, request).await.reason()
}

#[tokio::test]
async fn the_body_decides_if_the_headers_name_an_allowed_tool() {
    let headers: [(_, &[u8]); 2] = [("mcp-method", b"tools/call"), ("mcp-name", b"list")];
    assert_eq!(outcome_with(call("list"), &headers).await, "accepted");
    for body in [call("add"), call("drop")] {
        assert_eq!(outcome_with(body, &headers).await, "mcp_request");
    }
    let headers: [(_, &[u8]); 2] = [("mcp-method", b"tools/list"), ("mcp-name", b"add")];
    assert_eq!(outcome_with(call("add"), &headers).await, "mcp_request");
    let headers: [(_, &[u8]); 2] = [("mcp-method", b"tools/call"), ("mcp-name", b"add")];
    let missing = "insufficient_scope";
    assert_eq!(outcome_with(call("add"), &headers).await, missing);
}

#[tokio::test]
async fn headers_must_agree_with_the_body() {
    let read = || message("resources/read", json!({ "uri": "a:1", "name": "list" }));
    let list = || message("tools/list", json!({}));
    let task = || message("tasks/get", json!({ "taskId": "7" }));
    let response = || r#"{"id":1,"result":{}}"#.to_owned();
    let base64 = |text: &str| format!("=?base64?{}?=", BASE64_STANDARD.encode(text)).into_bytes();
    let (method, name) = ("mcp-method", "mcp-name");
    for (body, header, value, is_valid) in [
        (call("list"), method, b"tools/call".to_vec(), true),
        (call("list"), method, b"tools/list".to_vec(), false),
        (call("list"), method, b"Tools/Call".to_vec(), false),
        (call("list"), method, b"".to_vec(), false),
        (
            call("list"),
            method,
            b"tools/call, tools/call".to_vec(),
            false,
        ),
        (call("list"), method, base64("tools/call"), false),
        (call("list"), method, b"tools/call\xff".to_vec(), false),
        (list(), method, b"tools/list".to_vec(), true),
        (list(), method, b"tools/call".to_vec(), false),
        (response(), method, b"tools/list".to_vec(), false),
        (call("list"), name, b"list".to_vec(), true),
        (call("list"), name, b"List".to_vec(), false),
        (call("list"), name, b"list\xff".to_vec(), false),
        (call("list"), name, b"".to_vec(), false),
        (call("list"), name, base64("list"), true),
        (call("list"), name, base64("add"), false),
        (call("list"), name, b"=?base64?bGlzdA?=".to_vec(), false),
        (call("list"), name, b"=?base64?bGlzdB==?=".to_vec(), false),
        (call("list"), name, b"=?base64?****?=".to_vec(), false),
        (call("list"), name, b"=?base64?=".to_vec(), false),
        (call("ä"), name, base64("ä"), true),
        (call("ä"), name, "ä".as_bytes().to_vec(), true),
        (
            call("=?base64?bGlzdA==?="),
            name,
            base64("=?base64?bGlzdA==?="),
            true,
        ),
        (call("=?base64?bGlzdA==?="), name, base64("list"), false),
        (read(), name, b"a:1".to_vec(), true),
        (read(), name, b"list".to_vec(), false),
        (task(), name, b"7".to_vec(), true),
        (task(), name, b"8".to_vec(), false),
        // There is no name to compare.
        (list(), name, b"add".to_vec(), true),
    ] {
        let expected = if is_valid { "accepted" } else { "mcp_request" };
        let reason = outcome_with(body.clone(), &[(header, &value)]).await;
        let value = String::from_utf8_lossy(&value);
        assert_eq!(reason, expected, "{header}: {value}: {body}");
    }
}

#[tokio::test]
async fn repeated_headers_are_rejected() {
    for (header, first, second) in [
        ("mcp-method", "tools/call", "tools/list"),
        ("mcp-method", "tools/list", "tools/call"),
        ("mcp-method", "tools/call", "tools/call"),
        ("mcp-name", "list", "add"),
        ("mcp-name", "add", "list"),
        ("mcp-name", "list", "list"),
    ] {
        let headers = [(header, first.as_bytes()), (header, second.as_bytes())];
        let reason = outcome_with(call("list"), &headers).await;
        assert_eq!(reason, "mcp_request", "{header}: {first}, {second}");
    }
    let headers: [(_, &[u8]); 2] = [("mcp-name", b"a"), ("mcp-name", b"b")];
    let body = message("tools/list", json!({}));
    assert_eq!(outcome_with(body, &headers).await, "mcp_request");
}

/// A server that respects these headers would read other text than the layer.
#[tokio::test]
async fn a_body_is_declared_as_json_in_utf8_or_not_at_all() {
    let (content_type, encoding) = ("content-type", "content-encoding");
    for (header, value, is_valid) in [
        (content_type, "application/json", true),
        (content_type, "Application/JSON", true),
        (content_type, "application/json; charset=utf-8", true),
        (content_type, "application/json;charset=UTF-8", true),
        (content_type, "application/json; charset=\"utf-8\"", true),
        (content_type, "application/json ; a=b; charset=utf8", true),
        (content_type, "application/vnd.api+json", true),
        (content_type, "application/json; charset=utf-16", false),
        (content_type, "application/json; charset=utf-7", false),
        (content_type, "application/json; CHARSET=UTF-7", false),
        (content_type, "application/json; charset=\"utf-7\"", false),
        (content_type, "application/json; charset=\"utf-\\7\"", false),
        (content_type, "application/json; charset*=''utf-7", false),
        (content_type, "application/json; charset*0=utf-7", false),
        (content_type, "application/json; charset =utf-7", false),
        (content_type, "application/json; charset", false),
        (
            content_type,
            "application/json; charset=utf-8; charset=utf-7",
            false,
        ),
        (content_type, "application/json, application/json", false),
        (content_type, "application/a, application/b+json", false),
        (
            content_type,
            "application/x-www-form-urlencoded; x=application/json",
            false,
        ),
        (content_type, "multipart/form-data; boundary=a", false),
        (content_type, "text/plain", false),
        (content_type, "", false),
        (encoding, "identity", true),
        (encoding, "gzip", false),
        (encoding, "br", false),
        (encoding, "identity, br", false),
        (encoding, "", false),
    ] {
        let expected = if is_valid { "accepted" } else { "mcp_request" };
        let reason = outcome_with(call("list"), &[(header, value.as_bytes())]).await;
        assert_eq!(reason, expected, "{header}: {value}");
    }
    let two: [(_, &[u8]); 2] = [
        (content_type, b"application/json"),
        (content_type, b"application/json; charset=utf-7"),
    ];
    assert_eq!(outcome_with(call("list"), &two).await, "mcp_request");
    let latin1: [(_, &[u8]); 1] = [(content_type, b"application/json; a=\xe4")];
    assert_eq!(outcome_with(call("list"), &latin1).await, "mcp_request");
}
