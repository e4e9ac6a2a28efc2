//! The rules that the crate keeps, through its public face. A module for each part of the request
//! or of the configuration; each test is named as the rule that it checks.
// Each example brings what it shares with the others.
#![allow(clippy::duplicate_mod)]

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod algorithm_confusion;
mod answers;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod better_auth_keys;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod better_auth_origin;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod both_kinds_of_keys;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod certificates;
mod claims;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod clock_jumps;
mod compact_form;
mod configuration;
mod contributing;
mod cookie;
mod events;
mod extensions;
#[cfg(feature = "axum")]
mod extractors;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod fetched_keys;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod fetched_keys_told;
mod grpc_web;
mod header;
mod header_field;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod http_client;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod idle_runtime;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod issuers;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks_schedule;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks_simulation;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks_waiting_room;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_algorithms;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_ids;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod key_server;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_set_entries;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_sets;
mod leaks;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod memory_issuer;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod misconfiguration;
mod misuse;
mod observability;
mod other_issuers;
mod parity;
mod path_owner;
mod path_owner_events;
mod path_owner_rules;
#[cfg(feature = "axum")]
mod path_param;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod pem_keys;
mod protocol;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_key_configuration;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_key_signatures;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_keys;
mod readiness;
mod require_scope;
mod respond;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod rfc_vectors;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod rotations_under_load;
#[cfg(feature = "axum")]
mod router_agreement;
mod secret_file;
mod secret_file_under_load;
#[cfg(all(
    feature = "test-kit",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod shared_keys;
mod signature;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod signing_keys;
mod sockets;
mod support;
#[cfg(feature = "test-kit")]
mod test_kit;
#[cfg(all(feature = "cache", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod token_cache;
mod token_sources;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod unknown_keys;
mod user_claims;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod waiting_requests;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod weak_keys;
mod websocket;
