//! The rules of the crate, tested through its public API. The folders are those of `src`, and each
//! test is named after its rule.
// Each example includes the code that it shares with the others.
#![allow(clippy::duplicate_mod)]

mod auth;
mod contributing;
mod events;
#[cfg(feature = "axum")]
mod extractors;
#[cfg(all(feature = "introspection", feature = "test-kit"))]
mod introspection;
mod issuers;
mod jwks;
mod key;
mod key_source;
mod leaks;
mod parity;
mod path_owner;
#[cfg(feature = "test-kit")]
mod protected_resource;
mod rejection;
mod require_fresh;
#[cfg(feature = "mcp")]
mod require_mcp_scope;
mod require_scope;
#[cfg(feature = "sessions")]
mod sessions;
#[cfg(all(unix, feature = "sessions", feature = "sessions-redis"))]
mod sessions_redis;
mod support;
#[cfg(feature = "test-kit")]
mod test_kit;
mod token;
mod user;
