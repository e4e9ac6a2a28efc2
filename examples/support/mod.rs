//! Helpers that all examples share: a listener and, for a run without an issuer, a secret and a
//! token.
// Not every example uses all of them.
#![allow(dead_code)]

use std::{
    env, io,
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::net::TcpListener;

/// Returns 32 random bytes in base64url, which is safe to paste into a shell.
pub fn random_secret() -> String {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("the system provides random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// Mints a token that is valid for an hour, like the Better Auth recipe in docs/better-auth.md.
pub fn mint(secret: &str, user_id: &str, email: &str) -> String {
    mint_for(3600, secret, user_id, email)
}

/// Like [`mint`], but valid for this many seconds.
pub fn mint_for(lifetime: u64, secret: &str, user_id: &str, email: &str) -> String {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("the clock is after 1970")
        .as_secs();
    sign(
        secret,
        &json!({ "sub": user_id, "email": email, "iat": now, "exp": now + lifetime }),
    )
}

/// Signs a token with these claims.
pub fn sign(secret: &str, claims: &Value) -> String {
    let encode = |json: &Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
    let header = encode(&json!({ "alg": "HS256", "typ": "JWT" }));
    let claims = encode(claims);
    let tag = Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .expect("HMAC accepts a key of any length")
        .chain_update(format!("{header}.{claims}"))
        .finalize();
    let signature = BASE64_URL_SAFE_NO_PAD.encode(tag.into_bytes());
    format!("{header}.{claims}.{signature}")
}

/// Listens on `ADDR`, or by default on port 3000 of the loopback address.
pub async fn listen() -> io::Result<TcpListener> {
    let addr = env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    TcpListener::bind(&addr).await.map_err(|error| {
        let message = format!(
            "cannot listen on {addr} ({error}); set ADDR to another address, such as 127.0.0.1:3001"
        );
        io::Error::new(error.kind(), message)
    })
}
