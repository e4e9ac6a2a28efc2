//! Key sets from a URL.
#![cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]

#[cfg(feature = "jwks")]
mod certificates;
#[cfg(feature = "jwks")]
mod clock_jumps;
mod discovery;
mod events;
#[cfg(feature = "jwks")]
mod fetched_keys;
#[cfg(feature = "jwks")]
mod http_client;
mod idle_runtime;
#[cfg(feature = "jwks")]
mod key_set_url;
mod outage;
#[cfg(feature = "jwks")]
mod refreshes;
#[cfg(feature = "jwks")]
mod rotations_under_load;
#[cfg(feature = "jwks")]
mod runtimes;
mod schedule;
mod simulation;
#[cfg(feature = "jwks")]
mod support;
#[cfg(feature = "jwks")]
mod unknown_keys;
mod waiting_room;
