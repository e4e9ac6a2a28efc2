//! What the benchmarks of `tower-jwt-auth` have in common: keys and tokens, requests, a service
//! that does nothing, and rounds that take turns. `benches/run` runs them all.

pub mod floor;
pub mod keys;
pub mod layers;
pub mod provider;
pub mod refresh;
pub mod requests;
pub mod rounds;
pub mod service;
pub mod tokens;
