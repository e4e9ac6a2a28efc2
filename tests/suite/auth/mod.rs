//! `JwtAuthLayer`: token sources, configuration, and the behavior of the service.

#[cfg(feature = "authenticator")]
mod authenticators;
mod authorization_header;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod better_auth;
#[cfg(feature = "config")]
mod config;
mod configuration;
mod cookie;
mod extensions;
mod issuers;
mod kept_user;
mod misuse;
#[cfg(all(
    feature = "axum",
    feature = "jwks",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod operations;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod public_key_configuration;
mod readiness;
mod resource_hosts;
mod resource_issuer;
mod responses;
pub(crate) mod sockets;
mod token_sources;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod waiting_requests;
#[cfg(feature = "jwks-custom")]
mod websocket;
