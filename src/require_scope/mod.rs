//! [`RequireScopeLayer`]: its layer and service, and the grants that it requires.

mod layer;
mod needed;
mod service;

pub use self::{layer::RequireScopeLayer, service::RequireScope};
