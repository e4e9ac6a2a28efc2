//! Messages that two parsers could read differently.

use super::*;

/// A user who may execute everything, so that only the form of a message matters.
fn superuser() -> CurrentUser {
    user("read write")
}

async fn assert_malformed(body: impl Into<Bytes>) {
    let body = body.into();
    let row = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    let layer = tools().other_tools(NO_SCOPES).unwrap();
    let answer = send(layer, post(&superuser(), text(body))).await;
    answer.assert_http(400, "mcp_request", "Invalid MCP request", &row);
    assert_eq!(answer.challenge(), None, "{row}");
}

#[tokio::test]
async fn a_body_is_exactly_one_json_object() {
    for body in [
        "",
        " ",
        "null",
        "true",
        "1",
        "1.5",
        "\"tools/call\"",
        "[]",
        r#"[{"jsonrpc":"2.0","id":1,"method":"tools/list"}]"#,
        r#"["2.0",1,"tools/call",{"name":"add"}]"#,
        r#"{"method":"tools/list"}{"method":"tools/call","params":{"name":"add"}}"#,
        "{\"method\":\"tools/list\"}\n{}",
        r#"{"method":"tools/list"} x"#,
        r#"{"method":"tools/list",}"#,
        r#"{"method":"tools/list""#,
        r#"{method:"tools/list"}"#,
        r#"{'method':'tools/list'}"#,
        r#"{"method":"tools/list"/* */}"#,
        "{\"method\":\"tools/list\"}\0",
        "{\"method\":\"tools\nlist\"}",
        "{\"id\":NaN}",
        "\u{feff}{\"method\":\"tools/list\"}",
        r#"{"method":"\ud800"}"#,
    ] {
        assert_malformed(body).await;
    }
    for body in [
        &b"{\"method\":\"tools/list\",\"x\":\"\xff\"}"[..],
        b"{\"method\":\"tools\xc0\xaflist\"}",
        b"{\"x\":\"\xed\xa0\x80\"}",
        b"\xef\xbb\xbf{}",
        b"\xff\xfe{\0}\0",
    ] {
        assert_malformed(body).await;
    }
}

#[tokio::test]
async fn duplicate_members_are_rejected() {
    for body in [
        r#"{"method":"tools/list","method":"tools/call","params":{"name":"add"}}"#,
        r#"{"method":"tools/call","params":{"name":"list","name":"add"}}"#,
        r#"{"method":"tools/call","params":{"name":"list"},"params":{"name":"add"}}"#,
        r#"{"method":"tools/call","params":{"name":"list","n\u0061me":"add"}}"#,
        r#"{"m\u0065thod":"tools/list","method":"tools/call","params":{"name":"add"}}"#,
        r#"{"id":1,"id":2,"method":"tools/list"}"#,
        r#"{"id":1,"x":1,"x":1,"method":"tools/list"}"#,
        r#"{"method":"tools/list","params":{"_meta":{},"_meta":{}}}"#,
        r#"{"method":"resources/read","params":{"uri":"a:1","uri":"a:2"}}"#,
        r#"{"method":"completion/complete","params":{"ref":{"type":"ref/prompt","name":"a","name":"b"}}}"#,
        r#"{"method":"subscriptions/listen","params":{"notifications":{"resourceSubscriptions":[],"resourceSubscriptions":["a:1"]}}}"#,
    ] {
        assert_malformed(body).await;
    }
    // The layer does not read these objects.
    let inside = r#"{"method":"tools/call","params":{"name":"list","arguments":{"a":1,"a":2}}}"#;
    assert_eq!(outcome(tools(), &superuser(), inside).await, "accepted");
}

#[tokio::test]
async fn members_that_differ_only_in_case_are_rejected() {
    for name in [
        "JSONRPC",
        "Id",
        "iD",
        "ID",
        "Method",
        "METHOD",
        "Params",
        "param\u{17f}",
        "PARAM\\u017f",
        "json\u{72}Pc",
        "\u{131}d",
        "\u{130}d",
        "\\u0050arams",
    ] {
        assert_malformed(format!(r#"{{"{name}":1}}"#)).await;
        assert_malformed(format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{{}},"{name}":{{}}}}"#
        ))
        .await;
    }
    for name in [
        "Name",
        "NAME",
        "namE",
        "\\u004eame",
        "Uri",
        "URI",
        "ur\u{131}",
        "Ref",
        "Notifications",
        "notification\u{17f}",
    ] {
        assert_malformed(format!(
            r#"{{"method":"tools/call","params":{{"name":"list","{name}":"add"}}}}"#
        ))
        .await;
    }
    for reference in [
        r#""type":"ref/prompt","name":"a","Name":"b""#,
        r#""type":"ref/prompt","Type":"ref/resource","name":"a","uri":"b""#,
    ] {
        assert_malformed(format!(
            r#"{{"method":"completion/complete","params":{{"ref":{{{reference}}}}}}}"#
        ))
        .await;
    }
    assert_malformed(r#"{"method":"subscriptions/listen","params":{"notifications":{"ResourceSubscriptions":["a:1"]}}}"#).await;
    // Other members may have any case.
    for body in [
        r#"{"method":"tools/list","Result":1,"Name":"add","params":{"Method":"x","ID":1}}"#,
        r#"{"method":"tools/call","params":{"name":"list","arguments":{"Name":"add"}}}"#,
        r#"{"method":"settings/set","params":{"notifications":true,"ref":[1]}}"#,
        r#"{"method":"subscriptions/listen","params":{"notifications":null}}"#,
    ] {
        assert_eq!(
            outcome(tools(), &superuser(), body).await,
            "accepted",
            "{body}"
        );
    }
}

