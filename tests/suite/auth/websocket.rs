//! `examples/websocket.rs` over a socket: how long the socket stays open, and for which user.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{SinkExt, StreamExt};
use http::{Response, header::SEC_WEBSOCKET_PROTOCOL};
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::{
    auth::sockets::listen,
    support::{SECRET, token},
};

#[path = "../../../examples/websocket.rs"]
#[allow(dead_code)]
mod websocket_example;

/// Longer than any response takes, even on a busy machine.
const TIMEOUT: Duration = Duration::from_secs(20);

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

fn token_until(exp: u64, user: &str) -> String {
    token(&json!({ "sub": user, "email": format!("{user}@example.com"), "exp": exp }))
}

/// Uses the system clock, because the example does too when it closes the socket.
fn builder() -> JwtAuthBuilder {
    JwtAuthLayer::builder().secret(SECRET)
}

struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    answer: Response<Option<Vec<u8>>>,
}

impl Client {
    async fn open(auth: JwtAuthBuilder, protocols: &str) -> Result<Self, Error> {
        let (listener, addr) = listen().await;
        let router = websocket_example::router(auth).unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut request = format!("ws://{addr}/ws").into_client_request()?;
        let protocols = protocols.parse().unwrap();
        request
            .headers_mut()
            .insert(SEC_WEBSOCKET_PROTOCOL, protocols);
        let (socket, answer) = connect_async(request).await?;
        Ok(Self { socket, answer })
    }

    async fn with(token: &str) -> Self {
        Self::open(builder(), &format!("bearer, {token}"))
            .await
            .unwrap()
    }

    async fn send(&mut self, text: impl Into<String>) {
        self.socket.send(Message::text(text.into())).await.unwrap();
    }

