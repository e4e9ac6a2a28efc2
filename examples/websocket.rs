//! A WebSocket that lives no longer than its token, which a browser sends as a protocol, since a
//! page can set no headers there.
//!
//! ```sh
//! cargo run --example websocket
//! ```
//!
//! A client that wants to stay sends `Bearer <token>` with a fresh token before the old one
//! expires. Anything else that it sends comes back. The socket is closed with the code
//!
//! - 4401 when the token expired, or a fresh one does not verify: get another and connect again,
//! - 4403 when the fresh token is another user's.
//!
//! A page is not told why it could not connect at all: to it, a 401 is the code 1006.
//!
//! With `BETTER_AUTH_SECRET` set it verifies the tokens of your own front end (and, with
//! `BETTER_AUTH_AUDIENCE` and `BETTER_AUTH_ISSUER`, checks theirs). Without, it makes a secret for
//! the run and prints lines for the console of a browser. `ADDR` is where it listens.

mod support;

use std::{
    env,
    error::Error,
    future::pending,
    time::{Duration, SystemTime},
};

use axum::{
    Extension, Router,
    extract::{
        State,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade},
    },
    response::Response,
    routing::{any, get},
};
use tokio::time::{sleep, timeout};
use tower_jwt_auth::{
    ConfigError, CurrentUser, JwtAuthBuilder, JwtAuthLayer, TokenSource, TokenVerifier,
};

/// The socket at `/ws`, guarded by `auth`, and a page to try it from.
///
/// The `Origin` is not looked at: a browser sends this token only for a page that has it. With a
/// token in a cookie that is otherwise, see cookie.rs.
pub fn router(auth: JwtAuthBuilder) -> Result<Router, ConfigError> {
    let auth = auth
        .token_sources([TokenSource::websocket_protocol(), TokenSource::header()])
        .build()?;
    let verifier = auth.verifier();
    Ok(Router::new()
        // Over HTTP/2 it is no GET but a CONNECT.
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
        // Of the two that the client offers, the one that is not its token. A browser closes a
        // socket whose answer chooses none.
        .protocols(["bearer"])
        .max_message_size(MAX_MESSAGE)
        .on_upgrade(move |socket| serve(socket, user, verifier))
}

/// More than the longest token, which is of 16 KiB.
const MAX_MESSAGE: usize = 32 * 1024;

/// Why a socket ends.
enum End {
    Close(u16, &'static str),
    /// The client has left.
    Gone,
}

async fn serve(mut socket: WebSocket, mut user: CurrentUser, verifier: TokenVerifier) {
    let end = loop {
        let expiry = expiry(user.expires_at());
        let turn = tokio::select! {
            // First of all: nothing is taken from a client whose token has expired.
            biased;
            () = expiry => Err(End::Close(4401, "the token expired")),
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

/// Ends when this time has come; never, if there is none.
///
/// The clock is asked again each minute. It may have been set since, and a timer stands still while
/// the machine sleeps. Nor does a timer take a time of any distance.
async fn expiry(time: Option<SystemTime>) {
    let Some(time) = time else {
        return pending().await;
    };
    // An error when the time is past.
    while let Ok(left) = time.duration_since(SystemTime::now()) {
        sleep(left.min(Duration::from_secs(60))).await;
    }
}

/// Takes one message and answers it.
async fn turn(
    socket: &mut WebSocket,
    user: &mut CurrentUser,
    verifier: &TokenVerifier,
) -> Result<(), End> {
    let text = match socket.recv().await {
        Some(Ok(Message::Text(text))) => text,
        Some(Ok(Message::Close(_)) | Err(_)) | None => return Err(End::Gone),
        // Pings have been answered already.
        Some(Ok(_)) => return Ok(()),
    };
    let answer = match text.strip_prefix("Bearer ") {
        Some(token) => {
            *user = fresh(token, user, verifier).await?;
            "The fresh token is taken".to_owned()
        }
        None => format!("{}: {text}", user.email()),
    };
    let sent = socket.send(Message::text(answer)).await;
    sent.map_err(|_| End::Gone)
}

/// The user of a fresh token, who must be the one that the socket was opened by. Where you trust
/// several issuers, compare `iss` too: each has ids of its own.
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

/// Says why, and waits until the client has heard it; but not for long, since one that reads nothing
/// would keep the socket.
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
Open http://{addr}/ in a browser and paste this into its console. The token is valid for a minute,
and then the socket is closed with 4401:

socket = new WebSocket(\"ws://{addr}/ws\", [\"bearer\", \"{short}\"]);
socket.onopen = () => socket.send(\"hello\");
socket.onmessage = (event) => console.log(event.data);
socket.onclose = (event) => console.log(event.code, event.reason);

This, pasted within that minute, keeps it open for an hour:

socket.send(\"Bearer {long}\");"
        );
    }
    axum::serve(listener, router).await?;
    Ok(())
}
