//! What verifies a signature, and where it comes from.

mod algorithm;
mod hmac;
mod keys;
mod public;
mod secret;
mod source;

#[cfg(feature = "tracing")]
pub(crate) use self::public::FOR_ENCRYPTION;
#[cfg(feature = "jwks-custom")]
pub(crate) use self::source::url;
#[cfg(feature = "cache")]
pub(crate) use self::source::{Generation, Snapshot};
pub use self::{
    algorithm::Algorithm,
    public::{KeySet, VerifyingKey},
    secret::Secret,
    source::SharedKeys,
};
pub(crate) use self::{
    keys::Keys,
    public::{Attempt, MISSING_BACKEND},
    source::{IssuerKeys, KeySource, KeyWait, SecretSource, Strictness, Waiter},
};
