//! `PathOwnerLayer`.

mod events;
#[cfg(feature = "axum")]
mod path_param;
mod patterns;
#[cfg(feature = "axum")]
mod router_agreement;
mod rules;
