//! Sessions in Redis, with a real `redis-server`. `tests/better-auth` has the tests with sessions that
//! Better Auth itself stores there.

mod access;
mod bounds;
mod columns;
mod keys;
mod outages;
mod records;
mod redis;
mod revocations;
mod settings;
mod sockets;
mod tls;

use serde_json::Value;
use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use self::redis::RedisServer;
use crate::sessions::server::{SECRET, layer, record, token};

const ORIGIN: &str = "https://app.example.com";

const UNAVAILABLE: &str = "sessions_unavailable";

/// The sessions in the Redis at this URL.
fn sessions_at(url: impl Into<String>) -> BetterAuthSessions {
    BetterAuthSessions::redis(url, ORIGIN).secret(SECRET)
}

impl RedisServer {
    fn sessions(&self) -> BetterAuthSessions {
        sessions_at(self.url())
    }

    fn layer(&self) -> JwtAuthLayer {
        layer(self.sessions())
    }

    /// Stores a record under the key of the session with this number.
    fn store(&self, number: usize, record: &Value) {
        self.set(&key(number), record.to_string());
    }

    /// Stores the session with this number, of a user who has the same number.
    fn sign_in(&self, number: usize) {
        self.store(number, &record(&token(number)));
    }
}

/// The key of the session with this number.
fn key(number: usize) -> String {
    format!("better-auth:{}", token(number))
}
