//! Shared code of the benchmarks of `tower-jwt-auth`: keys and tokens, requests, a service that does
//! nothing, and interleaved rounds. `benches/run` runs all benchmarks.

pub mod floor;
pub mod keys;
pub mod layers;
pub mod provider;
#[cfg(feature = "sessions")]
pub mod redis;
pub mod refresh;
pub mod requests;
pub mod rounds;
pub mod service;
#[cfg(feature = "sessions")]
pub mod session_data;
#[cfg(feature = "sessions")]
pub mod sessions;
pub mod tokens;
