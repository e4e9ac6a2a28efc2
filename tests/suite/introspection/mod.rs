//! Introspection of opaque access tokens, at an endpoint that responds as a test says.
//! `tests/better-auth` has the tests with Better Auth's OAuth provider.

mod answers;
mod attacks;
mod bounds;
mod precedence;
mod requests;
pub(crate) mod server;
mod settings;
