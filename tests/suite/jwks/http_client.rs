//! Errors of the built-in HTTP client for responses that are not a key set.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tower_jwt_auth::JwtAuthLayer;

use crate::support::{
    key_server::{KeyServer, Mode},
    signing_keys::*,
};

pub(super) fn set() -> String {
    jwks([&SigningKey::generate("EdDSA", "1")])
}

/// Returns the error of the first fetch from this URL.
async fn fetch_error(url: &str) -> String {
    let builder = JwtAuthLayer::builder().jwks_url(url).allow_any_audience();
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap_err().to_string()
}

/// An HTTP server that responds to each request with these bytes and records the requests.
pub(super) async fn server_of(answer: Vec<u8>) -> (String, Arc<Mutex<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/api/auth/jwks", listener.local_addr().unwrap());
    let requests = Arc::new(Mutex::new(String::new()));
    let recorded = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = Vec::new();
            // A TLS handshake also gets the bytes, although it is not a request.
            while !request.ends_with(b"\r\n\r\n") && request.first() != Some(&0x16) {
                request.push(stream.read_u8().await.unwrap());
            }
            recorded
                .lock()
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

#[tokio::test]
async fn a_redirect_is_reported_with_its_target() {
    let long = format!("location: https://app.example.com/{}\r\n", "a".repeat(8000));
    for (row, status, fields, parts) in [
        (
            "another host",
            "308 Permanent Redirect",
            &b"location: https://www.example.com/api/auth/jwks\r\n"[..],
            &[
                "308",
                "a redirect to \"https://www.example.com/api/auth/jwks\"",
                "configure",
            ][..],
        ),
        (
            "a user, a password, a query, a fragment",
            "302 Found",
            b"location: https://SECRET:SECRET@example.com/login?next=SECRET#SECRET\r\n",
            &["a redirect to \"https://…@example.com/login\"", "configure"],
        ),
        (
            "a relative URL",
            "307 Temporary Redirect",
            b"location: /login?SECRET\r\n",
            &["a redirect to \"http://127.0.0.1:", "/login\""],
        ),
        (
            "a long URL",
            "302 Found",
            long.as_bytes(),
            &["example.com/aaa"],
        ),
        (
            "not a URL",
            "302 Found",
            b"location: SECRET:SECRET\r\n",
            &["not a URL"],
        ),
        (
            "not UTF-8",
            "302 Found",
            b"location: /\xffSECRET\r\n",
            &["not a URL"],
        ),
        ("no target", "302 Found", b"", &["status 302 Found"]),
        (
            "not a redirect",
            "201 Created",
            b"location: /SECRET\r\n",
            &["status 201 Created"],
        ),
    ] {
        let (url, _) = server_of(answer(status, fields, b"")).await;
        let error = fetch_error(&url).await;
        for words in parts {
            assert!(error.contains(words), "{row}: no {words:?} in {error}");
        }
        assert!(!error.contains("SECRET"), "{row}: {error}");
        assert!(error.len() < 1000, "{row}: {} bytes", error.len());
    }
}

#[tokio::test]
async fn a_compressed_key_set_is_reported_as_such() {
    let long = format!("content-encoding: {}\r\n", "x".repeat(8000));
    for (row, fields, body, words) in [
        (
            "gzip",
            "content-encoding: gzip\r\n",
            &b"\x1f\x8b\x08"[..],
            "\"gzip\"",
        ),
        (
            "gzip, but JSON",
            "content-encoding: gzip\r\n",
            b"{}",
            "\"gzip\"",
        ),
        ("br", "Content-Encoding:  br \r\n", b"\x0b", "\"br\""),
        ("an unknown coding", &*long, b"", "\"xxx"),
        ("a compressed file", "", b"\x1f\x8b\x08", "with gzip"),
    ] {
        let (url, requests) = server_of(answer("200 OK", fields.as_bytes(), body)).await;
        let error = fetch_error(&url).await;
        assert!(error.contains("is compressed"), "{row}: {error}");
        assert!(error.contains(words), "{row}: {error}");
        assert!(error.len() < 1000, "{row}: {} bytes", error.len());
        let sent = requests.lock().unwrap().clone();
        assert!(
            sent.contains("accept-encoding: identity\r\n"),
            "{row}: {sent}"
        );
    }
    for fields in ["content-encoding: identity\r\n", "content-encoding: \r\n"] {
        let server = KeyServer::start(Mode::SetWith(set(), fields)).await;
        let builder = JwtAuthLayer::builder().jwks_url(server.url());
        let layer = builder.allow_any_audience().build().unwrap();
        assert!(layer.ready().await.is_ok(), "{fields}");
    }
}
