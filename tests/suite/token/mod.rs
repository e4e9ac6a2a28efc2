//! The form, the header, the signature and the claims of a token.

#[cfg(all(feature = "cache", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
mod cache;
mod claims;
mod compact_form;
pub(crate) mod explain;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod hints;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod issuers;
mod jose_header;
mod later_check;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod rfc_vectors;
mod signature;
