//! Key sets from a URL.

#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod certificates;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod clock_jumps;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod events;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(crate) mod fetched_keys;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod http_client;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod idle_runtime;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod rotations_under_load;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod schedule;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod simulation;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod unknown_keys;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod waiting_room;
