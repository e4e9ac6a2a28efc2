//! An axum service that fetches the keys of Better Auth's `jwt()` plugin.
//!
//! ```sh
//! cargo run --example better_auth --features better-auth -- https://app.example.com
//! ```
//!
//! The argument is the origin of the Better Auth server; docs/better-auth.md sets up a local one.
//! `ADDR` is the address to listen on.

mod support;

use std::{env, error::Error};

use axum::{Extension, Json, Router, extract::State, routing::get};
use serde_json::{Value, json};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};

async fn tasks(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "tasks": [], "user_id": user.user_id() }))
}

/// Returns the health of the keys, for a dashboard. Do not use it as a liveness probe, because a
/// restart does not fix a failed fetch.
async fn keys(State(auth): State<JwtAuthLayer>) -> Json<Value> {
    let keys = auth.jwks_health().into_iter().map(|keys| {
        json!({
            "url": keys.url,
            "keys": keys.keys,
            "age_seconds": keys.age.map(|age| age.as_secs()),
            "last_error": keys.last_error,
        })
    });
    Json(keys.collect())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .init();
    let Some(origin) = env::args().nth(1) else {
        return Err(
            "pass the origin of your Better Auth server, such as https://app.example.com".into(),
        );
    };
    let auth = JwtAuthLayer::better_auth(&origin).build()?;
    if let Err(error) = auth.ready().await {
        eprintln!("{error}; retrying, and requests get 503 until a fetch succeeds");
    }

    let router = Router::new()
        .route("/api/{user_id}/tasks", get(tasks))
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?)
        .route_layer(auth.clone())
        .route("/keys", get(keys))
        .with_state(auth);
    let listener = support::listen().await?;
    println!(
        "\
Listening on http://{addr}, with the keys of {origin}.
Sign in there, get a token from {origin}/api/auth/token, and request your own tasks:

curl -i -H \"Authorization: Bearer $TOKEN\" http://{addr}/api/$USER_ID/tasks

http://{addr}/keys shows the health of the keys.",
        addr = listener.local_addr()?,
    );
    axum::serve(listener, router).await?;
    Ok(())
}
