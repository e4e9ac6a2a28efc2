//! The measured layers.

#[cfg(feature = "sessions")]
use http::StatusCode;
#[cfg(feature = "sessions")]
use tower::{Layer, ServiceExt};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

#[cfg(feature = "sessions")]
use crate::{requests::Requests, service::Noop};

use crate::{
    keys::{Alg, SECRET, SigningKey},
    tokens::{AUDIENCE, ISSUER, Naming},
};

/// The layer for the tokens of this key.
pub fn jwt_auth(key: &SigningKey, naming: Naming) -> JwtAuthLayer {
    let layer = builder(key, naming).build();
    layer.expect("the configuration is valid")
}

/// The layer with a cache that contains these tokens, and space for ten times as many.
pub fn with_cache(key: &SigningKey, naming: Naming, tokens: &[String]) -> JwtAuthLayer {
    let layer = builder(key, naming).cache_tokens(10_000).build();
    let layer = layer.expect("the configuration is valid");
    for token in tokens {
        layer.verifier().verify(token).expect("the token is valid");
    }
    layer
}

fn builder(key: &SigningKey, naming: Naming) -> JwtAuthBuilder {
    let builder = match key.alg {
        Alg::Hs256 => JwtAuthLayer::builder().secret(SECRET),
        _ => JwtAuthLayer::builder().jwks_text(key.jwks()),
    };
    match naming {
        Naming::Issuer => builder.issuer(ISSUER).audience(AUDIENCE),
        // Public keys need an audience, which these tokens do not have.
        Naming::Anonymous => builder.allow_any_audience(),
    }
}

/// The layer for the paths of [`Requests`](crate::requests::Requests).
pub fn path_owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").expect("the pattern is valid")
}

/// The layer for sessions in the cookie `session_data`, with this public key for one of its forms.
#[cfg(feature = "sessions")]
pub fn session_data(origin: &str, key: &SigningKey) -> JwtAuthLayer {
    let sessions = tower_jwt_auth::BetterAuthSessions::cookie_only(origin);
    let builder = JwtAuthLayer::builder().jwks_text(key.jwks());
    let builder = builder
        .allow_any_audience()
        .sessions(sessions.secret(SECRET));
    builder.build().expect("the configuration is valid")
}

/// The layer for sessions, which keeps the answers for [`cookies`](crate::sessions::cookies).
#[cfg(feature = "sessions")]
pub fn sessions() -> JwtAuthLayer {
    let layer = JwtAuthLayer::builder().sessions(crate::sessions::settings());
    let layer = layer.build().expect("the configuration is valid");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("the runtime is built");
    let cookies = crate::sessions::cookies();
    let mut requests = Requests::with_cookies(&cookies);
    for _ in &cookies {
        let response = layer.layer(Noop).oneshot(requests.make::<()>());
        let response = runtime.block_on(response).expect("the service never fails");
        assert_eq!(response.status(), StatusCode::OK);
    }
    layer
}
