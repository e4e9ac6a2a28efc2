//! [`JwtAuthLayer`]: its builder, layer, service, and future, and the sources of a token.

mod builder;
mod future;
mod layer;
mod service;
mod token_source;

pub use self::{
    builder::JwtAuthBuilder, future::JwtAuthFuture, layer::JwtAuthLayer, service::JwtAuth,
    token_source::TokenSource,
};
