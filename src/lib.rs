//! Tower layers that verify the JWT or the session of a request and pass its user to the handler.
//!
//! - [`JwtAuthLayer`] verifies the bearer token and inserts the [`CurrentUser`] into the request's
//!   extensions. Requests without a valid token get 401.
//! - [`PathOwnerLayer`] accepts a request only if its path, such as `/api/{user_id}/tasks`, belongs
//!   to the current user. Other requests get 403.
//! - [`RequireScopeLayer`] accepts a request only if its user has a scope or a role. Other requests
//!   get 403.
//! - [`RequireFreshLayer`] accepts a request only if its user signed in recently, or in a certain
//!   way. Other requests get 401, and the client asks the user to sign in again.
//! - `RequireMcpScopeLayer` (feature `mcp`) accepts a request to an MCP server only if its user has
//!   the scopes of the tool that it calls. Other requests get 403.
//!
//! The layers wrap any `tower::Service` for an `http::Request`: an axum router, a tonic server, or
//! a plain hyper service. They never read the request's body, except `RequireMcpScopeLayer`, because
//! only the body of an MCP request names the tool.
//!
//! ```
//! use axum::{Extension, Router, routing::get};
//! use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};
//!
//! async fn tasks(Extension(user): Extension<CurrentUser>) -> String {
//!     format!("tasks of {} <{}>", user.user_id(), user.email())
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
//! # Guides
//!
//! - Start: [Better Auth], [sessions or JWTs], [sessions without asking Better Auth], [opaque access tokens], [protected resources], [coming from FastAPI], [choosing keys], [issuers], [configuration], [recipes]
//! - Permissions: [path ownership], [claims and permissions]
//! - Clients: [errors and clients], [tonic and hyper]
//! - Operations: [observability], [containers], [forward auth], [performance]
//! - Tests and review: [testing], [threat model], [conformance], [comparison with other crates]
//!
//! [Better Auth]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/better_auth/index.html
//! [sessions or JWTs]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/sessions/index.html
//! [sessions without asking Better Auth]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/session_stores/index.html
//! [opaque access tokens]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/introspection/index.html
//! [protected resources]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/protected_resources/index.html
//! [coming from FastAPI]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/from_fastapi/index.html
//! [choosing keys]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/choosing_keys/index.html
//! [issuers]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/issuers/index.html
//! [configuration]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/configuration/index.html
//! [recipes]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/recipes/index.html
//! [path ownership]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/path_ownership/index.html
//! [claims and permissions]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/claims_and_permissions/index.html
//! [errors and clients]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/errors_and_clients/index.html
//! [tonic and hyper]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/tonic_and_hyper/index.html
//! [observability]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/observability/index.html
//! [containers]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/containers/index.html
//! [forward auth]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/forward_auth/index.html
//! [performance]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/performance/index.html
//! [testing]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/testing/index.html
//! [threat model]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/threat_model/index.html
//! [conformance]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/conformance/index.html
//! [comparison with other crates]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/compared/index.html
//!
//! # Responses
//!
//! The body is JSON, `{"detail": "…"}`, with `cache-control: no-store`.
//!
//! | the request | HTTP | `www-authenticate` | `detail` | gRPC |
//! |---|---|---|---|---|
//! | has no credential | 401 | `Bearer` | Not authenticated | 16 |
//! | has an invalid token, session, or other credential | 401 | `Bearer error="invalid_token", error_description="…"` | Could not validate credentials | 16 |
//! | has two `Authorization` fields, tokens in two places, or two values of the session cookie | 400 | `Bearer error="invalid_request", error_description="…"` | Could not validate credentials | 16 |
//! | is for another user's path, or comes from a user of an added issuer that `PathOwnerLayer`, `RequireScopeLayer`, or `RequireFreshLayer` does not allow | 403 | none | Access denied: Cannot access another user's data | 7 |
//! | has a valid token whose claims do not fit `Claims<T>` | 403 | none | Not enough permissions | 7 |
//! | lacks a scope or a role, or a rule of `RequireScopeLayer` rejects its user | 403 | `Bearer error="insufficient_scope", scope="…"` | Not enough permissions | 7 |
//! | needs a more recent or stronger sign-in, according to `RequireFreshLayer` | 401 | `Bearer error="insufficient_user_authentication", …` | Sign in again | 16 |
//! | is for an MCP tool, resource, or prompt for which `RequireMcpScopeLayer` has no rule | 403 | none | Not enough permissions | 7 |
//! | has a body that is not one JSON-RPC message, inside `RequireMcpScopeLayer` | 400 | none | Invalid MCP request | 3 |
//! | has a longer body than `RequireMcpScopeLayer` reads | 413 | none | Request body too large | 8 |
//! | has the MCP session ID of another user | 404 | none | Session not found | 5 |
//! | comes from another site with a session cookie | 403 | none | Cross-site request | 7 |
//! | needs keys that cannot be fetched and are not cached, or a session or an opaque token that cannot be looked up | 503 with `retry-after` | none | Authentication is temporarily unavailable | 14 |
//! | has a token, but no secret is configured | 500 | none | Authentication system not properly configured | 13 |
//! | reaches `PathOwnerLayer`, `RequireScopeLayer`, `RequireFreshLayer`, or an extractor without a `JwtAuthLayer` around it | 500 | none | Authentication system not properly configured | 13 |
//!
//! A `POST` over HTTP/2 with the content type `application/grpc`, `application/grpc+…`, or
//! `application/grpc-web…` gets a gRPC response: HTTP 200 with `grpc-status` and `grpc-message` in
//! the headers, and no body. A `POST` over HTTP/1 with `application/grpc` and `te: trailers`, which
//! is what tonic-web's `GrpcWebLayer` passes to its inner service, gets the same headers and no
//! body, but the HTTP status from the table. [`JwtAuthBuilder::http_answers_only`] turns gRPC
//! responses off.
//!
//! To find out why a request was rejected, look at the `tracing` event (DEBUG, with a stable
//! [`reason`](Rejection::reason)) or at the [`Rejection`] in the response extensions.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `simd` (default) | vectorized base64 decoding, which saves a tenth of the time for an HS256 token; uses base64-simd, which contains `unsafe` code |
//! | `tracing` (default) | events for rejections and configuration errors |
//! | `axum` | the extractors `CurrentUser`, `Claims<T>`, and `Option` of either; `PathOwnerLayer::path_param` |
//! | `aws-lc-rs` | RS256/384/512, PS256/384/512, ES256/384/512, and EdDSA with AWS-LC; needs a C compiler |
//! | `rust-crypto` | the same in pure Rust, but not ES512 or RSA keys over 4096 bits; slower. If both are enabled, AWS-LC is used |
//! | `better-auth` | `jwks` and `aws-lc-rs`, for the `jwt()` plugin of Better Auth |
//! | `jwks` | keys from a URL ([`JwtAuthLayer::better_auth`], [`JwtAuthBuilder::jwks_url`]), fetched with reqwest over rustls in a tokio task; rustls uses AWS-LC with either backend |
//! | `jwks-custom` | the same without reqwest, for your own `JwksFetch`; `CurrentUser::expired` |
//! | `sessions` | `BetterAuthSessions::remote`: sessions that are looked up at Better Auth, with reqwest over rustls in a tokio task |
//! | `sessions-redis` | `BetterAuthSessions::redis`: the same in Better Auth's Redis, with the crate `redis`; rustls uses AWS-LC |
//! | `sessions-cookie-cache` | `BetterAuthSessions::cookie_cache` and `cookie_only`: Better Auth's signed or encrypted cookie `session_data`, without I/O |
//! | `sessions-custom` | `BetterAuthSessions::store`, for your own `SessionStore`; `authenticator`; `CurrentUser::expired`. Each of the three features above includes it |
//! | `introspection` | `Introspection`: opaque access tokens (RFC 7662), looked up with reqwest over rustls in a tokio task; `authenticator` |
//! | `authenticator` | `Authenticator`: credentials that your code looks up, such as API keys |
//! | `cache` | `JwtAuthBuilder::cache_tokens`, which skips the signature check for recently verified tokens |
//! | `config` | `JwtAuthConfig`: the settings of a layer as data, from TOML, JSON, or another format of serde |
//! | `mcp` | `RequireMcpScopeLayer`: the scopes that the tools, resources, and prompts of an MCP server require |
//! | `tower-http` | `LogRejections`, which makes `TraceLayer` log the reason for a rejection, including in gRPC |
//! | `test-kit` | `test_kit`: tokens, users, a clock, and keys for your tests; enable it in `[dev-dependencies]` |
//!
//! A feature only adds to the crate; it never changes existing behavior.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub)]

