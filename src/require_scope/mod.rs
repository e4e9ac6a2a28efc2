//! [`RequireScopeLayer`] and what it is made of.

mod layer;
mod needed;
mod service;

pub use self::{layer::RequireScopeLayer, service::RequireScope};
