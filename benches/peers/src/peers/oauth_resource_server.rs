//! `oauth-resource-server`: its layer for any tower stack, with an initial key set. It fetches no keys:
//! no refresh is started, and no token names an unknown key.

use std::sync::Arc;

use axum::body::Body;
use oauth_resource_server::{KeyNaming, OAuthConfig, OAuthValidator, http_layer::HttpAuthLayer};
use tower::Layer;
use tower_jwt_auth_benches::{
    rounds::Lane,
    service::Noop,
    tokens::{AUDIENCE, ISSUER},
};

use super::Result;
use crate::lanes::Setting;

pub fn lane(setting: &Setting) -> Result<Lane<'static>> {
    let config = OAuthConfig {
        enabled: true,
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        resource: AUDIENCE.to_owned(),
        algorithms: vec![setting.key.alg.name().to_owned()],
        allow_unscoped_tokens: true,
        ..OAuthConfig::default()
    };
    let config = config
        .resolve(KeyNaming::Dotted("oauth"))?
        .ok_or("it is enabled")?;
    let validator = OAuthValidator::builder(&config)
        .initial_jwks(&setting.key.jwks())
        .build()?;
    let layer = HttpAuthLayer::builder()
        .oauth(Arc::new(validator))
        .build()?;
    Ok(setting.guarded::<_, Body, _>("oauth-resource-server", layer.layer(Noop)))
}
