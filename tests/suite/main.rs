//! The rules that the crate keeps, through its public face. A module for each part of the request
//! or of the configuration; each test is named as the rule that it checks.
// Each example brings what it shares with the others.
#![allow(clippy::duplicate_mod)]

mod auth;
mod contributing;
mod events;
#[cfg(feature = "axum")]
mod extractors;
mod jwks;
mod key;
mod key_source;
mod leaks;
mod parity;
mod path_owner;
mod rejection;
mod require_scope;
mod support;
#[cfg(feature = "test-kit")]
mod test_kit;
mod token;
mod user;
