//! JWTs: the compact form, header, claims, policy, and verification. Pure functions of a token, its
//! keys, a policy, and the time, without HTTP or I/O; used by `auth` and by applications.

#[cfg(feature = "cache")]
mod cache;
mod claims;
mod compact;
mod configured;
#[cfg(feature = "tracing")]
mod describe;
mod difference;
mod error;
mod explain;
mod extra_claims;
mod failed_check;
mod header;
mod header_hint;
mod hint;
mod issuer;
mod issuer_names;
mod issuers;
mod kind;
mod later_check;
mod policy;
mod printable;
#[cfg(feature = "sessions-cookie-cache")]
mod session_data;
mod token_check;
mod verifier;

#[cfg(feature = "cache")]
pub use self::cache::CacheStats;
#[cfg(feature = "cache")]
pub(crate) use self::cache::TokenCache;
#[cfg(feature = "tracing")]
pub(crate) use self::{
    describe::HeaderSummary,
    hint::{Hint, has_hint},
};
pub use self::{
    error::TokenError,
    explain::{CheckOutcome, ExplainedCheck, Explanation},
    token_check::TokenCheck,
    verifier::TokenVerifier,
};
pub(crate) use self::{
    issuer::{Check, Issuer, Pending, VerifyError},
    issuer_names::{IssuerNames, IssuerTemplate},
    kind::TokenKind,
    policy::{Policy, is_plain_jwt},
};
