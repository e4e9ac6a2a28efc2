//! From the first 401 to the second tool.

use rmcp::{ClientLifecycleMode, model::ProtocolVersion};
use serde_json::json;

use super::{client::Client, site::Site};

const METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

#[tokio::test]
async fn rmcp_signs_in_calls_a_tool_and_steps_up() {
    let discover = ClientLifecycleMode::Discover {
        preferred_versions: vec![ProtocolVersion::V_2026_07_28],
    };
    for (version, lifecycle, start, end) in [
        (
            "2025-11-25",
            ClientLifecycleMode::Initialize,
            // The requests without a token and with it. The latter also opens the stream of the session.
            &[
                "401 POST /mcp initialize: missing_token",
                "200 GET METADATA",
                "200 POST /mcp initialize",
                "202 POST /mcp notifications/initialized",
                "200 GET /mcp",
            ][..],
            &["202 DELETE /mcp"][..],
        ),
        (
            "2026-07-28",
            discover,
            &[
                "401 POST /mcp server/discover: missing_token",
                "200 GET METADATA",
                "200 POST /mcp server/discover",
            ],
            &[],
        ),
    ] {
        let title = format!("rmcp's client, MCP {version}");
        let Some(site) = Site::start(&title).await else {
            return;
        };
        let transcript = &site.transcript;
        let no_tasks = format!("Tasks of user {}: ", site.user_id);
        let client = Client::authorize(&site, &lifecycle).await;
        assert_eq!(client.protocol_version(), version);

        transcript.step("calls list_tasks");
        let tasks = client.call("list_tasks", json!({})).await.unwrap();
        assert_eq!(tasks, no_tasks);

        transcript.step("calls add_task");
        let arguments = json!({ "title": "Read RFC 9728" });
        let rejected = client.call("add_task", arguments.clone()).await;

        transcript.step("requests the scope, and the user consents");
        client.step_up(&site, &rejected.unwrap_err()).await;

        transcript.step("calls add_task and list_tasks");
        assert_eq!(client.call("add_task", arguments).await.unwrap(), "1");
        let tasks = client.call("list_tasks", json!({})).await.unwrap();
        assert_eq!(tasks, format!("{no_tasks}Read RFC 9728"));
        client.close().await;
        transcript.step(&tasks);

        let calls = [
            "200 POST /mcp tools/call list_tasks",
            "403 POST /mcp tools/call add_task: insufficient_scope",
            "200 POST /mcp tools/call add_task",
            "200 POST /mcp tools/call list_tasks",
        ];
        let mut expected: Vec<String> = [start, &calls, end]
            .concat()
            .iter()
            .map(|it| it.replace("METADATA", METADATA))
            .collect();
        let mut requests = transcript.take();
        // The stream of a session is opened beside the first call.
        expected.sort();
        requests.sort();
        assert_eq!(requests, expected);
    }
}