mod accessors;
mod auth;
#[cfg(feature = "authenticator")]
mod authenticator;
#[cfg(feature = "axum")]
mod axum;
mod base64url;
mod clock;
mod config_error;
mod cookies;
mod events;
#[cfg(any(feature = "introspection", feature = "jwks", feature = "sessions"))]
mod http_client;
#[cfg(feature = "introspection")]
mod introspection;
mod json;
mod key;
mod key_source;
#[cfg(feature = "_lookups")]
mod lookups;
#[cfg(any(feature = "introspection", feature = "jwks-custom"))]
mod metadata;
mod nesting;
mod original_path;
mod path_owner;
mod presence;
mod protected_resource;
mod redact;
mod rejection;
mod require_fresh;
#[cfg(feature = "mcp")]
mod require_mcp_scope;
mod require_scope;
mod stray;
mod token;
#[cfg(feature = "tower-http")]
mod tower_http;
mod url_check;
mod user;
mod user_rules;

pub use self::{
    auth::{
        CognitoToken, Issuers, JwtAuth, JwtAuthBuilder, JwtAuthFuture, JwtAuthLayer, TokenSource,
    },
    config_error::ConfigError,
    key::{Algorithm, KeySet, Secret, VerifyingKey},
    key_source::SharedKeys,
    path_owner::{PathOwner, PathOwnerLayer},
    protected_resource::ProtectedResource,
    rejection::{Outcome, Rejection, RejectionDetails, ResponseBody, ResponseFuture},
    require_fresh::{RequireFresh, RequireFreshLayer},
    require_scope::{RequireScope, RequireScopeLayer},
    token::{CheckOutcome, ExplainedCheck, Explanation, TokenCheck, TokenError, TokenVerifier},
    user::{ClaimsError, CurrentUser},
};

