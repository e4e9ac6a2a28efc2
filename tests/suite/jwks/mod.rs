//! Key sets from a URL.
#![cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]

#[cfg(feature = "jwks")]
mod certificates;
#[cfg(feature = "jwks")]
mod clock_jumps;
mod events;
#[cfg(feature = "jwks")]
pub(crate) mod fetched_keys;
#[cfg(feature = "jwks")]
mod http_client;
mod idle_runtime;
#[cfg(feature = "jwks")]
mod rotations_under_load;
mod schedule;
mod simulation;
#[cfg(feature = "jwks")]
mod unknown_keys;
mod waiting_room;
