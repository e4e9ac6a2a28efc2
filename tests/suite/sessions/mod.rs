//! Sessions of Better Auth, at a server that responds as a test says. `tests/better-auth` has the
//! tests with the real server.

mod bounds;
mod breaker;
mod cross_site;
mod example;
mod guide;
mod jwts;
pub(crate) mod server;
