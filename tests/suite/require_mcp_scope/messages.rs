//! Which scopes a message needs.

use tower::layer::util::Stack;

use super::*;

#[tokio::test]
async fn the_name_in_the_body_decides_which_scopes_are_needed() {
    let layer = tools()
        .resource("notes://1", NO_SCOPES)
        .unwrap()
        .resource("notes://2", ["write"])
        .unwrap()
        .prompt("plan", NO_SCOPES)
        .unwrap()
        .prompt("delete", ["write", "admin"])
        .unwrap();
    let uri = |method, uri: &str| message(method, json!({ "uri": uri }));
    let prompt = |name: &str| message("prompts/get", json!({ "name": name }));
    let complete = |reference: Value| {
        let argument = json!({ "name": "a", "value": "b" });
        message(
            "completion/complete",
            json!({ "ref": reference, "argument": argument }),
        )
    };
    let listen = |uris: Value| {
        let filter = json!({ "toolsListChanged": true, "resourceSubscriptions": uris });
        message("subscriptions/listen", json!({ "notifications": filter }))
    };
    let (ok, missing, unlisted) = ("accepted", "insufficient_scope", "mcp_unlisted");
    // The outcome for a user with `read`, with `read write`, and with `read write admin`.
    for (body, expected) in [
        (call("list"), [ok, ok, ok]),
        (call("add"), [missing, ok, ok]),
        (call("drop"), [unlisted; 3]),
        (call("Add"), [unlisted; 3]),
        (call(" add"), [unlisted; 3]),
        (call(""), [unlisted; 3]),
        (call("plan"), [unlisted; 3]),
        (prompt("plan"), [ok, ok, ok]),
        (prompt("delete"), [missing, missing, ok]),
        (prompt("list"), [unlisted; 3]),
        (uri("resources/read", "notes://1"), [ok, ok, ok]),
        (uri("resources/read", "notes://2"), [missing, ok, ok]),
        (uri("resources/read", "notes://3"), [unlisted; 3]),
        (uri("resources/subscribe", "notes://2"), [missing, ok, ok]),
        (uri("resources/unsubscribe", "notes://2"), [missing, ok, ok]),
        (
            uri("resources/directory/read", "notes://2"),
            [missing, ok, ok],
        ),
        (uri("skills/get", "notes://2"), [missing, ok, ok]),
        (
            complete(json!({ "type": "ref/prompt", "name": "delete" })),
            [missing, missing, ok],
        ),
        (
            complete(json!({ "type": "ref/resource", "uri": "notes://2" })),
            [missing, ok, ok],
        ),
        (
            complete(json!({ "type": "ref/resource", "uri": "notes://{id}", "name": "plan" })),
            [unlisted; 3],
        ),
        (listen(json!(["notes://1"])), [ok, ok, ok]),
        (listen(json!(["notes://1", "notes://2"])), [missing, ok, ok]),
        (listen(json!(["notes://1", "notes://3"])), [unlisted; 3]),
        (listen(json!([])), [ok, ok, ok]),
        (listen(json!(null)), [ok, ok, ok]),
        (message("subscriptions/listen", json!({})), [ok, ok, ok]),
    ] {
        for (scopes, expected) in ["read", "write read", "read write admin"]
            .iter()
            .zip(expected)
        {
            let reason = outcome(layer.clone(), &user(scopes), &body).await;
            assert_eq!(reason, expected, "{scopes}: {body}");
        }
        let reason = outcome(layer.clone(), &user("write admin"), &body).await;
        assert_eq!(reason, missing, "without the base scope: {body}");
    }
}

#[tokio::test]
async fn every_other_message_needs_only_the_base_scopes() {
    for body in [
        message("initialize", json!({ "clientInfo": { "name": "drop" } })),
        message("tools/list", json!({ "cursor": "add" })),
        message("tools/list", json!(null)),
        message("ping", json!({})),
        message("tasks/get", json!({ "taskId": "1" })),
        message("tasks/list", json!({})),
        message(
            "server/discover",
            json!({ "name": 1, "uri": [1, {}, null] }),
        ),
        message(
            "x/custom",
            json!({ "ref": "drop", "notifications": [true, 1] }),
        ),
        message("Tools/Call", json!({ "name": "drop" })),
        r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"result":{"name":"drop","name":"add"}}"#.to_owned(),
        r#"{"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}}"#.to_owned(),
        "  {}\r\n\t".to_owned(),
    ] {
        let reason = outcome(tools(), &user("read"), &body).await;
        assert_eq!(reason, "accepted", "{body}");
        let reason = outcome(tools(), &user("write"), &body).await;
        assert_eq!(reason, "insufficient_scope", "{body}");
    }
}

