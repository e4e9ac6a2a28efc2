//! Sessions of Better Auth, at a server that responds as a test says. `tests/better-auth` has the
//! tests with the real server.

mod bans;
mod bounds;
mod breaker;
mod connections;
#[cfg(all(
    feature = "sessions-cookie-cache",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub(crate) mod cookie_cache;
mod cross_site;
mod example;
mod guide;
mod jwts;
mod kept;
mod names;
mod precedence;
mod records;
mod requests;
mod runtimes;
pub(crate) mod server;
mod settings;
mod settings_without_effect;
mod store;
mod users;
