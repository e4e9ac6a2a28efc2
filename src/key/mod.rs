//! Secrets, public keys, sets of them, and signature checks. Pure functions without I/O; used by
//! `token` and `key_source`.

mod algorithm;
mod backend;
mod document;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod edwards;
mod hmac;
mod jwk;
mod key_set;
mod keys;
mod lenient;
mod material;
mod pem;
mod roca;
mod secret;
mod signature;
mod verifying_key;

#[cfg(feature = "tracing")]
pub(crate) use self::jwk::FOR_ENCRYPTION;
pub use self::{
    algorithm::Algorithm, key_set::KeySet, secret::Secret, verifying_key::VerifyingKey,
};
pub(crate) use self::{
    backend::MISSING_BACKEND,
    key_set::SignatureCheck,
    keys::Keys,
    secret::{PUBLIC_KEY_ADVICE, mistaken_for_a_secret},
};
