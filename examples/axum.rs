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
    let is_configured = env::var_os("BETTER_AUTH_SECRET").is_some();
    let secret = support::random_secret();
    let auth = if is_configured {
        JwtAuthLayer::from_env()?
    } else {
        JwtAuthLayer::builder().secret(secret.as_str()).build()?
    };
    let router = router(auth)?;

    let listener = support::listen().await?;
    let origin = format!("http://{}", listener.local_addr()?);
    if is_configured {
        println!("Listening on {origin}, with the secret in BETTER_AUTH_SECRET.");
    } else {
        print_requests(&origin, &secret);
    }
    axum::serve(listener, router).await?;
    Ok(())
}

fn print_requests(origin: &str, secret: &str) {
    let token = support::mint(secret, "u1", "ada@example.com");
    // Nothing but commands is to be pasted: not every shell takes # for a comment.
    println!(
        "\
Listening on {origin}. BETTER_AUTH_SECRET is not set, so this run has a random secret.
Below are a token, which is valid for an hour and whose user is u1, and three requests. Paste them
into another shell: the first is answered with 200, the second, without the token, with 401, and the
third, for the tasks of another user, with 403.

TOKEN={token}
curl -i -H \"Authorization: Bearer $TOKEN\" {origin}/api/u1/tasks
curl -i {origin}/api/u1/tasks
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
