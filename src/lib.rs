//! Tower layers that verify the JWT of a request and hand its user to the handler.
//!
//! - [`JwtAuthLayer`] verifies the bearer token and puts the [`CurrentUser`] into the request's
//!   extensions. Without a valid token the answer is 401.
//! - [`PathOwnerLayer`] lets a request through only when its path, such as `/api/{user_id}/tasks`,
//!   is the current user's own. Otherwise the answer is 403.
//! - [`RequireScopeLayer`] lets a request through only when its user has a scope or a role.
//!   Otherwise the answer is 403.
//!
//! They wrap any `tower::Service` of `http::Request`: an axum router, a tonic server, a plain hyper
//! service. They never touch the request's body.
//!
//! ```
//! use axum::{Extension, Router, routing::get};
//! use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};
//!
//! async fn tasks(Extension(user): Extension<CurrentUser>) -> String {
//!     format!("the tasks of {}", user.email())
//! }
//!
//! # fn router() -> Result<Router, tower_jwt_auth::ConfigError> {
//! # let auth = JwtAuthLayer::builder().secret("correct horse battery staple, and more").build()?;
//! # /*
//! let auth = JwtAuthLayer::builder().secret_from_env("API_TOKEN_SECRET").build()?;
//! # */
//! let router = Router::new()
//!     .route("/api/{user_id}/tasks", get(tasks))
//!     .route_layer(PathOwnerLayer::new("/api/{user_id}/{*rest}")?) // runs second
//!     .route_layer(auth); // runs first
//! # Ok(router)
//! # }
//! # router().unwrap();
//! ```
//!
//! # What a client gets
//!
//! The body is JSON, `{"detail": "…"}`, with `cache-control: no-store`.
//!
//! | the request | HTTP | `www-authenticate` | `detail` | gRPC |
//! |---|---|---|---|---|
//! | no bearer token | 401 | `Bearer` | Not authenticated | 16 |
//! | a token that does not verify | 401 | `Bearer error="invalid_token", error_description="…"` | Could not validate credentials | 16 |
//! | two `Authorization` fields, or tokens in two places | 400 | `Bearer error="invalid_request", error_description="…"` | Could not validate credentials | 16 |
//! | the path is another user's, or the user is another issuer's | 403 | none | Access denied: Cannot access another user's data | 7 |
//! | a scope or a role is missing | 403 | `Bearer error="insufficient_scope", scope="…"` | Not enough permissions | 7 |
//! | the keys cannot be fetched, and none is held | 503 with `retry-after` | none | Authentication is temporarily unavailable | 14 |
//! | no secret is configured, and a token was sent | 500 | none | Authentication system not properly configured | 13 |
//! | `PathOwnerLayer`, `RequireScopeLayer` or an extractor without `JwtAuthLayer` outside of it | 500 | none | Authentication system not properly configured | 13 |
//!
//! A `POST` over HTTP/2 with the content type `application/grpc` (or `application/grpc+…`), and one
//! with `application/grpc-web…`, is answered in gRPC: HTTP 200 with `grpc-status` and
//! `grpc-message` among the headers and no body. A `POST` over HTTP/1 with `application/grpc` and
//! `te: trailers`, which is what tonic-web's `GrpcWebLayer` passes to its inner service, gets those
//! headers and no body too, but keeps the HTTP status of the table.
//! [`JwtAuthBuilder::http_answers_only`] turns all of that off.
//!
//! Why a request was refused is a [`Rejection`] in the extensions of the response, and a `tracing`
//! event at DEBUG with its [`reason`](Rejection::reason).
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `simd` (default) | base64 by vector instructions, which takes a tenth off the time of an HS256 token; by the crate base64-simd, which has `unsafe` code |
//! | `tracing` (default) | events for refusals and for faults of the configuration |
//! | `axum` | `CurrentUser`, `Claims<T>` and `Option` of them as extractors; `PathOwnerLayer::path_param`, which takes the parameter as axum's own router parsed it |
//! | `aws-lc-rs` | public keys, with AWS-LC: RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA |
//! | `rust-crypto` | public keys, in Rust alone: the same but ES512 and RSA keys over 4096 bits. With both features, AWS-LC is used |
//! | `better-auth` | `jwks` and `aws-lc-rs`: what the tokens of Better Auth's `jwt()` plugin need |
//! | `jwks` | keys from a URL ([`JwtAuthLayer::better_auth`], [`JwtAuthBuilder::jwks_url`]), fetched with reqwest over rustls, which brings AWS-LC, in a tokio task |
//! | `jwks-custom` | the same without reqwest, for a `JwksFetch` of your own |
//! | `cache` | `JwtAuthBuilder::cache_tokens`: tokens that verified a little while ago need not be verified again |
//! | `tower-http` | `LogRejections`, with which tower-http's `TraceLayer` tells why a request was refused |
//! | `test-kit` | `test_kit`: tokens, users, time and keys for the tests of a service behind the layers |
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub)]

mod accessors;
mod auth;
#[cfg(feature = "axum")]
mod axum;
mod base64url;
mod clock;
mod config_error;
mod events;
mod json;
mod key;
mod key_source;
mod loopback;
mod nesting;
mod path_owner;
mod presence;
mod redact;
mod rejection;
mod require_scope;
mod stray;
mod token;
#[cfg(feature = "tower-http")]
mod tower_http;
mod user;

pub use self::{
    auth::{JwtAuth, JwtAuthBuilder, JwtAuthFuture, JwtAuthLayer, TokenSource},
    config_error::ConfigError,
    key::{Algorithm, KeySet, Secret, VerifyingKey},
    key_source::SharedKeys,
    path_owner::{PathOwner, PathOwnerLayer},
    rejection::{Outcome, Rejection, RejectionDetails, ResponseBody, ResponseFuture},
    require_scope::{RequireScope, RequireScopeLayer},
    token::{TokenError, TokenVerifier},
    user::{ClaimsError, CurrentUser},
};

#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use self::token::CacheStats;

#[cfg(feature = "axum")]
pub use self::axum::{Claims, ExtractRejection};
#[cfg(feature = "tower-http")]
pub use self::tower_http::LogRejections;

#[cfg(doc)]
#[doc = include_str!("../docs/threat-model.md")]
pub mod threat_model {}

#[cfg(doc)]
#[doc = "[recipes]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/recipes/index.html\n\n"]
#[doc = include_str!("../docs/forward-auth.md")]
pub mod forward_auth {}

// Their snippets are compiled and run, and need these features.
#[cfg(all(
    doc,
    feature = "axum",
    feature = "cache",
    feature = "jwks",
    feature = "test-kit",
    feature = "tower-http",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub mod guide;

#[cfg(feature = "jwks-custom")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
pub mod jwks;

#[cfg(feature = "test-kit")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-kit")))]
pub mod test_kit;

/// Compiles the README's snippets, some of which need a feature.
#[cfg(all(doctest, feature = "axum", feature = "jwks"))]
#[doc = include_str!("../README.md")]
struct Readme;