/// A parser in C would read each of these names up to the NUL.
#[tokio::test]
async fn a_member_whose_name_contains_nul_is_rejected() {
    for body in [
        r#"{"method":"tools/call","params":{"name":"list","name\u0000":"add"}}"#,
        r#"{"method":"tools/call","params":{"name":"list","name\u0000x":"add"}}"#,
        r#"{"method\u0000":"tools/call","method":"tools/list","params":{"name":"add"}}"#,
    ] {
        assert_malformed(body).await;
    }
}

#[tokio::test]
async fn escapes_in_members_and_names_are_decoded() {
    for (body, expected) in [
        (
            r#"{"\u006dethod":"tools/call","params":{"name":"add"}}"#,
            "insufficient_scope",
        ),
        (
            r#"{"method":"tools\/call","params":{"name":"add"}}"#,
            "insufficient_scope",
        ),
        (
            r#"{"method":"t\u006fols/call","p\u0061rams":{"n\u0061me":"\u0061dd"}}"#,
            "insufficient_scope",
        ),
        (
            r#"{"params":{"name":"l\u0069st"},"method":"tools/call"}"#,
            "accepted",
        ),
        (
            r#"{"method":"tools/call","params":{"name":"add\u0000"}}"#,
            "mcp_unlisted",
        ),
    ] {
        assert_eq!(
            outcome(tools(), &user("read"), body).await,
            expected,
            "{body}"
        );
    }
}

#[tokio::test]
async fn a_message_that_names_nothing_is_rejected() {
    for method in [
        "null",
        "1",
        "true",
        "{}",
        "[]",
        r#"["tools/call"]"#,
        r#"{"a":"tools/call"}"#,
    ] {
        assert_malformed(format!(
            r#"{{"method":{method},"params":{{"name":"add"}}}}"#
        ))
        .await;
    }
    for params in ["[]", r#"["add"]"#, r#""add""#, "1", "-1", "1.5", "true"] {
        assert_malformed(format!(r#"{{"method":"tools/list","params":{params}}}"#)).await;
    }
    for (method, params) in [
        ("tools/call", "null"),
        ("tools/call", "{}"),
        ("tools/call", r#"{"uri":"add"}"#),
        ("tools/call", r#"{"name":null}"#),
        ("tools/call", r#"{"name":1}"#),
        ("tools/call", r#"{"name":["add"]}"#),
        ("tools/call", r#"{"name":{"name":"add"}}"#),
        ("tools/call", r#"{"arguments":{"name":"add"}}"#),
        ("prompts/get", r#"{"uri":"add"}"#),
        ("resources/read", r#"{"name":"add"}"#),
        ("resources/read", r#"{"uri":["a:1"]}"#),
        ("completion/complete", "{}"),
        (
            "completion/complete",
            r#"{"ref":"ref/prompt","name":"add"}"#,
        ),
        ("completion/complete", r#"{"ref":{"name":"add"}}"#),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/tool","name":"add"}}"#,
        ),
        (
            "completion/complete",
            r#"{"ref":{"type":"ref/prompt","uri":"add"}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":"a:1"}}"#,
        ),
        // rmcp reads this array as the members of `notifications`.
        (
            "subscriptions/listen",
            r#"{"notifications":[null,null,null,["a:1"]]}"#,
        ),
        ("subscriptions/listen", r#"{"notifications":"a:1"}"#),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":["a:1",1]}}"#,
        ),
        (
            "subscriptions/listen",
            r#"{"notifications":{"resourceSubscriptions":[["a:1"]]}}"#,
        ),
    ] {
        assert_malformed(format!(r#"{{"method":"{method}","params":{params}}}"#)).await;
    }
    for body in [
        r#"{"method":"tools/call"}"#,
        r#"{"method":"tools/call","name":"add"}"#,
    ] {
        assert_malformed(body).await;
    }
}

/// serde_json replaces such an object with the JSON in the string, with some of its features.
#[tokio::test]
async fn an_object_that_serde_json_replaces_is_rejected() {
    for kind in ["RawValue", "Number", "Other"] {
        let member = format!("$serde_json::private::{kind}");
        let hidden = json!({ &*member: call("add") }).to_string();
        assert_malformed(hidden).await;
        let params = json!({ &*member: r#"{"name":"add"}"#, "name": "list" });
        assert_malformed(message("tools/call", params)).await;
        let params = json!({ "notifications": { &*member: "{}" } });
        assert_malformed(message("subscriptions/listen", params)).await;
    }
}

#[tokio::test]
async fn nesting_and_numbers_of_members_are_limited() {
    // The arguments are at depth 3.
    let nested = |depth: usize| {
        let arguments = arrays_to(depth - 2 + 1);
        format!(r#"{{"method":"tools/call","params":{{"name":"list","arguments":{arguments}}}}}"#)
    };
    assert_eq!(
        outcome(tools(), &superuser(), &nested(64)).await,
        "accepted"
    );
    assert_malformed(nested(65)).await;
    assert_malformed(nested(100_000)).await;

    let members = |number: usize| {
        let params: serde_json::Map<String, Value> = (0..number)
            .map(|index| (format!("m{index}"), json!(index)))
            .collect();
        message("tools/list", params.into())
    };
    assert_eq!(
        outcome(tools(), &superuser(), &members(256)).await,
        "accepted"
    );
    assert_malformed(members(257)).await;

    let layer = || tools().other_resources(NO_SCOPES).unwrap();
    let listen = |number: usize| {
        let filter = json!({ "resourceSubscriptions": vec!["a:1"; number] });
        message("subscriptions/listen", json!({ "notifications": filter }))
    };
    assert_eq!(
        outcome(layer(), &superuser(), &listen(256)).await,
        "accepted"
    );
    assert_eq!(
        outcome(layer(), &superuser(), &listen(257)).await,
        "mcp_request"
    );
}
