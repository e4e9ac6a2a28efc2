//! A hyper service without a framework, whose users sign in with Better Auth.
//!
//! ```sh
//! cargo run --example hyper
//! ```
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end.
//! Otherwise, it generates a secret for the run and prints requests to paste. `ADDR` is the address
//! to listen on.

mod support;

use std::{convert::Infallible, env, error::Error};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
    service::TowerToHyperService,
};
use tokio::net::TcpListener;
use tower::{ServiceBuilder, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};

/// Handles a request that both layers accepted: it has a user, and its path belongs to that user.
async fn handle(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let response = match request.extensions().get::<CurrentUser>() {
        Some(user) => Response::new(Full::from(format!("Hello {}\n", user.email()))),
        None => {
            let mut response = Response::new(Full::default());
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            response
        }
    };
    Ok(response)
}

/// Serves each connection of the listener.
pub async fn serve(
    listener: TcpListener,
    auth: JwtAuthLayer,
    owner: PathOwnerLayer,
) -> Result<(), Box<dyn Error>> {
    let service = ServiceBuilder::new()
        .layer(auth) // runs first
        .layer(owner) // runs second
        .service(service_fn(handle));
    loop {
        let (stream, _) = listener.accept().await?;
        let service = TowerToHyperService::new(service.clone());
        tokio::spawn(async move {
            let connection = auto::Builder::new(TokioExecutor::new());
            if let Err(error) = connection
                .serve_connection(TokioIo::new(stream), service)
                .await
            {
                eprintln!("connection: {error}");
            }
        });
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let is_configured = env::var_os("BETTER_AUTH_SECRET").is_some();
    let secret = support::random_secret();
    let auth = if is_configured {
        JwtAuthLayer::from_env()?
    } else {
        JwtAuthLayer::builder().secret(secret.as_str()).build()?
    };
    let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")?;

    let listener = support::listen().await?;
    let origin = format!("http://{}", listener.local_addr()?);
    if is_configured {
        println!("Listening on {origin}, with the secret in BETTER_AUTH_SECRET.");
    } else {
        let token = support::mint(&secret, "u1", "ada@example.com");
        println!(
            "\
Listening on {origin}. BETTER_AUTH_SECRET is not set, so this run has a random secret.
Paste these into another shell. The first gets 200, the second 401, and the third 403:

curl -i -H 'Authorization: Bearer {token}' {origin}/api/u1/tasks
curl -i {origin}/api/u1/tasks
curl -i -H 'Authorization: Bearer {token}' {origin}/api/u2/tasks"
        );
    }
    serve(listener, auth, owner).await
}
