//! A small task service in axum behind Better Auth.
//!
//! ```sh
//! cargo run --example axum
//! ```
//!
//! With `BETTER_AUTH_SECRET` set it verifies the tokens of your own front end (and, with
//! `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER`, checks theirs). Without, it makes a secret for
//! the run and prints a token and requests to paste. `ADDR` is where it listens.

mod support;

use std::{env, error::Error};

use axum::{
    Extension, Json, Router,
    extract::Path,
    routing::{get, post},
};
use http::{
    HeaderValue, Method,
    header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_http::{
    cors::CorsLayer, sensitive_headers::SetSensitiveRequestHeadersLayer, trace::TraceLayer,
};
use tower_jwt_auth::{ConfigError, CurrentUser, JwtAuthLayer, PathOwnerLayer};

/// The routes, guarded by `auth`.
pub fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
    let own_tasks = Router::new()
        .route("/api/{user_id}/tasks", get(tasks))
        .route("/api/{user_id}/tasks", post(create_task))
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?);

    let router = Router::new()
        .route("/protected-endpoint", get(hello))
        .merge(own_tasks)
        // Guards the routes above. With `layer`, unknown paths would be 401 and not 404.
        .route_layer(auth)
        // Added below it, and so open.
        .route("/health", get(async || "ok"))
        .layer(
            // The first is the outermost.
            ServiceBuilder::new()
                // Before the trace, so that nothing which logs headers logs the token.
                .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
                .layer(TraceLayer::new_for_http())
                // Outside of the authentication: a preflight request carries no token, and a
                // browser shows its page a 401 only if that has the CORS headers too.
                .layer(cors()),
        );
    Ok(router)
}

async fn hello(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "message": format!("Hello {}", user.email()), "user_id": user.user_id() }))
}

async fn tasks(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "tasks": [], "user_id": user.user_id() }))
}

/// `PathOwnerLayer` has made sure that `user_id` is the current user's own.
async fn create_task(Path(_user_id): Path<String>, Json(_task): Json<Value>) -> Json<Value> {
    Json(json!({ "task_id": 123, "status": "created" }))
}

/// Where the front end is served from in development.
const FRONT_END: HeaderValue = HeaderValue::from_static("http://localhost:5173");

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(FRONT_END)
        .allow_methods([Method::GET, Method::POST])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE])
        .expose_headers([WWW_AUTHENTICATE])
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    log_to_stderr();
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = tokio::net::TcpListener::bind(addr).await?;
    let origin = format!("http://{}", listener.local_addr()?);

    let auth = if env::var_os("BETTER_AUTH_SECRET").is_some() {
        println!("Listening on {origin}, with the secret in BETTER_AUTH_SECRET.");
        JwtAuthLayer::from_env()?
    } else {
        let secret = support::random_secret();
        print_requests(&origin, &secret);
        JwtAuthLayer::builder().secret(secret).build()?
    };
    axum::serve(listener, router(auth)?).await?;
    Ok(())
}

fn print_requests(origin: &str, secret: &str) {
    let token = support::mint(secret, "u1", "ada@example.com");
    println!(
        "\
Listening on {origin}. BETTER_AUTH_SECRET is not set, so this run has a random secret.
The token below is valid for an hour; its user is u1. Paste these into another shell:

TOKEN={token}

# 200: u1's own tasks
curl -i -H \"Authorization: Bearer $TOKEN\" {origin}/api/u1/tasks

# 401: no token
curl -i {origin}/api/u1/tasks

# 403: another user's tasks
curl -i -H \"Authorization: Bearer $TOKEN\" {origin}/api/u2/tasks

For the tokens of your own front end, start it again with BETTER_AUTH_SECRET set to the secret
that they are signed with."
    );
}

fn log_to_stderr() {
    use tracing_subscriber::{filter::LevelFilter, fmt};

    fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_writer(std::io::stderr)
        .init();
}
