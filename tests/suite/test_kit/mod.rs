//! The kit for the tests of others.

mod as_user;
mod issuer;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks;
