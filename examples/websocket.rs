//! A WebSocket that closes when its token expires. A browser sends the token as a protocol, because
//! a page cannot set the headers of a WebSocket request.
//!
//! ```sh
//! cargo run --example websocket --features jwks-custom
//! ```
//!
//! To stay connected, a client sends `Bearer <token>` with a fresh token before the old one
//! expires. The server echoes all other messages. It closes the socket with the code
//!
//! - 4401 if the token expired or a fresh token is invalid; get a new token and reconnect;
//! - 4403 if the fresh token belongs to another user.
//!
//! A page cannot find out why a connection was rejected: for a 401, it gets the code 1006.
//!
//! If `BETTER_AUTH_SECRET` is set, the example verifies the tokens of your own front end, with the
//! audience and issuer in `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER` if those are set.
//! Otherwise, it generates a secret for the run and prints lines for a browser's console. `ADDR` is
//! the address to listen on.

mod support;

use std::{env, error::Error, time::Duration};

use axum::{
    Extension, Router,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::{any, get},
};
use tokio::time::timeout;
use tower_jwt_auth::{
    ConfigError, CurrentUser, JwtAuthBuilder, JwtAuthLayer, TokenSource, TokenVerifier,
};

/// Builds the routes: the socket at `/ws`, protected by `auth`, and a page to try it from.
///
/// The `Origin` is not checked, because a browser sends this token only for a page that has it. A
/// token in a cookie requires the check: see cookie.rs.
pub fn router(auth: JwtAuthBuilder) -> Result<Router, ConfigError> {
    let auth = auth
        .token_sources([TokenSource::websocket_protocol(), TokenSource::header()])
        .build()?;
    let verifier = auth.verifier();
    Ok(Router::new()
        // Not `get`, because an upgrade over HTTP/2 is a CONNECT.
        .route("/ws", any(upgrade))
        .route_layer(auth)
        .route(
            "/",
            get(async || "Paste the lines into this page's console."),
        )
        .with_state(verifier))
}

async fn upgrade(
    Extension(user): Extension<CurrentUser>,
    State(verifier): State<TokenVerifier>,
    upgrade: WebSocketUpgrade,
) -> Response {
    upgrade
        // The client offers this protocol and its token. A browser closes the socket if the
        // response selects none of the offered protocols.
        .protocols(["bearer"])
        .max_message_size(MAX_MESSAGE)
        .on_upgrade(move |socket| serve(socket, user, verifier))
}

/// In bytes. The longest accepted token has 16 KiB.
const MAX_MESSAGE: usize = 32 * 1024;

/// The reason why a socket ends.
enum End {
    Close(u16, &'static str),
    /// The client has disconnected.
    Gone,
}

async fn serve(mut socket: WebSocket, mut user: CurrentUser, verifier: TokenVerifier) {
    let end = loop {
        let expired = user.expired();
        let turn = tokio::select! {
            // Polls the expiry first, so that no message is accepted after the token has expired.
            biased;
            () = expired => Err(End::Close(4401, "the token expired")),
            turn = turn(&mut socket, &mut user, &verifier) => turn,
        };
        if let Err(end) = turn {
            break end;
        }
    };
    if let End::Close(code, reason) = end {
        close(socket, code, reason).await;
    }
}

/// Receives one message and replies to it.
async fn turn(
    socket: &mut WebSocket,
    user: &mut CurrentUser,
    verifier: &TokenVerifier,
) -> Result<(), End> {
    let text = match socket.recv().await {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        // axum has already replied to pings.
        Some(Ok(_)) => return Ok(()),
    };
    let reply = match text.strip_prefix("Bearer ") {
        Some(token) => {
            *user = fresh(token, user, verifier).await?;
            "The fresh token is taken".to_owned()
        }
        None => format!("{}: {text}", user.email()),
    };
    let sent = socket.send(Message::text(reply)).await;
    sent.map_err(|_| End::Gone)
}

/// Verifies a fresh token, which must belong to the user who opened the socket. If you accept
/// several issuers, also compare `iss`, because user IDs are unique only within an issuer.
async fn fresh(
    token: &str,
    user: &CurrentUser,
    verifier: &TokenVerifier,
) -> Result<CurrentUser, End> {
    match verifier.verify_waiting(token).await {
        Ok(fresh) if fresh.user_id() == user.user_id() => Ok(fresh),
        Ok(_) => Err(End::Close(4403, "the fresh token is another user's")),
        Err(_) => Err(End::Close(4401, "the fresh token does not verify")),
    }
}

/// Sends the reason and waits until the client closes the socket. The wait is limited, because a
/// client that reads nothing would keep the socket open.
async fn close(mut socket: WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let farewell = async {
        if socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = socket.recv().await {}
        }
    };
    drop(timeout(Duration::from_secs(5), farewell).await);
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
    let router = router(auth)?;

    let listener = support::listen().await?;
    let addr = listener.local_addr()?;
    if is_configured {
        println!("Listening on ws://{addr}/ws, with the secret in BETTER_AUTH_SECRET.");
    } else {
        let token = |lifetime| support::mint_for(lifetime, &secret, "u1", "ada@example.com");
        let (short, long) = (token(60), token(3600));
        println!(
            "\
Listening on ws://{addr}/ws. BETTER_AUTH_SECRET is not set, so this run has a random secret.
Open http://{addr}/ in a browser and paste this into its console. The token is valid for a minute;
then the socket is closed with 4401:

socket = new WebSocket(\"ws://{addr}/ws\", [\"bearer\", \"{short}\"]);
socket.onopen = () => socket.send(\"hello\");
socket.onmessage = (event) => console.log(event.data);
socket.onclose = (event) => console.log(event.code, event.reason);

Paste this within that minute to keep the socket open for an hour:

socket.send(\"Bearer {long}\");"
        );
    }
    axum::serve(listener, router).await?;
    Ok(())
}
