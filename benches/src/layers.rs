//! The layers that are measured.

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, PathOwnerLayer};

use crate::{
    keys::{Alg, SECRET, SigningKey},
    tokens::{AUDIENCE, ISSUER, Naming},
};

/// The layer for the tokens of this key.
pub fn jwt_auth(key: &SigningKey, naming: Naming) -> JwtAuthLayer {
    let mut builder = builder(key);
    if naming == Naming::Issuer {
        builder = builder.issuer(ISSUER).audience(AUDIENCE);
    }
    builder.build().expect("the configuration is sound")
}

fn builder(key: &SigningKey) -> JwtAuthBuilder {
    match key.alg {
        Alg::Hs256 => JwtAuthLayer::builder().secret(SECRET),
        _ => JwtAuthLayer::builder().jwks_text(key.jwks()),
    }
}

/// The layer for the paths of [`Requests`](crate::requests::Requests).
pub fn path_owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").expect("the pattern is one")
}
