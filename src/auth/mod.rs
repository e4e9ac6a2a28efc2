//! [`JwtAuthLayer`]: its builder, layer, service, and future, and the sources of a token.

mod builder;
#[cfg(feature = "config")]
mod config;
mod future;
mod issuers;
mod layer;
#[cfg(feature = "authenticator")]
mod lookup;
mod profiles;
mod readiness;
mod service;
mod token_source;

#[cfg(feature = "config")]
pub use self::config::JwtAuthConfig;
pub use self::{
    builder::JwtAuthBuilder, future::JwtAuthFuture, issuers::Issuers, layer::JwtAuthLayer,
    profiles::CognitoToken, service::JwtAuth, token_source::TokenSource,
};
