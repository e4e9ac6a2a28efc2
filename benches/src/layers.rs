//! The measured layers.

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

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
