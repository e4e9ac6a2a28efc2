//! What a JWT is, and whether one is to be believed. Pure functions of a token, keys, a policy and
//! a time: no HTTP and no I/O.

mod claims;
mod compact;
mod error;
mod header;
mod issuer;
mod json;
mod nesting;
mod policy;
mod verifier;

pub use self::{error::TokenError, verifier::TokenVerifier};
pub(crate) use self::{
    issuer::{Check, Issuer},
    policy::Policy,
};
