//! [`PathOwnerLayer`] and what it is made of.

mod advice;
mod layer;
mod path;
mod pattern;
#[cfg(feature = "axum")]
mod route_param;
mod service;

pub use self::{layer::PathOwnerLayer, service::PathOwner};
