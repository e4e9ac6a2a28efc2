//! What verifies a signature, and where it comes from.

mod hmac;
mod secret;
mod set;
mod source;

pub use self::secret::Secret;
pub(crate) use self::{
    set::{Algorithm, KeySet},
    source::{KeySource, SecretSource, Strictness},
};
