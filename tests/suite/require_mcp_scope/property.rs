//! A message that the layer accepts means the same to the server behind it.

use proptest::prelude::*;

use super::*;

/// Members and values that look alike to some parsers.
fn json_text(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            "null",
            "true",
            "1",
            "-1.5e3",
            "\"\"",
            "\"list\"",
            "\"add\"",
            "\"drop\"",
            "\"\\u0061dd\"",
            "\"li\\u0073t\"",
            "\"tools/call\"",
            "\"tools\\/call\"",
            "\"tools/list\"",
            "\"resources/read\"",
            "\"prompts/get\"",
            "\"Tools/Call\"",
            "\"\\ud83d\\ude00\"",
            "{}",
            "[]",
        ])
        .prop_map(str::to_owned),
        any::<String>().prop_map(|text| Value::from(text).to_string()),
    ];
    leaf.prop_recursive(depth, 12, 4, |inner| {
        let member = (member_name(), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..3).prop_map(|all| format!("[{}]", all.join(","))),
            prop::collection::vec(member, 0..4).prop_map(|members| object(&members)),
        ]
    })
    .boxed()
}

fn member_name() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "jsonrpc",
        "id",
        "method",
        "m\\u0065thod",
        "Method",
        "params",
        "p\\u0061rams",
        "PARAMS",
        "name",
        "n\\u0061me",
        "Name",
        "uri",
        "result",
        "ref",
        "x",
    ])
    .prop_map(str::to_owned)
}

fn object(members: &[(String, String)]) -> String {
    let members = members
        .iter()
        .map(|(name, value)| format!(" \"{name}\" : {value}"));
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

/// Bodies that are nearly always JSON objects with some of a message's members.
fn body() -> impl Strategy<Value = String> {
    let method = prop::sample::select(vec![
        "\"tools/call\"",
        "\"tools/call\"",
        "\"t\\u006fols/call\"",
        "\"prompts/get\"",
        "\"resources/read\"",
        "\"tools/list\"",
        "null",
    ]);
    let params = prop::collection::vec((member_name(), json_text(2)), 0..4);
    let others = prop::collection::vec((member_name(), json_text(3)), 0..3);
    let end = prop::sample::select(vec!["", " ", "\n", "{}", "\0"]);
    (method, params, others, any::<bool>(), end).prop_map(
        |(method, params, mut members, is_first, end)| {
            let message = [
                ("method".to_owned(), method.to_owned()),
                ("params".to_owned(), object(&params)),
            ];
            let at = if is_first { 0 } else { members.len() };
            members.splice(at..at, message);
            object(&members) + end
        },
    )
}

/// Whether the user may execute the message, as a server with `serde_json::Value` reads it.
fn may_execute(message: &Value, has_write: bool) -> bool {
    let name = message["params"]["name"].as_str();
    match message["method"].as_str() {
        Some("tools/call") => name == Some("list") || (name == Some("add") && has_write),
        Some("prompts/get" | "resources/read") => false,
        _ => true,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 2_000 } else { 50_000 }))]

    #[test]
    fn an_accepted_message_is_one_that_the_server_may_execute(
        body in prop_oneof![20 => body(), 1 => json_text(4), 1 => any::<String>()],
        has_write in any::<bool>(),
    ) {
        thread_local! {
            static USERS: [CurrentUser; 2] = [user("read"), user("read write")];
        }
        let user = USERS.with(|users| users[usize::from(has_write)].clone());
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let reason = runtime.block_on(outcome(tools(), &user, &body));
        let parsed: Result<Value, _> = serde_json::from_str(&body);
        match (reason, parsed) {
            ("accepted", Ok(message)) => {
                prop_assert!(message.is_object());
                prop_assert!(may_execute(&message, has_write), "{}", body);
            }
            // serde_json checks the escapes of a string only if it keeps the string.
            ("accepted", Err(error)) => prop_assert!(error.is_data() || error.is_syntax(), "{}", error),
            ("insufficient_scope" | "mcp_unlisted", Ok(message)) => {
                prop_assert!(!may_execute(&message, has_write), "{}", body);
            }
            (_, _) => {}
        }
    }
}
