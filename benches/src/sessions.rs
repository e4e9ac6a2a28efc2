//! Sessions of 1,000 users, and a server that knows them.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use hmac::Mac;
use serde_json::json;
use tower_jwt_auth::BetterAuthSessions;

use crate::{
    keys::{SECRET, prepared_hmac},
    tokens::{USERS, subject},
};

/// A valid session cookie of each user.
pub fn cookies() -> Vec<String> {
    (0..USERS).map(|user| cookie(&token(user), 0)).collect()
}

/// A cookie of each user, in whose MAC one bit differs.
pub fn forged_cookies() -> Vec<String> {
    (0..USERS).map(|user| cookie(&token(user), 1)).collect()
}

/// A cookie of each user, whose token has a character that no token has.
pub fn malformed_cookies() -> Vec<String> {
    let tokens = (0..USERS).map(|user| token(user).replace('a', "-"));
    tokens.map(|token| cookie(&token, 0)).collect()
}

/// The token of a user: 32 letters and digits.
pub fn token(user: usize) -> String {
    format!("a{user:04}bcdefghijklmnopqrstuvwxyz01")
}

/// The MAC of a token, in base64.
pub fn mac(token: &str) -> String {
    encoded_mac(token, 0)
}

pub(crate) fn cookie(token: &str, fault: u8) -> String {
    let mac = encoded_mac(token, fault)
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    format!("__Secure-better-auth.session_token={token}.{mac}")
}

fn encoded_mac(token: &str, fault: u8) -> String {
    let hmac = prepared_hmac().chain_update(token);
    let mut mac = hmac.finalize().into_bytes();
    mac[9] ^= fault;
    BASE64_STANDARD.encode(mac)
}

/// The settings for sessions of a server on this machine.
pub fn settings() -> BetterAuthSessions {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve(&stream));
        }
    });
    BetterAuthSessions::remote(format!("http://{address}"))
        .secret(SECRET)
        .fresh_for(std::time::Duration::from_secs(60 * 60))
}

/// Answers the requests of a connection with the session of their cookie, as Better Auth does.
fn serve(mut stream: &TcpStream) {
    let mut token = String::new();
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        if let Some((_, value)) = line.split_once("session_token=") {
            token = value.chars().take(32).collect();
        }
        if line.is_empty() {
            let body = record(&token).to_string();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json";
            let response = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            if stream.write_all(response.as_bytes()).is_err() {
                return;
            }
        }
    }
}

/// The columns of Better Auth 1.7 without plugins.
pub(crate) fn record(token: &str) -> serde_json::Value {
    let user: usize = token[1..5].parse().expect("the token has a number");
    json!({
        "session": {
            "id": token,
            "token": token,
            "userId": subject(user),
            "expiresAt": "2100-01-01T00:00:00.000Z",
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
            "ipAddress": "192.0.2.1",
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        },
        "user": {
            "id": subject(user),
            "name": "Ada Lovelace K.",
            "email": "ada@example.com",
            "emailVerified": true,
            "image": null,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:00.000Z",
        },
    })
}
