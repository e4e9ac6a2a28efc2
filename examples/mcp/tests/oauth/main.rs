//! MCP clients that sign in to the example with a real Better Auth: rmcp's own, and those of the TypeScript
//! SDK. With `--nocapture`, each test prints its transcript.

mod better_auth;
mod client;
mod flow;
mod site;
mod tokens;
mod transcript;
mod typescript;

#[path = "../../src/main.rs"]
#[allow(dead_code)]
mod example;
