//! A browser app with its access token in a cookie, which scripts cannot read.
//!
//! ```sh
//! cargo run --example cookie
//! ```
//!
//! The server that signs the user in sets the cookie, with the lifetime of the token:
//!
//! ```text
//! Set-Cookie: access_token=<token>; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=900
//! ```
//!
//! Two cookies with this name are two tokens, so the request gets 400. Always set the cookie with
//! the same `Path`. If others control subdomains of your domain, name it `__Host-access_token`, so
//! that they cannot set a second one.
//!
//! A browser also sends the cookie with requests that another site triggers. `SameSite=Lax`
//! excludes most of these, but not those from other subdomains and ports. Therefore, two checks run
//! outside the authentication: `CsrfLayer` for requests that change something, and a check of the
//! `Origin` for WebSockets, which start with a `GET`. Other `GET` requests are allowed and must not
//! change anything.
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end, with the
//! audience and issuer in `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER` if those are set.
//! Otherwise, it generates a secret for the run and prints a token and requests to paste. `ADDR` is
//! the address to listen on, and `ORIGIN` the origin that browsers see, such as
//! `https://app.example.com`.

mod support;

use std::{env, error::Error, sync::Arc};

use axum::{
    Extension, Json, Router,
    extract::{
        Path, Request, State,
        ws::{Message, WebSocketUpgrade},
    },
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use http::{
    HeaderMap, Method, StatusCode,
    header::{ORIGIN, UPGRADE},
};
use serde_json::{Value, json};
use tower::ServiceBuilder;
use tower_http::csrf::{CsrfLayer, ProtectionError};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer, TokenSource};

/// Builds the routes, protected by `auth` and open only to pages of these origins. An origin is
/// written as browsers send it: `https://app.example.com`, without a trailing slash.
pub fn router(auth: JwtAuthBuilder, origins: &[String]) -> Result<Router, Box<dyn Error>> {
    let auth = auth
        // The header is for clients other than browsers. A request with both gets 400.
        .token_sources([TokenSource::cookie("access_token"), TokenSource::header()])
        .build()?;
    let mut csrf = CsrfLayer::new().with_rejection_response(|_: ProtectionError| cross_site());
    for origin in origins {
        csrf = csrf.add_trusted_origin(origin)?;
    }

    let own_tasks = Router::new()
        .route("/api/{user_id}/tasks", post(create_task))
        .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?);
    let router = Router::new()
        .route("/me", get(me))
        .route("/ws", any(greet))
        .merge(own_tasks)
        .route_layer(auth)
        .layer(
            // The first layer is the outermost. Both run outside the authentication, so that
            // another site cannot find out whether the cookie is valid.
            ServiceBuilder::new()
                .layer(csrf)
                .layer(from_fn_with_state(Arc::from(origins), own_upgrades)),
        );
    Ok(router)
}

/// Accepts WebSocket upgrades only from the app's own pages.
///
/// CORS does not apply to WebSockets, so only this check prevents another site from sending
/// messages as the user. A browser always sends the `Origin` (RFC 6455 section 4.1), so a request
/// without one is rejected too.
async fn own_upgrades(
    State(origins): State<Arc<[String]>>,
    request: Request,
    next: Next,
) -> Response {
    if is_upgrade(&request) && !is_from(&origins, request.headers()) {
        return cross_site();
    }
    next.run(request).await
}

fn is_upgrade(request: &Request) -> bool {
    let mut protocols = request
        .headers()
        .get_all(UPGRADE)
        .into_iter()
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b','));
    // Over HTTP/2, an upgrade is an extended CONNECT (RFC 8441).
    request.method() == Method::CONNECT
        || protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn is_from(origins: &[String], headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(ORIGIN).into_iter();
    match (values.next(), values.next()) {
        (Some(origin), None) => origins.iter().any(|own| origin == own),
        _ => false,
    }
}

fn cross_site() -> Response {
    let detail = "Access denied: The request comes from another site";
    (StatusCode::FORBIDDEN, Json(json!({ "detail": detail }))).into_response()
}

async fn me(Extension(user): Extension<CurrentUser>) -> Json<Value> {
    Json(json!({ "user_id": user.user_id(), "email": user.email() }))
}

/// `PathOwnerLayer` has already checked that `user_id` is the current user's.
async fn create_task(Path(_user_id): Path<String>, Json(_task): Json<Value>) -> Json<Value> {
    Json(json!({ "task_id": 123, "status": "created" }))
}

/// Greets the user and closes the socket. A socket that stays open must be closed when its token
/// expires: see websocket.rs.
async fn greet(Extension(user): Extension<CurrentUser>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let greeting = Message::text(format!("Hello {}", user.email()));
        // An error means that the client has already disconnected.
        if socket.send(greeting).await.is_ok() {
            drop(socket.send(Message::Close(None)).await);
        }
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let is_configured = env::var_os("BETTER_AUTH_SECRET").is_some();
    let secret = support::random_secret();
    let auth = if is_configured {
        JwtAuthLayer::builder_from_env()
    } else {
        JwtAuthLayer::builder().secret(secret.as_str())
    };

    let listener = support::listen().await?;
    let addr = listener.local_addr()?;
    let origins = match env::var("ORIGIN") {
        Ok(origin) => vec![origin],
        Err(env::VarError::NotPresent) => ["127.0.0.1", "localhost"]
            .map(|host| format!("http://{host}:{}", addr.port()))
            .to_vec(),
        Err(error) => return Err(error.into()),
    };
    let router = router(auth, &origins)?;

    let pages = origins.join(" and ");
    if is_configured {
        println!(
            "Listening on {addr} for pages of {pages}, with the secret in BETTER_AUTH_SECRET."
        );
    } else {
        println!("Listening on {addr} for pages of {pages}.");
        print_requests(&format!("http://{addr}"), &origins[0], &secret);
    }
    axum::serve(listener, router).await?;
    Ok(())
}

fn print_requests(url: &str, origin: &str, secret: &str) {
    let token = support::mint(secret, "u1", "ada@example.com");
    // The lines to paste contain no comments, because not every shell accepts them.
    println!(
        "\
BETTER_AUTH_SECRET is not set, so this run has a random secret. Below are a token of the user u1,
valid for an hour, and five requests. Paste them into another shell. The first two get 200. The third,
from another site's page, and the fourth, a WebSocket of that page, get 403. The fifth, with two
tokens, gets 400.

TOKEN={token}
curl -i -b \"access_token=$TOKEN\" {url}/me
curl -i -b \"access_token=$TOKEN\" -H 'Origin: {origin}' --json '{{}}' {url}/api/u1/tasks
curl -i -b \"access_token=$TOKEN\" -H 'Origin: https://evil.example' --json '{{}}' {url}/api/u1/tasks
curl -i -b \"access_token=$TOKEN\" -H 'Origin: https://evil.example' -H 'Connection: Upgrade' \\
  -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyE9PQ==' {url}/ws
curl -i -b \"access_token=$TOKEN\" -H \"Authorization: Bearer $TOKEN\" {url}/me"
    );
}
