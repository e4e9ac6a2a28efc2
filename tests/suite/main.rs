//! The rules that the crate keeps, through its public face. A module for each part of the request
//! or of the configuration; each test is named as the rule that it checks.

mod claims;
mod compact_form;
mod configuration;
mod events;
mod extensions;
mod header;
mod header_field;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
mod jwks_server;
#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
mod jwks_url;
mod parity;
mod path_owner;
#[cfg(feature = "axum")]
mod path_param;
mod protocol;
#[cfg(feature = "aws-lc-rs")]
mod public_keys;
mod readiness;
mod secret_file;
mod signature;
#[cfg(feature = "aws-lc-rs")]
mod signing_keys;
mod sockets;
mod support;
