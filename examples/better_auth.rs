//! An axum service behind Better Auth's `jwt()` plugin, whose keys it fetches.
//!
//! ```sh
//! cargo run --example better_auth --features better-auth -- https://app.example.com
//! ```
//!
//! Its argument is the origin of the Better Auth server. To try it with a local server, see docs/better-auth.md;
//! `ADDR` is where it listens.

mod support;

use std::{env, error::Error};

use axum::{Extension, Json, Router, extract::State, routing::get};
use serde_json::{Value, json};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};

async fn tasks(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "tasks": [], "user_id": user.user_id() }))
}

/// How it stands with the keys: for a dashboard, and not for a liveness probe, since a restart
/// would not mend it.
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
            "give the origin of your Better Auth server, such as https://app.example.com".into(),
        );
    };
    let auth = JwtAuthLayer::better_auth(&origin).build()?;
    if let Err(error) = auth.ready().await {
        eprintln!("{error}; it is tried again, and requests get a 503 meanwhile");
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
Sign in there, take a token from {origin}/api/auth/token, and ask for your own tasks:

curl -i -H \"Authorization: Bearer $TOKEN\" http://{addr}/api/$USER_ID/tasks

http://{addr}/keys says how it stands with the keys.",
        addr = listener.local_addr()?,
    );
    axum::serve(listener, router).await?;
    Ok(())
}
