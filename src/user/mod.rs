//! [`CurrentUser`], the claims and grants of its token, and the users that an authorization layer
//! accepts. Used by all layers and by handlers.

mod claim;
mod current_user;
#[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
mod expired;
mod identity;
mod scopes;
mod served;
mod span;
mod token_claims;
mod without_token;

pub use self::current_user::{ClaimsError, CurrentUser};
pub(crate) use self::{
    claim::ClaimName,
    identity::{Identity, IssuerRef, UserIds, VerifiedBy},
    scopes::{Grant, check_scope, is_scope_token},
    served::ServedUsers,
};
