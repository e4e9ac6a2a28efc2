//! `tower-oauth2-resource-server`: its layer, with a static key set.

use axum::body::Body;
use tower::Layer;
use tower_jwt_auth_benches::{
    floor::User,
    rounds::Lane,
    service::Noop,
    tokens::{AUDIENCE, ISSUER},
};
use tower_oauth2_resource_server::{
    server::OAuth2ResourceServer, tenant::TenantConfiguration, validation::ClaimsValidationSpec,
};

use super::Result;
use crate::lanes::Setting;

pub fn lane(setting: &Setting) -> Result<Lane<'static>> {
    let checks = ClaimsValidationSpec::new()
        .exp(true)
        .iss(ISSUER)
        .aud(&vec![AUDIENCE.to_owned()]);
    let tenant = TenantConfiguration::static_builder(setting.key.jwks())
        .claims_validation(checks)
        .build()?;
    let server = OAuth2ResourceServer::<User>::builder().add_tenant(tenant);
    let layer = setting.runtime.block_on(server.build())?.into_layer();
    Ok(setting.guarded::<_, Body, _>("tower-oauth2-resource-server", layer.layer(Noop)))
}
