//! For the tests of a service that stands behind these layers: tokens in one line, time that stands
//! still until it is moved, users without tokens, keys that rotate and fail.
//!
//! - [`TestIssuer`] mints tokens, good ones and each kind of bad one, and gives a layer that takes
//!   its time and its keys.
//! - [`TestClock`] is that time: a test of expiry moves it, and need not sleep.
//! - [`AsUserLayer`] stands in the place of [`JwtAuthLayer`](crate::JwtAuthLayer) and lets every
//!   request be one user's, as `app.dependency_overrides[get_current_user]` does in FastAPI;
//!   [`as_user`] does so for one request.
//! - `TestJwks` is an issuer's JWK Set in memory, which rotates, fails and is slow (features
//!   `jwks-custom` and `aws-lc-rs` or `rust-crypto`).
//!
//! ```
//! use std::time::Duration;
//! use tower_jwt_auth::test_kit::TestIssuer;
//!
//! let issuer = TestIssuer::hs256();
//! let auth = issuer.layer().build()?; // what the router under test is wrapped in
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
//! Put the feature among the dev-dependencies, so that no build that ships has it:
//!
//! ```toml
//! [dev-dependencies]
//! tower-jwt-auth = { version = "0.1", features = ["test-kit"] }
//! ```
//!
//! Nothing here is for production: the keys are made without a source of randomness that is meant
//! for keys, and what is misused panics.

mod as_user;
mod clock;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod ed25519;
mod issuer;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod jwks;
mod signer;
mod token;

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
};
