//! Tokens of all kinds, good and bad, for other libraries to judge beside `tower-jwt-auth`.
//!
//! What it accepts, they must accept too: each of their rules that it lacked would show.

mod case;
mod json;
mod policy;

pub use self::{
    case::{Case, Damage, any_case},
    json::{WellFormed, any_well_formed},
    policy::{Policy, SECRETS, any_policy},
};
