//! Random valid and invalid tokens, to compare `tower-jwt-auth` with other libraries.
//!
//! The others must accept every token that `tower-jwt-auth` accepts. A rule of theirs that
//! `tower-jwt-auth` lacks shows up as a difference.

mod case;
mod json;
mod policy;

pub use self::{
    case::{Case, Damage, any_case},
    json::{WellFormed, any_well_formed},
    policy::{Policy, SECRETS, any_policy},
};
