//! The example beside a Better Auth.

use axum::{
    body::{Body, to_bytes},
    extract::{Request, State},
    middleware::{self, Next},
    response::Response,
};
use serde_json::Value;
use tokio::{
    net::TcpListener,
    sync::{Mutex, MutexGuard},
};
use tower_jwt_auth::Rejection;

use super::{better_auth::BetterAuth, example, transcript::Transcript};

/// One test at a time, so that their transcripts do not mix.
static RUNNING: Mutex<()> = Mutex::const_new(());

const SESSION_KEY: &str = "the session key of the tests, of more than 32 bytes";

pub struct Site {
    /// The URL of the MCP server.
    pub mcp: String,
    /// Another resource of the same Better Auth.
    pub other: String,
    pub better_auth: BetterAuth,
    pub user_id: String,
    pub transcript: Transcript,
    _running: MutexGuard<'static, ()>,
}

impl Site {
    /// Starts both. Returns `None` if the test is skipped.
    pub async fn start(title: &str) -> Option<Self> {
        let _running = RUNNING.lock().await;
        let transcript = Transcript::new(title);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mcp = format!("http://{}/mcp", listener.local_addr().unwrap());
        let other = "https://other.example.com/mcp".to_owned();
        let better_auth = BetterAuth::start(&mcp, &other, &transcript)?;
        let app = example::app(&better_auth.origin, &mcp, SESSION_KEY).unwrap();
        let app = app.layer(middleware::from_fn_with_state(transcript.clone(), record));
        tokio::spawn(async { axum::serve(listener, app).await });
        let user_id = better_auth.user_id().await;
        Some(Self {
            mcp,
            other,
            user_id,
            better_auth,
            transcript,
            _running,
        })
    }
}

async fn record(State(transcript): State<Transcript>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let message: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut line = format!("{} {}", parts.method, parts.uri.path());
    for name in [&message["method"], &message["params"]["name"]] {
        if let Some(name) = name.as_str() {
            line = format!("{line} {name}");
        }
    }
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    let challenge = response.headers().get("www-authenticate");
    let challenge = challenge.map(|challenge| challenge.to_str().unwrap());
    let mut line = format!("{} {line}", response.status().as_u16());
    if let Some(rejection) = response.extensions().get::<Rejection>() {
        line = format!("{line}: {}", rejection.reason());
    }
    transcript.mcp_server(line, challenge);
    response
}
