//! `examples/forward_auth.rs` behind a real nginx with its `nginx.conf`, two replicas and two
//! backends; and with requests in the form of Traefik and Envoy.
#![cfg(unix)]
// The example includes the module `support` too.
#![allow(clippy::duplicate_mod)]

mod backend;
mod cases;
mod client;
mod failures;
mod headers;
mod nginx;
mod process;
mod proxies;

use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use serde_json::{Value, json};

use self::{
    backend::{Backend, serve},
    nginx::{CONF, Nginx},
    process::{Replica, replica},
};

#[path = "../../examples/forward_auth.rs"]
#[allow(dead_code)]
mod example;

#[path = "../../examples/support/mod.rs"]
mod support;

const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";

/// nginx, with two replicas of the example and two of a backend.
struct Edge {
    nginx: Nginx,
    backend: Backend,
    replicas: Vec<Replica>,
}

impl Edge {
    /// Returns `None` if nginx is missing. With `REQUIRE_NGINX=1`, this is a failure instead.
    async fn start() -> Option<Self> {
        if nginx::is_missing() {
            return None;
        }
        let (first, second) = (replica(SECRET), replica(SECRET));
        let backend = Backend::start().await;
        let nginx = Nginx::start(CONF, [first.addr, second.addr], backend.addrs).await;
        Some(Self {
            nginx,
            backend,
            replicas: vec![first, second],
        })
    }
}

/// Starts nginx with this router as both replicas of forward_auth.
async fn behind(forward_auth: Router) -> Option<(Nginx, Backend)> {
    behind_with(CONF, forward_auth).await
}

/// Like [`behind`], with another configuration of nginx.
async fn behind_with(conf: &str, forward_auth: Router) -> Option<(Nginx, Backend)> {
    if nginx::is_missing() {
        return None;
    }
    let backend = Backend::start().await;
    let replicas = [serve(forward_auth.clone()).await, serve(forward_auth).await];
    Some((Nginx::start(conf, replicas, backend.addrs).await, backend))
}

/// The `Authorization` value of a token with these claims and the default ones.
fn bearer(claims: Value) -> String {
    bearer_with_secret(SECRET, claims)
}

fn bearer_with_secret(secret: &str, claims: Value) -> String {
    let mut all = json!({
        "sub": "alice",
        "email": "alice@example.com",
        "exp": now() + 600,
    });
    for (name, value) in claims.as_object().into_iter().flatten() {
        all[name] = value.clone();
    }
    format!("Bearer {}", support::sign(secret, &all))
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.expect("the clock is past 1970").as_secs()
}
