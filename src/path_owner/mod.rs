//! [`PathOwnerLayer`]: its layer and service, the patterns, and the check of a path's ambiguity.

mod advice;
mod layer;
mod path;
mod pattern;
#[cfg(feature = "axum")]
mod route_param;
mod rules;
mod service;

pub use self::{layer::PathOwnerLayer, service::PathOwner};
