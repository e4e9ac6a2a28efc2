//! What the tests mint, send and read.

use std::{
    convert::Infallible,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};
use sha2::Sha256;
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, Rejection};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The time of every layer that [`builder`] starts, in seconds since the epoch.
pub(crate) const NOW: u64 = 1_800_000_000;

/// A layer for [`SECRET`] whose clock stands at [`NOW`].
pub(crate) fn builder() -> JwtAuthBuilder {
    JwtAuthLayer::builder().secret(SECRET).clock(|| at(NOW))
}

pub(crate) fn layer() -> JwtAuthLayer {
    builder().build().unwrap()
}

pub(crate) fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

/// Claims that [`layer`] accepts.
pub(crate) fn claims() -> Value {
    json!({ "sub": "alice", "email": "alice@example.com", "exp": NOW + 600 })
}

/// [`claims`], with these members put in; null takes nothing out.
pub(crate) fn claims_with(members: Value) -> Value {
    let mut claims = claims();
    for (name, value) in members.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// [`claims`], less one.
pub(crate) fn claims_without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

/// A token with these claims, signed with [`SECRET`].
pub(crate) fn token(claims: &Value) -> String {
    sign(r#"{"alg":"HS256","typ":"JWT"}"#, claims.to_string(), SECRET)
}

/// A token with this header and [`claims`], signed with [`SECRET`].
pub(crate) fn token_with_header(header: impl AsRef<[u8]>) -> String {
    sign(header, claims().to_string(), SECRET)
}

/// Any bytes for a header and for a payload, under the HMAC-SHA256 of any secret.
pub(crate) fn sign(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    secret: impl AsRef<[u8]>,
) -> String {
    sign_encoded(&format!("{}.{}", encode(header), encode(payload)), secret)
}

/// A signing input as it is, encoded or not, under the HMAC-SHA256 of any secret.
pub(crate) fn sign_encoded(signing_input: &str, secret: impl AsRef<[u8]>) -> String {
    let tag = mac(signing_input, secret);
    format!("{signing_input}.{}", encode(tag))
}

pub(crate) fn mac(signing_input: &str, secret: impl AsRef<[u8]>) -> Vec<u8> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_ref()).unwrap();
    let tag = mac.chain_update(signing_input).finalize().into_bytes();
    tag.to_vec()
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The reason that the layer refuses a token for; "accepted" when it does not.
pub(crate) fn reason(layer: &JwtAuthLayer, token: &str) -> &'static str {
    match layer.verifier().verify(token) {
        Ok(_) => "accepted",
        Err(error) => error.reason(),
    }
}

/// What a client got.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) response: Response<()>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn status(&self) -> StatusCode {
        self.response.status()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.response.headers().get_all(name).iter();
        let only = values.next()?;
        assert!(values.next().is_none(), "{name} stands there twice");
        Some(only.to_str().unwrap())
    }

    pub(crate) fn challenge(&self) -> Option<&str> {
        self.header("www-authenticate")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The reason in the rejection that the response carries.
    pub(crate) fn reason(&self) -> &'static str {
        let rejection = self.response.extensions().get::<Rejection>();
        rejection.map_or("accepted", Rejection::reason)
    }
}

/// Sends a request through a layer around a service that answers 200 with the id of the user whom
/// it finds, or with "nobody".
pub(crate) async fn ask<L>(layer: L, request: Request<()>) -> Answer
where
    L: Layer<Inner, Service: tower::Service<Request<()>, Error = Infallible>>,
    <L::Service as tower::Service<Request<()>>>::Response: IntoAnswer,
{
    let response = layer.layer(inner()).oneshot(request).await.unwrap();
    response.into_answer().await
}

pub(crate) type Inner =
    tower::util::BoxCloneSyncService<Request<()>, Response<Full<Bytes>>, Infallible>;

fn inner() -> Inner {
    tower::util::BoxCloneSyncService::new(service_fn(async |request: Request<()>| {
        let user = request.extensions().get::<CurrentUser>();
        let id = user.map_or("nobody", CurrentUser::user_id).to_owned();
        Ok(Response::new(Full::from(id)))
    }))
}

pub(crate) trait IntoAnswer {
    async fn into_answer(self) -> Answer;
}

impl<B: http_body::Body<Data = Bytes>> IntoAnswer for Response<B> {
    async fn into_answer(self) -> Answer {
        let (parts, body) = self.into_parts();
        let Ok(body) = body.collect().await else {
            panic!("the body failed")
        };
        Answer {
            response: Response::from_parts(parts, ()),
            body: body.to_bytes(),
        }
    }
}

pub(crate) fn get(path: &str) -> Request<()> {
    Request::get(path).body(()).unwrap()
}

/// A request with this value in its `Authorization` field.
pub(crate) fn with_authorization(value: impl AsRef<[u8]>) -> Request<()> {
    let mut request = get("/");
    let value = http::HeaderValue::from_bytes(value.as_ref()).unwrap();
    request.headers_mut().insert(AUTHORIZATION, value);
    request
}

pub(crate) fn with_bearer(token: &str) -> Request<()> {
    with_authorization(format!("Bearer {token}"))
}