    /// Returns the next message; for a close message, its code and reason.
    async fn receive(&mut self) -> String {
        let message = timeout(TIMEOUT, self.socket.next()).await;
        match message.expect("a message in time") {
            Some(Ok(Message::Text(text))) => text.to_string(),
            Some(Ok(Message::Close(Some(frame)))) => {
                format!("{} {}", u16::from(frame.code), frame.reason)
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn the_response_selects_bearer_and_does_not_echo_the_token() {
    let token = token_until(now() + 60, "alice");
    for protocols in [
        format!("bearer, {token}"),
        format!("chat, bearer, {token}"),
        format!("bearer,{token},chat"),
    ] {
        let mut client = Client::open(builder(), &protocols).await.unwrap();
        let headers = client.answer.headers();
        assert_eq!(headers.get(SEC_WEBSOCKET_PROTOCOL).unwrap(), "bearer");
        assert!(!format!("{headers:?}").contains(&token));
        client.send("hello").await;
        assert_eq!(client.receive().await, "alice@example.com: hello");
    }
}

#[tokio::test]
async fn no_socket_is_opened_without_a_valid_token() {
    let expired = token_until(now() - 60, "alice");
    for protocols in ["bearer", "bearer, a.b.c", &format!("bearer, {expired}")] {
        match Client::open(builder(), protocols).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), 401, "{protocols}"),
            _ => panic!("{protocols}: opened"),
        }
    }
}

#[tokio::test]
async fn the_socket_is_closed_when_the_token_expires() {
    let exp = now() + 2;
    let mut client = Client::with(&token_until(exp, "alice")).await;
    client.send("hello").await;
    assert_eq!(client.receive().await, "alice@example.com: hello");
    assert_eq!(client.receive().await, "4401 the token expired");
    assert!(now() >= exp, "closed before the expiry");
    // The client's library has responded, and the server closes the connection.
    assert!(matches!(
        timeout(TIMEOUT, client.socket.next()).await,
        Ok(None | Some(Err(_)))
    ));
}

/// Otherwise a client could keep the socket open by sending messages.
#[tokio::test]
async fn a_socket_that_never_stops_sending_is_closed() {
    let exp = now() + 2;
    let client = Client::with(&token_until(exp, "alice")).await;
    let (mut sender, mut receiver) = client.socket.split();
    let sending =
        tokio::spawn(async move { while sender.send(Message::text("x")).await.is_ok() {} });
    let last = async {
        let mut last = None;
        while let Some(Ok(message)) = receiver.next().await {
            last = Some(message);
        }
        last
    };
    let last = timeout(TIMEOUT, last).await.expect("closed in time");
    assert!(now() >= exp, "closed before the expiry: {last:?}");
    // The close message is sent even though the last messages are never read.
    assert!(matches!(last, Some(Message::Close(Some(_)))), "{last:?}");
    timeout(TIMEOUT, sending).await.unwrap().unwrap();
}

/// No close message can be sent to such a client.
#[tokio::test]
async fn a_socket_that_reads_nothing_is_closed() {
    let mut client = Client::with(&token_until(now() + 2, "alice")).await;
    let text = "x".repeat(16 * 1024);
    let sending = async { while client.socket.send(Message::text(&*text)).await.is_ok() {} };
    timeout(TIMEOUT, sending).await.expect("closed in time");
}

#[tokio::test]
async fn a_fresh_token_keeps_the_socket_open() {
    let exp = now() + 2;
    let mut client = Client::with(&token_until(exp, "alice")).await;
    let fresh = token_until(now() + 3600, "alice");
    client.send(format!("Bearer {fresh}")).await;
    assert_eq!(client.receive().await, "The fresh token is taken");
    while now() <= exp {
        sleep(Duration::from_millis(100)).await;
    }
    client.send("still here").await;
    assert_eq!(client.receive().await, "alice@example.com: still here");
}

#[tokio::test]
async fn a_fresh_token_expires_like_the_first() {
    let mut client = Client::with(&token_until(now() + 3600, "alice")).await;
    let exp = now() + 2;
    client
        .send(format!("Bearer {}", token_until(exp, "alice")))
        .await;
    assert_eq!(client.receive().await, "The fresh token is taken");
    assert_eq!(client.receive().await, "4401 the token expired");
    assert!(now() >= exp, "closed before the expiry");
}

#[tokio::test]
async fn another_users_fresh_token_closes_the_socket() {
    let mut client = Client::with(&token_until(now() + 60, "alice")).await;
    client
        .send(format!("Bearer {}", token_until(now() + 60, "bob")))
        .await;
    let end = client.receive().await;
    assert_eq!(end, "4403 the fresh token is another user's");
}

#[tokio::test]
async fn an_invalid_fresh_token_closes_the_socket() {
    for fresh in ["", "a.b.c", &token_until(now() - 60, "alice")] {
        let mut client = Client::with(&token_until(now() + 60, "alice")).await;
        client.send(format!("Bearer {fresh}")).await;
        let end = client.receive().await;
        assert_eq!(end, "4401 the fresh token does not verify", "{fresh}");
    }
}

#[tokio::test]
async fn an_expiry_beyond_the_timers_range_keeps_the_socket_open() {
    // A few years ahead, and the latest time that the layer accepts.
    for exp in [now() + 100_000_000, 253_402_300_799] {
        let mut client = Client::with(&token_until(exp, "alice")).await;
        client.send("hello").await;
        assert_eq!(client.receive().await, "alice@example.com: hello", "{exp}");
    }
}

/// The layer accepts the token because of its leeway, although its `exp` is past.
#[tokio::test]
async fn the_socket_is_closed_when_the_leeway_ends() {
    let auth = builder().leeway(Duration::from_secs(300));
    let exp = now() - 295;
    let protocols = format!("bearer, {}", token_until(exp, "alice"));
    let mut client = Client::open(auth, &protocols).await.unwrap();
    client.send("hello").await;
    assert_eq!(client.receive().await, "alice@example.com: hello");
    assert_eq!(client.receive().await, "4401 the token expired");
    assert!(now() >= exp + 300, "closed before the end of the leeway");
}
