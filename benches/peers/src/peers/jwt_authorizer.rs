//! `jwt-authorizer`: its layer, with one key from a secret or a PEM. It ignores `kid`, which is faster
//! than its lookup in a key set.

use axum07::body::Body;
use jwt_authorizer::{IntoLayer, JwtAuthorizer, Validation};
use tower::Layer;
use tower_jwt_auth_benches::{
    floor::User,
    keys::{Alg, SECRET},
    rounds::Lane,
    service::Noop,
    tokens::{AUDIENCE, ISSUER},
};

use super::Result;
use crate::lanes::Setting;

pub fn lane(setting: &Setting) -> Result<Lane<'static>> {
    let authorizer: JwtAuthorizer<User> = match setting.key.alg {
        Alg::Hs256 => JwtAuthorizer::from_secret(SECRET),
        Alg::EdDsa => JwtAuthorizer::from_ed_pem_text(&setting.key.pem()),
        _ => JwtAuthorizer::from_rsa_pem_text(&setting.key.pem()),
    };
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]);
    let authorizer = authorizer.validation(validation).build();
    let layer = setting.runtime.block_on(authorizer)?.into_layer();
    Ok(setting.guarded::<_, Body, _>("jwt-authorizer", layer.layer(Noop)))
}
