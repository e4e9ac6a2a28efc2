//! `CurrentUser`: the claims that identify it, its issuer, further claims, and its expiry.

mod claims;
#[cfg(feature = "jwks-custom")]
mod expired;
mod other_issuers;
mod token_claims;
mod without_token;
