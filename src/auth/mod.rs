//! [`JwtAuthLayer`] and what it is made of.

mod builder;
mod layer;
mod service;
mod token_source;

pub use self::{builder::JwtAuthBuilder, layer::JwtAuthLayer, service::JwtAuth};
