//! Keys, key sets and the signatures that they verify.

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod algorithm_confusion;
mod algorithm_names;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod algorithms;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod better_auth_keys;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod explicit_curves;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_ids;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_set_entries;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod key_sets;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod pem;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_keys;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod signatures;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod weak_keys;
