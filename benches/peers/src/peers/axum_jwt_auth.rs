//! `axum-jwt-auth`: its extractor in a handler, with a `LocalDecoder` of one key. The same handler
//! without the extractor measures the part of axum.

use std::sync::Arc;

use axum::{body::Body, extract::FromRef, handler::Handler};
use axum_jwt_auth::{Claims, LocalDecoder};
use jsonwebtoken10::{Algorithm, DecodingKey, Validation};
use tower_jwt_auth_benches::{
    floor::User,
    keys::{Alg, SECRET},
    rounds::Lane,
    tokens::{AUDIENCE, ISSUER},
};

use super::Result;
use crate::lanes::Setting;

#[derive(Clone, FromRef)]
struct State {
    decoder: axum_jwt_auth::Decoder<User>,
}

pub fn lanes(setting: &Setting) -> Result<[Lane<'static>; 2]> {
    let pem = || setting.key.pem().into_bytes();
    let (algorithm, key) = match setting.key.alg {
        Alg::Hs256 => (
            Algorithm::HS256,
            DecodingKey::from_secret(SECRET.as_bytes()),
        ),
        Alg::EdDsa => (Algorithm::EdDSA, DecodingKey::from_ed_pem(&pem())?),
        _ => (Algorithm::RS256, DecodingKey::from_rsa_pem(&pem())?),
    };
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[ISSUER]);
    validation.set_audience(&[AUDIENCE]);
    let decoder = LocalDecoder::builder()
        .keys(vec![key])
        .validation(validation)
        .build()?;
    let state = State {
        decoder: Arc::new(decoder),
    };
    let bare = (async || ()).with_state(());
    let guarded = (async |_: Claims<User>| ()).with_state(state);
    Ok([
        setting.open::<_, Body, _>("bare handler", bare),
        setting.guarded::<_, Body, _>("axum-jwt-auth", guarded),
    ])
}
