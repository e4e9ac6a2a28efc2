//! The user ID, the email address and the issuer of a user.

mod claims;
mod other_issuers;
