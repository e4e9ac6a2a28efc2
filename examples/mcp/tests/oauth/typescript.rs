//! The clients of the TypeScript SDK.

use std::process::Stdio;

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    process::Command,
};

use super::{better_auth::is_available, site::Site};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/typescript");

/// Both lines of the SDK, and the newer one also with the newer protocol.
const CLIENTS: [&[&str]; 3] = [
    &["@modelcontextprotocol/sdk"],
    &["@modelcontextprotocol/client"],
    &["@modelcontextprotocol/client", "2026-07-28"],
];

#[tokio::test]
async fn typescript_clients_sign_in_call_a_tool_and_step_up() {
    if !is_available(FOLDER) {
        return;
    }
    for client in CLIENTS {
        let Some(site) = Site::start(&client.join(", MCP ")).await else {
            return;
        };
        let lines = run(&site, client).await;
        let no_tasks = format!("Tasks of user {}: ", site.user_id);
        let expected = [&*no_tasks, "1", &format!("{no_tasks}Read RFC 9728")];
        let results: Vec<&str> = { lines.iter() }
            .filter_map(|line| line.strip_prefix("result: "))
            .collect();
        assert_eq!(results, expected, "{lines:?}");
        let requests = site.transcript.take();
        let rejected: Vec<&String> = { requests.iter() }
            .filter(|request| !request.starts_with('2'))
            .collect();
        let first = if client.len() == 1 {
            "initialize"
        } else {
            "server/discover"
        };
        let first = format!("401 POST /mcp {first}: missing_token");
        let step_up = "403 POST /mcp tools/call add_task: insufficient_scope".to_owned();
        assert_eq!(rejected, [&first, &step_up], "{requests:?}");
    }
}

/// Runs a client, and returns what it prints.
async fn run(site: &Site, client: &[&str]) -> Vec<String> {
    let mut process = Command::new("node")
        .args(["flow.mjs", &site.mcp])
        .args(client)
        .current_dir(FOLDER)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("node starts");
    let mut stdin = process.stdin.take().expect("stdin is piped");
    let stdout = process.stdout.take().expect("stdout is piped");
    let mut stdout = BufReader::new(stdout).lines();
    let mut lines = Vec::new();
    while let Some(line) = stdout.next_line().await.unwrap() {
        if let Some(url) = line.strip_prefix("open ") {
            site.transcript
                .step("opens the browser, and the user consents");
            let callback = site.better_auth.authorize(url).await;
            let callback = format!("{callback}\n");
            stdin.write_all(callback.as_bytes()).await.unwrap();
        } else {
            site.transcript.step(&line);
            lines.push(line);
        }
    }
    assert!(process.wait().await.unwrap().success(), "{client:?}");
    lines
}