#[tokio::test]
async fn without_base_scopes_any_user_may_call_a_tool_without_scopes() {
    let resource =
        ProtectedResource::new("https://api.example.com/mcp", "https://auth.example.com");
    let layer = RequireMcpScopeLayer::new(&resource.unwrap());
    let layer = layer.tool("list", NO_SCOPES).unwrap();
    let layer = layer.tool("add", ["write"]).unwrap();
    for (tool, expected) in [
        ("list", "accepted"),
        ("add", "insufficient_scope"),
        ("drop", "mcp_unlisted"),
    ] {
        let reason = outcome(layer.clone(), &user(""), &call(tool)).await;
        assert_eq!(reason, expected, "{tool}");
    }
}

#[tokio::test]
async fn names_without_a_rule_follow_the_rule_for_others() {
    let layer = tools()
        .other_tools(["write"])
        .unwrap()
        .other_resources(NO_SCOPES)
        .unwrap()
        .other_prompts(["admin"])
        .unwrap()
        .prompt("plan", NO_SCOPES)
        .unwrap();
    let prompt = |name: &str| message("prompts/get", json!({ "name": name }));
    for (body, scopes, expected) in [
        (call("list"), "read", "accepted"),
        (call("drop"), "read", "insufficient_scope"),
        (call("drop"), "read write", "accepted"),
        (
            message("resources/read", json!({ "uri": "a:b" })),
            "read",
            "accepted",
        ),
        (prompt("plan"), "read", "accepted"),
        (prompt("other"), "read write", "insufficient_scope"),
        (prompt("other"), "read admin", "accepted"),
    ] {
        let reason = outcome(layer.clone(), &user(scopes), &body).await;
        assert_eq!(reason, expected, "{scopes}: {body}");
    }
}

#[tokio::test]
async fn implied_scopes_are_transitive() {
    let layer = || {
        let layer = tools().implies("owner", ["admin", "audit"]).unwrap();
        let layer = layer.implies("write", ["read"]).unwrap();
        let layer = layer.implies("admin", ["write"]).unwrap();
        // A cycle.
        let layer = layer.implies("read", ["view"]).unwrap();
        layer.implies("view", ["read"]).unwrap()
    };
    for (scopes, list, add) in [
        ("owner", true, true),
        ("admin", true, true),
        ("write", true, true),
        ("view", true, false),
        ("read", true, false),
        ("audit", false, false),
        ("owners", false, false),
        ("", false, false),
    ] {
        for (tool, expected) in [("list", list), ("add", add)] {
            let reason = outcome(layer(), &user(scopes), &call(tool)).await;
            assert_eq!(reason == "accepted", expected, "{scopes}: {tool}");
        }
    }
}

#[tokio::test]
async fn the_challenge_lists_each_scope_of_the_operation_once() {
    let layer = tools()
        .tool("purge", ["admin", "read", "write", "admin"])
        .unwrap()
        .resource("a:1", ["write", "audit"])
        .unwrap()
        .resource("a:2", ["admin", "write"])
        .unwrap();
    let filter = json!({ "resourceSubscriptions": ["a:1", "a:2"] });
    let listen = message("subscriptions/listen", json!({ "notifications": filter }));
    for (scopes, body, expected) in [
        ("", call("purge"), "read"),
        ("read", call("add"), "read write"),
        ("read admin", call("purge"), "read admin write"),
        ("read", listen, "read write audit admin"),
    ] {
        let answer = send(layer.clone(), post(&user(scopes), text(body))).await;
        let detail = "Not enough permissions";
        answer.assert_http(403, "insufficient_scope", detail, &expected);
        let challenge = format!(r#"Bearer error="insufficient_scope", scope="{expected}""#);
        assert_eq!(answer.challenge(), Some(&*challenge));
    }
    let answer = send(layer, post(&user("read"), text(call("drop")))).await;
    answer.assert_http(403, "mcp_unlisted", "Not enough permissions", &"unlisted");
    assert_eq!(answer.challenge(), None, "no step-up helps");
}

#[tokio::test]
async fn the_challenge_of_a_protected_resource_names_its_metadata() {
    let resource = resource();
    let auth = builder()
        .issuer("https://auth.example.com")
        .protected_resource(&resource)
        .allow_plain_jwt()
        .build()
        .unwrap();
    let claims = json!({
        "iss": "https://auth.example.com",
        "aud": "https://api.example.com/mcp",
        "scope": "read",
    });
    let token = token(&claims_with(claims));
    let mut request = Request::post("/mcp").body(text(call("add"))).unwrap();
    let bearer = http::HeaderValue::try_from(format!("Bearer {token}")).unwrap();
    request.headers_mut().insert("authorization", bearer);
    let echo = service_fn(async |_: Request<McpBody<Full<Bytes>>>| {
        Ok::<_, Infallible>(Response::new(Full::<Bytes>::default()))
    });
    let service = Stack::new(tools(), auth).layer(echo);
    let answer = service.oneshot(request).await.unwrap().into_answer().await;
    assert_eq!(answer.status(), 403);
    assert_eq!(
        answer.challenge(),
        Some(
            r#"Bearer error="insufficient_scope", scope="read write", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/mcp""#
        )
    );
}
