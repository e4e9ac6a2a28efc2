//! No part of a token, a secret or a claim is in a response, an event, an error, `Debug` output or
//! a panic message.

mod configuration;
mod explanations;
#[cfg(feature = "authenticator")]
mod lookups;
mod marks;
mod panics;
mod rejections;
#[cfg(all(
    feature = "sessions",
    feature = "sessions-cookie-cache",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod session_data;
mod sources;
mod timing;
mod tokens;
mod types;
