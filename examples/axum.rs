//! A small axum service for tasks, whose users sign in with Better Auth.
//!
//! ```sh
//! cargo run --example axum
//! ```
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end, with the
//! audience and issuer in `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER` if those are set.
//! Otherwise, it generates a secret for the run and prints a token and requests to paste. `ADDR` is
//! the address to listen on.

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

/// Builds the routes, protected by `auth`.
pub fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
    let own_tasks = Router::new()
        .route("/api/{user_id}/tasks", get(tasks))
        .route("/api/{user_id}/tasks", post(create_task))
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?);

    let router = Router::new()
        .route("/protected-endpoint", get(hello))
        .merge(own_tasks)
        // Protects the routes above. With `layer`, unknown paths would get 401 instead of 404.
        .route_layer(auth)
        // Public, because it is added after the layer.
        .route("/health", get(async || "ok"))
        .layer(
            // The first layer is the outermost.
            ServiceBuilder::new()
                // Outside the trace, so that logged headers do not contain the token.
                .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
                .layer(TraceLayer::new_for_http())
                // Outside the authentication, because a preflight has no token, and because a page
                // can read a 401 only if the response has the CORS headers.
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

/// `PathOwnerLayer` has already checked that `user_id` is the current user's.
async fn create_task(Path(_user_id): Path<String>, Json(_task): Json<Value>) -> Json<Value> {
    Json(json!({ "task_id": 123, "status": "created" }))
}

/// The origin of the front end in development.
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
    // The lines to paste contain no comments, because not every shell accepts them.
    println!(
        "\
Listening on {origin}. BETTER_AUTH_SECRET is not set, so this run has a random secret.
Below are a token of the user u1, valid for an hour, and three requests. Paste them into another shell.
The first gets 200; the second, without the token, gets 401; the third, for the tasks of another user,
gets 403.

TOKEN={token}
curl -i -H \"Authorization: Bearer $TOKEN\" {origin}/api/u1/tasks
curl -i {origin}/api/u1/tasks
curl -i -H \"Authorization: Bearer $TOKEN\" {origin}/api/u2/tasks

To accept the tokens of your own front end, set BETTER_AUTH_SECRET to the secret that signs them,
and start the example again."
    );
}

fn log_to_stderr() {
    use tracing_subscriber::{filter::LevelFilter, fmt};

    fmt()
        .with_max_level(LevelFilter::DEBUG)
        .with_writer(std::io::stderr)
        .init();
}
