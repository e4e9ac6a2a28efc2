//! The test kit for applications.

mod as_user;
mod issuer;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks;
#[cfg(feature = "sessions-custom")]
mod sessions;
mod user;
