//! [`RequireFreshLayer`]: its layer and service, and the sign-in that it requires.

mod layer;
mod service;
mod sign_in;

pub use self::{layer::RequireFreshLayer, service::RequireFresh};
