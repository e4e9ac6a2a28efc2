//! What the built-in HTTP client reports of an answer that is not a key set.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tower_jwt_auth::JwtAuthLayer;

use super::{
    key_server::{KeyServer, Mode},
    signing_keys::*,
};

pub(super) fn set() -> String {
    jwks([&SigningKey::generate("EdDSA", "1")])
}

/// Why the first fetch from this URL failed.
async fn why(url: &str) -> String {
    let builder = JwtAuthLayer::builder().jwks_url(url).allow_any_audience();
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap_err().to_string()
}

/// An HTTP server that answers each request with these bytes, and keeps the requests.
pub(super) async fn server_of(answer: Vec<u8>) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/auth/jwks", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(String::new()));
    let kept = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // A TLS handshake is no request, and is answered too.
            while !request.ends_with(b"\r\n\r\n") && request.first() != Some(&0x16) {
                request.push(stream.read_u8().await.unwrap());
            }
            kept.lock()
                .unwrap()
                .push_str(&String::from_utf8_lossy(&request));
            stream.write_all(&answer).await.unwrap();
        }
    });
    (url, requests)
}

pub(super) fn answer(status: &str, fields: &[u8], body: &[u8]) -> Vec<u8> {
    let start = format!(
        "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    [start.as_bytes(), fields, b"\r\n", body].concat()
}
