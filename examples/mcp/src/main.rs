//! An MCP server for users of Better Auth, with two tools: `list_tasks`, and `add_task`, which needs a further
//! scope.
//!
//! ```sh
//! npm ci --ignore-scripts --prefix examples/mcp/better-auth
//! BETTER_AUTH_SECRET="$(openssl rand -base64 32)" node examples/mcp/better-auth/server.mjs
//! MCP_SESSION_KEY="$(openssl rand -base64 32)" cargo run --manifest-path examples/mcp/Cargo.toml
//! ```
//!
//! Then add `http://127.0.0.1:8000/mcp` to an MCP client. The client opens a page of Better Auth, where you
//! sign in as `ada@example.com` with the password `password`, and allow it to read. When it first adds a
//! task, it opens a page again.
//!
//! | variable | default | |
//! |---|---|---|
//! | `BETTER_AUTH_URL` | `http://127.0.0.1:3000` | the origin of Better Auth |
//! | `PUBLIC_URL` | `http://127.0.0.1:8000/mcp` | the URL that users enter, and `RESOURCE` of Better Auth |
//! | `MCP_SESSION_KEY` | required | the secret that binds session IDs to their users; replicas share it |
//! | `ADDR` | `127.0.0.1:8000` | the address to listen on |

use std::{
    collections::HashMap,
    env,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use http::{Uri, request::Parts};
use rmcp::{
    ErrorData, ServerHandler,
    handler::server::{tool::Extension, wrapper::Parameters},
    schemars, tool, tool_handler, tool_router,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use serde::Deserialize;
use tower_jwt_auth::{
    CurrentUser, JwtAuthLayer, NO_SCOPES, ProtectedResource, RequireMcpScopeLayer,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // Logs why a request was rejected.
    tracing_subscriber::fmt()
        .with_env_filter("tower_jwt_auth=debug")
        .with_writer(std::io::stderr)
        .init();
    let variable = |name, default: &str| env::var(name).unwrap_or_else(|_| default.to_owned());
    let better_auth = variable("BETTER_AUTH_URL", "http://127.0.0.1:3000");
    let public_url = variable("PUBLIC_URL", "http://127.0.0.1:8000/mcp");
    let address = variable("ADDR", "127.0.0.1:8000");

    let session_key = env::var("MCP_SESSION_KEY")
        .map_err(|_| "set MCP_SESSION_KEY to the output of `openssl rand -base64 32`")?;

    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("Listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app(&better_auth, &public_url, &session_key)?).await?;
    Ok(())
}

/// Returns the service. `better_auth` is the origin of Better Auth; `url` is the public URL that users enter
/// into their MCP clients; `session_key` is at least 32 bytes of secret text.
pub fn app(better_auth: &str, url: &str, session_key: &str) -> Result<Router, Box<dyn Error>> {
    let mcp = ProtectedResource::better_auth(better_auth, url)?.scopes(["mcp:read"])?;
    let auth = JwtAuthLayer::builder().protected_resource(&mcp).build()?;
    let tools = RequireMcpScopeLayer::new(&mcp)
        .tool("list_tasks", NO_SCOPES)?
        .tool("add_task", ["mcp:write"])?
        .session_key(session_key)?;

    // rmcp rejects requests for other hosts: a page's own host name may resolve to this machine.
    let url: Uri = url.parse()?;
    let host = url.host().unwrap_or_default();
    // It rejects all browsers too, which send an `Origin`, because none is allowed here.
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts([host])
        .enforce_origin_validation();
    let tasks = Tasks::default();
    let service = StreamableHttpService::<_, LocalSessionManager>::new(
        move || Ok(tasks.clone()),
        Arc::default(),
        config,
    );
    let router = Router::new().nest_service(url.path(), service);
    Ok(router.route_layer((auth, tools)).merge(mcp.routes()))
}

/// The titles of the tasks of each user, by the user's ID.
#[derive(Clone, Default)]
struct Tasks(Arc<Mutex<HashMap<String, Vec<String>>>>);

#[derive(Deserialize, schemars::JsonSchema)]
struct NewTask {
    title: String,
}

#[tool_router]
impl Tasks {
    #[tool(description = "Lists your tasks.")]
    fn list_tasks(&self, Extension(request): Extension<Parts>) -> Result<String, ErrorData> {
        self.with_tasks(&request, |user, tasks| {
            format!("Tasks of user {}: {}", user.user_id(), tasks.join(", "))
        })
    }

    #[tool(description = "Adds a task, and returns its number.")]
    fn add_task(
        &self,
        Extension(request): Extension<Parts>,
        Parameters(NewTask { title }): Parameters<NewTask>,
    ) -> Result<String, ErrorData> {
        self.with_tasks(&request, |_, tasks| {
            tasks.push(title);
            tasks.len().to_string()
        })
    }
}

#[tool_handler]
impl ServerHandler for Tasks {}

impl Tasks {
    /// Calls `use_tasks` with the tasks of the request's user.
    fn with_tasks(
        &self,
        request: &Parts,
        use_tasks: impl FnOnce(&CurrentUser, &mut Vec<String>) -> String,
    ) -> Result<String, ErrorData> {
        let user = request.extensions.get::<CurrentUser>();
        let user = user.ok_or_else(|| ErrorData::internal_error("no user", None))?;
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tasks = tasks.entry(user.user_id().to_owned()).or_default();
        Ok(use_tasks(user, tasks))
    }
}
