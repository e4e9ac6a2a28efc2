//! What a JWT is, and whether one is to be believed. Pure functions of a token, keys, a policy and
//! a time: no HTTP and no I/O.

#[cfg(feature = "cache")]
mod cache;
mod claims;
mod compact;
#[cfg(feature = "tracing")]
mod describe;
#[cfg(feature = "tracing")]
mod difference;
mod error;
mod header;
#[cfg(feature = "tracing")]
mod hint;
mod issuer;
mod policy;
mod printable;
mod verifier;

#[cfg(feature = "cache")]
pub use self::cache::CacheStats;
#[cfg(feature = "cache")]
pub(crate) use self::cache::TokenCache;
#[cfg(feature = "tracing")]
pub(crate) use self::{describe::HeaderSummary, hint::Hint};
pub use self::{error::TokenError, verifier::TokenVerifier};
pub(crate) use self::{
    issuer::{Check, Issuer, Pending, VerifyError},
    policy::Policy,
};