#[cfg(feature = "config")]
#[cfg_attr(docsrs, doc(cfg(feature = "config")))]
pub use self::auth::JwtAuthConfig;
#[cfg(feature = "authenticator")]
#[cfg_attr(docsrs, doc(cfg(feature = "authenticator")))]
pub use self::authenticator::{Authentication, Authenticator};
#[cfg(feature = "introspection")]
#[cfg_attr(docsrs, doc(cfg(feature = "introspection")))]
pub use self::introspection::Introspection;
#[cfg(feature = "mcp")]
#[cfg_attr(docsrs, doc(cfg(feature = "mcp")))]
pub use self::require_mcp_scope::{
    McpBody, NO_SCOPES, RequireMcpScope, RequireMcpScopeFuture, RequireMcpScopeLayer,
};
#[cfg(feature = "sessions-custom")]
#[cfg_attr(docsrs, doc(cfg(feature = "sessions-custom")))]
pub use self::sessions::BetterAuthSessions;
#[cfg(feature = "cache")]
#[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
pub use self::token::CacheStats;

#[cfg(feature = "axum")]
pub use self::axum::{Claims, ExtractRejection};
#[cfg(feature = "tower-http")]
pub use self::tower_http::{LogRejections, RejectionsAsSuccess};

#[cfg(doc)]
#[doc = include_str!("../docs/threat-model.md")]
pub mod threat_model {}

#[cfg(doc)]
#[doc = "[recipes]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/recipes/index.html\n\n"]
#[doc = include_str!("../docs/forward-auth.md")]
pub mod forward_auth {}

// The guides' snippets are compiled and run, and they need these features.
#[cfg(all(
    doc,
    feature = "axum",
    feature = "cache",
    feature = "config",
    feature = "introspection",
    feature = "jwks",
    feature = "mcp",
    feature = "sessions",
    feature = "sessions-cookie-cache",
    feature = "sessions-redis",
    feature = "test-kit",
    feature = "tower-http",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub mod guide;

#[cfg(feature = "jwks-custom")]
#[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
pub mod jwks;

#[cfg(feature = "sessions-custom")]
#[cfg_attr(docsrs, doc(cfg(feature = "sessions-custom")))]
pub mod sessions;

#[cfg(feature = "test-kit")]
#[cfg_attr(docsrs, doc(cfg(feature = "test-kit")))]
pub mod test_kit;

#[cfg(feature = "_vectors")]
#[doc(hidden)]
pub mod vectors;

/// Compiles the README's snippets, some of which need a feature.
#[cfg(all(doctest, feature = "axum", feature = "jwks"))]
#[doc = include_str!("../README.md")]
struct Readme;
