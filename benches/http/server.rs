//! The router of `examples/axum.rs`, with and without the layers, for `benches/http`. It prints its
//! address.
//!
//! The example itself cannot be used: it logs each request, and its handlers need the user from the
//! layer.

use std::{env, error::Error};

use axum::{Extension, Json, Router, extract::Path, routing::get};
use http::header::AUTHORIZATION;
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_http::{
    cors::CorsLayer, sensitive_headers::SetSensitiveRequestHeadersLayer, trace::TraceLayer,
};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer};
use tower_jwt_auth_benches::{
    keys::{Alg, SECRET, SigningKey},
    layers,
    tokens::{Naming, subject},
};

async fn tasks_of_token(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    tasks(user.user_id())
}

async fn tasks_of_path(Path(user_id): Path<String>) -> Json<Value> {
    tasks(&user_id)
}

fn tasks(user_id: &str) -> Json<Value> {
    Json(json!({ "tasks": [], "user_id": user_id }))
}

fn router(auth: Option<JwtAuthLayer>) -> Router {
    let path = "/api/{user_id}/tasks";
    let router = match auth {
        Some(auth) => Router::new()
            .route(path, get(tasks_of_token))
            // One call, because axum boxes the service and its future in each.
            .route_layer((auth, layers::path_owner())),
        None => Router::new().route(path, get(tasks_of_path)),
    };
    router.layer(
        ServiceBuilder::new()
            .layer(SetSensitiveRequestHeadersLayer::new([AUTHORIZATION]))
            .layer(TraceLayer::new_for_http())
            .layer(CorsLayer::new()),
    )
}

/// Prints the secret, and then the path and the token of each user.
fn print_tokens() {
    println!("{SECRET}");
    let tokens = SigningKey::new(Alg::Hs256).tokens(Naming::Anonymous);
    for (user, token) in tokens.iter().enumerate() {
        println!("/api/{}/tasks {token}", subject(user));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let key = SigningKey::new(Alg::Hs256);
    let naming = Naming::Anonymous;
    let auth = match env::args().nth(1).as_deref() {
        Some("tokens") => {
            print_tokens();
            return Ok(());
        }
        Some("with-layers") => Some(layers::jwt_auth(&key, naming)),
        Some("with-cache") => Some(layers::with_cache(&key, naming, &key.tokens(naming))),
        Some("without-layers") => None,
        _ => return Err("usage: http-server tokens|with-layers|with-cache|without-layers".into()),
    };
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?
        .block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
            println!("{}", listener.local_addr()?);
            axum::serve(listener, router(auth)).await?;
            Ok(())
        })
}
