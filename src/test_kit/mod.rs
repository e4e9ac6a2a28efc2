//! Support for tests of a service behind these layers: tokens in one line, a clock that is set by
//! hand, users without tokens, and keys that rotate and fail.
//!
//! - [`TestIssuer`] mints valid and invalid tokens, and builds a layer with its keys and clock.
//! - [`TestClock`] is that clock: a test of expiry advances it instead of sleeping.
//! - [`AsUserLayer`] replaces [`JwtAuthLayer`](crate::JwtAuthLayer) and runs every request as the
//!   same user, like `app.dependency_overrides[get_current_user]` in FastAPI; [`as_user()`] does
//!   that for one request. [`TestUser`] is a user with roles, scopes, and other claims.
//! - `TestJwks` is an issuer's JWK Set in memory, with rotation, failures, and slow responses
//!   (features `jwks-custom` and `aws-lc-rs` or `rust-crypto`).
//! - `TestSessions` has the sessions of a Better Auth server in memory, with sign-in, sign-out,
//!   failures, and slow responses (feature `sessions-custom`).
//!
//! ```
//! use std::time::Duration;
//! use tower_jwt_auth::test_kit::TestIssuer;
//!
//! let issuer = TestIssuer::hs256();
//! let auth = issuer.layer().build()?; // add this layer to the router under test
//!
//! let token = issuer.token("alice");
//! let verifier = auth.verifier();
//! assert_eq!(verifier.verify(&token)?.email(), "alice@example.com");
//!
//! let forged = issuer.token_for("alice").bad_signature().mint();
//! assert_eq!(verifier.verify(&forged).unwrap_err().reason(), "signature");
//!
//! issuer.clock().advance(Duration::from_secs(15 * 60));
//! assert_eq!(verifier.verify(&token).unwrap_err().reason(), "expired");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Enable the feature in the dev-dependencies, so that no release build contains it:
//!
//! ```toml
//! [dev-dependencies]
//! tower-jwt-auth = { version = "0.1", features = ["test-kit"] }
//! ```
//!
//! Nothing here is for production: the keys do not come from a cryptographic random number
//! generator, and misuse panics.

mod as_user;
mod claims;
mod clock;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod ed25519;
mod issuer;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks;
#[cfg(feature = "sessions-custom")]
mod session;
#[cfg(feature = "sessions-custom")]
mod sessions;
mod signer;
mod token;
mod user;

#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
#[cfg_attr(
    docsrs,
    doc(cfg(all(
        feature = "jwks-custom",
        any(feature = "aws-lc-rs", feature = "rust-crypto")
    )))
)]
pub use self::jwks::TestJwks;
pub use self::{
    as_user::{AsUser, AsUserLayer, as_user},
    clock::TestClock,
    issuer::TestIssuer,
    token::TestToken,
    user::TestUser,
};
#[cfg(feature = "sessions-custom")]
#[cfg_attr(docsrs, doc(cfg(feature = "sessions-custom")))]
pub use self::{session::TestSession, sessions::TestSessions};
