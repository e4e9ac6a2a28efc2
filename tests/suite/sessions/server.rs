//! A server in the place of Better Auth's `get-session`, and its sessions.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, header::COOKIE};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::sleep,
};
use tower_jwt_auth::{BetterAuthSessions, CurrentUser, JwtAuthLayer, Rejection};

/// The secret of Better Auth.
pub(crate) const SECRET: &str = "session-secret-0123456789abcdefghij";

/// The response of the server.
#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: &'static str,
    /// Each with its line end.
    pub(crate) fields: String,
    pub(crate) body: String,
    pub(crate) delay: Duration,
}

type Respond = dyn Fn(&str) -> Answer + Send + Sync;

/// A server that is stopped on drop.
pub(crate) struct SessionServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

struct Shared {
    respond: Mutex<Arc<Respond>>,
    /// The heads of the requests.
    requests: Mutex<Vec<String>>,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    now: usize,
    most: usize,
}

impl Answer {
    pub(crate) fn new(status: &'static str, body: impl Into<String>) -> Self {
        Self {
            status,
            fields: "content-type: application/json\r\n".to_owned(),
            body: body.into(),
            delay: Duration::ZERO,
        }
    }

    /// Better Auth's answer about the session in a request: that of [`user_of`] its token.
    pub(crate) fn session(request: &str) -> Self {
        let token = token_in(request).expect("the request has a session token");
        Self::new("200 OK", record(token).to_string())
    }

    pub(crate) fn no_session() -> Self {
        Self::new("200 OK", "null")
    }

    pub(crate) fn status(status: &'static str) -> Self {
        Self::new(status, "{}")
    }

    /// The answer after this time.
    pub(crate) fn after(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }
}

impl SessionServer {
    /// Starts a server that accepts every session.
    pub(crate) async fn start() -> Self {
        Self::with(Answer::session).await
    }

    pub(crate) async fn with(respond: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            respond: Mutex::new(Arc::new(respond)),
            requests: Mutex::default(),
            running: Mutex::default(),
        });
        let serving = tokio::spawn({
            let shared = Arc::clone(&shared);
            async move {
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(serve(stream, Arc::clone(&shared)));
                }
            }
        });
        Self {
            address,
            shared,
            serving,
        }
    }

    pub(crate) fn set(&self, respond: impl Fn(&str) -> Answer + Send + Sync + 'static) {
        *self.shared.respond.lock().unwrap() = Arc::new(respond);
    }

    pub(crate) fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn sessions(&self) -> BetterAuthSessions {
        BetterAuthSessions::remote(self.origin())
    }

    /// A layer that accepts these sessions alone.
    pub(crate) fn layer(&self) -> JwtAuthLayer {
        layer(self.sessions())
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// The number of requests.
    pub(crate) fn lookups(&self) -> usize {
        self.shared.requests.lock().unwrap().len()
    }

    /// The largest number of requests that it has served at a time.
    pub(crate) fn most_at_a_time(&self) -> usize {
        self.shared.running.lock().unwrap().most
    }
}

impl Drop for SessionServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

pub(crate) fn layer(sessions: BetterAuthSessions) -> JwtAuthLayer {
    JwtAuthLayer::builder().sessions(sessions).build().unwrap()
}

/// Serves the requests of one connection.
async fn serve(mut stream: TcpStream, shared: Arc<Shared>) {
    let mut received = Vec::new();
    loop {
        let mut buffer = [0; 1024];
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(read) => received.extend_from_slice(&buffer[..read]),
        }
        if !received.ends_with(b"\r\n\r\n") {
            continue;
        }
        let request = String::from_utf8(std::mem::take(&mut received)).unwrap();
        shared.requests.lock().unwrap().push(request.clone());
        {
            let mut running = shared.running.lock().unwrap();
            running.now += 1;
            running.most = running.most.max(running.now);
        }
        let respond = Arc::clone(&shared.respond.lock().unwrap());
        let answer = respond(&request);
        sleep(answer.delay).await;
        shared.running.lock().unwrap().now -= 1;
        let response = format!(
            "HTTP/1.1 {}\r\n{}content-length: {}\r\n\r\n{}",
            answer.status,
            answer.fields,
            answer.body.len(),
            answer.body
        );
        if stream.write_all(response.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The session token in the head of a request.
fn token_in(request: &str) -> Option<&str> {
    let start = { ["session_token=", "Bearer "].iter() }
        .find_map(|before| Some(request.find(before)? + before.len()))?;
    request.get(start..start + 32)
}

/// The record of the session with this token, as Better Auth's memory adapter returns it.
pub(crate) fn record(token: &str) -> Value {
    let id = user_of(token);
    json!({
        "session": {
            "id": format!("session-of-{id}"),
            "userId": id,
            "token": token,
            "expiresAt": "2999-12-02T21:11:15.332Z",
            "createdAt": "2026-11-25T21:11:15.332Z",
            "updatedAt": "2026-11-25T21:11:15.332Z",
            "ipAddress": "",
            "userAgent": "",
        },
        "user": {
            "id": id,
            "name": "Ada",
            "email": format!("{id}@example.com"),
            "emailVerified": false,
            "createdAt": "2026-11-25T21:11:15.332Z",
            "updatedAt": "2026-11-25T21:11:15.332Z",
        },
    })
}

/// The ID of the user of a session.
pub(crate) fn user_of(token: &str) -> String {
    format!("user-{}", token.trim_start_matches('0'))
}

/// The token of the session with this number.
pub(crate) fn token(number: usize) -> String {
    format!("{number:032}")
}

/// A token with its MAC.
pub(crate) fn signed(token: &str, secret: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    let mac = mac.chain_update(token).finalize().into_bytes();
    format!("{token}.{}", BASE64_STANDARD.encode(mac))
}

/// The value of the `Cookie` field with the session of this number.
pub(crate) fn cookie(number: usize) -> String {
    let value = signed(&token(number), SECRET);
    format!("better-auth.session_token={}", encoded(&value))
}

/// Percent-encodes a signed token as Better Auth does.
pub(crate) fn encoded(signed: &str) -> String {
    { signed.replace('+', "%2B") }
        .replace('/', "%2F")
        .replace('=', "%3D")
}

/// A request with this `Cookie` field.
pub(crate) fn request(cookie: &str) -> Request<()> {
    Request::builder().header(COOKIE, cookie).body(()).unwrap()
}

/// The user of a request, or the reason for its rejection.
pub(crate) async fn authenticate(
    layer: &JwtAuthLayer,
    request: Request<()>,
) -> Result<Option<CurrentUser>, &'static str> {
    let (parts, ()) = request.into_parts();
    layer.authenticate(&parts).await.map_err(|response| {
        let response: &Response<_> = &response;
        response.extensions().get::<Rejection>().unwrap().reason()
    })
}

/// The ID of the user of this `Cookie` field, or the reason for the rejection.
pub(crate) async fn ask(layer: &JwtAuthLayer, cookie: &str) -> Result<String, &'static str> {
    let user = authenticate(layer, request(cookie)).await?;
    Ok(user.map_or_else(String::new, |user| user.user_id().to_owned()))
}
