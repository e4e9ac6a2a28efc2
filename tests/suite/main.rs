//! The rules that the crate keeps, through its public face. A module for each part of the request
//! or of the configuration; each test is named as the rule that it checks.
// Each example brings what it shares with the others.
#![allow(clippy::duplicate_mod)]

mod claims;
mod compact_form;
mod configuration;
mod events;
mod extensions;
mod header;
mod header_field;
mod parity;
mod path_owner;
#[cfg(feature = "axum")]
mod path_param;
mod protocol;
mod readiness;
mod secret_file;
mod signature;
mod sockets;
mod support;
