//! Each peer in its documented configuration: its own kind of static key, its default checks, and the
//! issuer and the audience, which all of them check.

mod axum_jwt_auth;
mod jwt_authorizer;
mod oauth_resource_server;
mod tower_http;
mod tower_oauth2_resource_server;

use std::error::Error;

use axum::body::Body;
use tower::Layer;
use tower_jwt_auth_benches::{
    floor::{Decoder, floor},
    keys::{Alg, prepared_hmac},
    layers,
    rounds::Lane,
    service::Noop,
    tokens::Naming,
};

use crate::lanes::Setting;

/// The result with any error of a peer.
type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// All peers that can verify the tokens of this key.
pub fn lanes(setting: &Setting) -> Result<Vec<Lane<'static>>> {
    let auth = layers::jwt_auth(&setting.key, Naming::Issuer);
    let mut lanes = vec![
        setting.open::<_, Body, _>("bare", Noop),
        setting.guarded::<_, Body, _>("tower-jwt-auth", auth.layer(Noop)),
        setting.guarded::<_, Body, _>(
            "tower-jwt-auth, with PathOwnerLayer",
            auth.layer(layers::path_owner().layer(Noop)),
        ),
        jwt_authorizer::lane(setting)?,
        tower_http::lane(setting),
    ];
    lanes.extend(axum_jwt_auth::lanes(setting)?);
    if setting.key.alg == Alg::Hs256 {
        lanes.push(floor_lane(setting));
    } else {
        // These support only public keys.
        lanes.push(tower_oauth2_resource_server::lane(setting)?);
        lanes.push(oauth_resource_server::lane(setting)?);
    }
    Ok(lanes)
}

/// The floor, without a service.
fn floor_lane(setting: &Setting) -> Lane<'static> {
    let tokens = setting.key.tokens(Naming::Issuer);
    let prepared = prepared_hmac();
    let mut next = 0;
    Lane::of_steps("floor", move || {
        std::hint::black_box(floor(&prepared, &tokens[next]));
        next = (next + 1) % tokens.len();
    })
}

/// `jsonwebtoken::decode`, for a hand-written layer.
fn decoder(setting: &Setting) -> Decoder {
    Decoder::new(&setting.key, Naming::Issuer)
}
