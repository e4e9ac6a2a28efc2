//! Keys that change at runtime without being fetched.

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod both_kinds_of_keys;
pub(crate) mod secret_file;
#[cfg(all(
    feature = "test-kit",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod shared_keys;
