//! [`JwtAuthLayer`] and what it is made of.

mod builder;
mod future;
mod layer;
mod service;
mod token_source;

pub use self::{
    builder::JwtAuthBuilder, future::JwtAuthFuture, layer::JwtAuthLayer, service::JwtAuth,
    token_source::TokenSource,
};
