//! Sessions of a real Better Auth, in its releases 1.7, 1.6, and 1.4, and a service that accepts
//! them.

mod answers;
mod api_keys;
mod bans;
mod cookies;
mod credentials;
mod expiry;
mod lookups;
mod outage;
mod precedence;
mod rate_limit;
#[cfg(all(unix, feature = "sessions-redis"))]
mod redis;
mod secrets;
pub mod service;
#[cfg(feature = "sessions-cookie-cache")]
mod session_data;
mod site;
mod users;

use std::{sync::OnceLock, thread};

use serde_json::json;

use self::{
    service::Service,
    site::{Account, Site},
};
use crate::{SECRET, server::Server};

const RELEASES: [&str; 3] = ["1.7", "1.6", "1.4"];

/// The secret before it was rotated.
const OLD_SECRET: &str = "test-only-old-0123456789abcdefghijklmnopqrstuvw";

/// Returns the main Better Auth of each release, or nothing if the test is skipped.
///
/// All tests share these servers, so a test identifies its own lookups by their tokens.
fn releases() -> Vec<Site<'static>> {
    static SERVERS: OnceLock<Vec<Server>> = OnceLock::new();
    let servers = SERVERS.get_or_init(|| {
        thread::scope(|scope| {
            let starts = RELEASES.map(|release| scope.spawn(move || start(release)));
            let servers = starts.map(|start| start.join().unwrap());
            servers.into_iter().flatten().collect()
        })
    });
    servers.iter().map(Site::main).collect()
}

/// Returns the main Better Auth of the newest release, or `None` if the test is skipped.
fn newest_release() -> Option<Site<'static>> {
    releases().first().copied()
}

fn start(release: &str) -> Option<Server> {
    let mut variants = json!({
        // Before the rotation.
        "/old": {
            "BETTER_AUTH_SECRET": OLD_SECRET,
            "ONLY_SECRET": "1",
            "SHARE_DATABASE": "1",
            // Before 1.5, the key of jwt() cannot be decrypted with another secret.
            "NO_JWT": "1",
        },
        "/secure": { "SECURE_COOKIES": "1" },
        "/host": { "COOKIE_PREFIX": "__Host-better-auth" },
        "/app": { "COOKIE_PREFIX": "app" },
        "/host-app": { "COOKIE_PREFIX": "__Host-app" },
        "/secure-app": { "COOKIE_PREFIX": "app", "SECURE_COOKIES": "1" },
        "/sid": { "SESSION_COOKIE": "sid" },
        "/secure-sid": { "SESSION_COOKIE": "sid", "SECURE_COOKIES": "1" },
        "/short": { "SESSION_TTL": "3" },
        // 1.4 does not limit clients whose address is unknown.
        "/limited": { "RATE_LIMIT": "default", "FORWARDED_FOR": "10.0.0.7" },
        "/exempt": { "RATE_LIMIT": "exempt", "FORWARDED_FOR": "10.0.0.8" },
        "/custom": { "CUSTOM_SESSION": "1" },
        "/no-bearer": { "NO_BEARER": "1" },
    });
    #[cfg(feature = "sessions-cookie-cache")]
    for (name, variables) in session_data::variants(release) {
        variants[name] = variables;
    }
    if release == "1.4" {
        variants["/keys"] = json!({ "API_KEYS": "1" });
    }
    Server::start(&[
        ("RELEASE", release),
        ("BETTER_AUTH_SECRET", SECRET),
        ("BETTER_AUTH_SECRETS", &format!("2:{SECRET},1:{OLD_SECRET}")),
        ("ADMIN", "1"),
        ("SESSION_CACHE", "jwt"),
        ("VARIANTS", &variants.to_string()),
    ])
}
