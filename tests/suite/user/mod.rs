//! Who the user is, and which issuer's.

mod claims;
mod other_issuers;
