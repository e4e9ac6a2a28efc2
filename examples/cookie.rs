//! A browser app whose access token is in a cookie, where no script can read it.
//!
//! ```sh
//! cargo run --example cookie
//! ```
//!
//! Whoever signs the user in sets the cookie, to last as long as the token:
//!
//! ```text
//! Set-Cookie: access_token=<token>; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=900
//! ```
//!
//! Two cookies of the name are two tokens, which is 400. So set it with one `Path`, and as
//! `__Host-access_token` if others have subdomains of your domain, who could set the second.
//!
//! A browser sends a cookie also with requests that another site has it send. `SameSite=Lax` keeps
//! it from most of them, but not from those of other subdomains and ports. So there are two checks
//! outside of the authentication: `CsrfLayer` for what changes something, and one of the `Origin`
//! for WebSockets, which start with a `GET`. Other `GET`s pass, and must change nothing.
//!
//! With `BETTER_AUTH_SECRET` set it verifies the tokens of your own front end (and, with
//! `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER`, checks theirs). Without, it makes a secret for
//! the run and prints a token and requests to paste. `ADDR` is where it listens, and `ORIGIN` where
//! browsers see it, such as `https://app.example.com`.

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

/// The routes, guarded by `auth` and open to pages of these origins alone, which are written as
/// browsers send them: `https://app.example.com`, without a slash.
pub fn router(auth: JwtAuthBuilder, origins: &[String]) -> Result<Router, Box<dyn Error>> {
    let auth = auth
        // The header is for clients that are no browser. A request with both is answered with 400.
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
            // The first is the outermost. Both come before the authentication, so that another site
            // learns nothing of whether the cookie is any good.
            ServiceBuilder::new()
                .layer(csrf)
                .layer(from_fn_with_state(Arc::from(origins), own_upgrades)),
        );
    Ok(router)
}

/// Lets a WebSocket be opened by the app's own pages alone.
///
/// No answer is hidden from the page that opens a WebSocket, as CORS would hide it: this is all that
/// keeps another site from talking as the user. A browser always says the `Origin` (RFC 6455 section
/// 4.1), so a request without one is refused too.
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
    // Over HTTP/2 it is an extended CONNECT (RFC 8441).
    request.method() == Method::CONNECT
        || protocols.any(|protocol| protocol.trim_ascii().eq_ignore_ascii_case(b"websocket"))
}

fn is_from(origins: &[String], headers: &HeaderMap) -> bool {
    let mut said = headers.get_all(ORIGIN).into_iter();
    match (said.next(), said.next()) {
        (Some(only), None) => origins.iter().any(|own| only == own),
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

/// `PathOwnerLayer` has made sure that `user_id` is the current user's own.
async fn create_task(Path(_user_id): Path<String>, Json(_task): Json<Value>) -> Json<Value> {
    Json(json!({ "task_id": 123, "status": "created" }))
}

/// One that stays open must be closed when the token expires: see websocket.rs.
async fn greet(Extension(user): Extension<CurrentUser>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let greeting = Message::text(format!("Hello {}", user.email()));
        // Whoever has gone already is not greeted.
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
    // Nothing but commands is to be pasted: not every shell takes # for a comment.
    println!(
        "\
BETTER_AUTH_SECRET is not set, so this run has a random secret. Below are a token, which is valid for
an hour and whose user is u1, and five requests. Paste them into another shell: the first two are
answered with 200; the third, which another site's page sends, and the fourth, a WebSocket that it
opens, with 403; the fifth, which has two tokens, with 400.

TOKEN={token}
curl -i -b \"access_token=$TOKEN\" {url}/me
curl -i -b \"access_token=$TOKEN\" -H 'Origin: {origin}' --json '{{}}' {url}/api/u1/tasks
curl -i -b \"access_token=$TOKEN\" -H 'Origin: https://evil.example' --json '{{}}' {url}/api/u1/tasks
curl -i -b \"access_token=$TOKEN\" -H 'Origin: https://evil.example' -H 'Connection: Upgrade' \\
  -H 'Upgrade: websocket' -H 'Sec-WebSocket-Version: 13' -H 'Sec-WebSocket-Key: c2l4dGVlbiBieXRlcyE9PQ==' {url}/ws
curl -i -b \"access_token=$TOKEN\" -H \"Authorization: Bearer $TOKEN\" {url}/me"
    );
}
