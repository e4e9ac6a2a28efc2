//! The backends that verify signatures: AWS-LC directly, or RustCrypto through jsonwebtoken. The
//! process-wide provider of jsonwebtoken is not used, because the features of other crates select
//! it.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod disabled;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
mod rust_crypto;

// AWS-LC is preferred because it is faster.
#[cfg(feature = "aws-lc-rs")]
pub(super) use self::aws_lc::{ParsedKey, rsa_numbers};
#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(super) use self::disabled::ParsedKey;
#[cfg(all(feature = "rust-crypto", not(feature = "aws-lc-rs")))]
pub(super) use self::rust_crypto::{ParsedKey, rsa_numbers};
use super::material::KeyComponents;
use crate::key::algorithm::Algorithm;

/// The error if a public key is configured and no backend is enabled.
pub(crate) const MISSING_BACKEND: &str = "public keys need the feature `aws-lc-rs` or `rust-crypto` of tower-jwt-auth; enable one in Cargo.toml";

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn does_not_fit(algorithm: Algorithm) -> String {
    format!("{algorithm} cannot be used with this type of key")
}
