//! `PathOwnerLayer`.

mod ambiguous_paths;
mod events;
mod exceptions;
mod exempt_paths;
mod invalid_patterns;
#[cfg(feature = "axum")]
mod nested_routers;
#[cfg(feature = "axum")]
mod path_param;
mod patterns;
mod responses;
#[cfg(feature = "axum")]
mod router_agreement;
mod support;
