//! Public keys, which can verify and not sign.

mod backend;
mod document;
mod jwk;
mod lenient;
mod material;
mod pem;
mod roca;
mod set;
mod signature;
mod verifying_key;

#[cfg(feature = "tracing")]
pub(crate) use self::jwk::FOR_ENCRYPTION;
pub(crate) use self::{backend::MISSING_BACKEND, set::Attempt};
pub use self::{set::KeySet, verifying_key::VerifyingKey};
