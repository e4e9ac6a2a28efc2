//! Tokens, requests and responses for the tests.

#[cfg(feature = "authenticator")]
pub(crate) mod authenticator;
#[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(crate) mod key_server;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
pub(crate) mod memory_issuer;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(crate) mod signing_keys;
#[cfg(any(
    feature = "authenticator",
    feature = "mcp",
    all(
        feature = "jwks-custom",
        any(feature = "aws-lc-rs", feature = "rust-crypto")
    )
))]
pub(crate) mod strict;

use std::{
    collections::HashMap,
    convert::Infallible,
    fmt::Display,
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::Sha256;
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer, Rejection};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The current time of the layers from [`builder`], in seconds since the epoch.
pub(crate) const NOW: u64 = 1_800_000_000;

/// A builder at the time [`NOW`], without a key. All these builders share one clock, so they can be
/// combined with `.or(…)`.
pub(crate) fn keyless() -> JwtAuthBuilder {
    static KEYLESS: LazyLock<JwtAuthBuilder> =
        LazyLock::new(|| JwtAuthLayer::builder().clock(|| at(NOW)));
    KEYLESS.clone()
}

/// A builder at the time [`NOW`], without a key, for public keys whose tokens have no `aud`.
pub(crate) fn any_audience() -> JwtAuthBuilder {
    keyless().allow_any_audience()
}

/// A builder for [`SECRET`] at the time [`NOW`].
pub(crate) fn builder() -> JwtAuthBuilder {
    keyless().secret(SECRET)
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

/// [`claims`] with these members added or replaced. A null member is set to null.
pub(crate) fn claims_with(members: Value) -> Value {
    let mut claims = claims();
    for (name, value) in members.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// [`claims`] without one member.
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

/// A token with any payload, signed with [`SECRET`].
pub(crate) fn token_with_payload(payload: impl AsRef<[u8]>) -> String {
    sign(r#"{"alg":"HS256"}"#, payload, SECRET)
}

/// A token with any header and payload, signed with HMAC-SHA256 and any secret.
pub(crate) fn sign(
    header: impl AsRef<[u8]>,
    payload: impl AsRef<[u8]>,
    secret: impl AsRef<[u8]>,
) -> String {
    sign_encoded(&format!("{}.{}", encode(header), encode(payload)), secret)
}

/// A token with any signing input, encoded or not, signed with HMAC-SHA256 and any secret.
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

/// Nested arrays. An object with them as a member has this depth.
pub(crate) fn arrays_to(depth: usize) -> String {
    "[".repeat(depth - 1) + &"]".repeat(depth - 1)
}

/// Nested objects. An object with them as a member has this depth.
pub(crate) fn objects_to(depth: usize) -> String {
    r#"{"a":"#.repeat(depth - 2) + "{}" + &"}".repeat(depth - 2)
}

/// The reason for which the layer rejects a token, or "accepted".
pub(crate) fn reason(layer: &JwtAuthLayer, token: &str) -> &'static str {
    match layer.verifier().verify(token) {
        Ok(_) => "accepted",
        Err(error) => error.reason(),
    }
}

/// The response to a request.
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
        let value = values.next()?;
        assert!(values.next().is_none(), "{name} appears twice");
        Some(value.to_str().unwrap())
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

/// Assertions about the complete response. Each failure includes the row of the table.
impl Answer {
    /// The response of the inner service, which received this user.
    #[track_caller]
    pub(crate) fn assert_reached(&self, user: &str, row: impl Display) {
        assert_eq!(self.reason(), "accepted", "{row}");
        assert_eq!(self.status(), 200, "{row}");
        assert_eq!(self.body, user, "{row}");
    }

    /// The request has no bearer token.
    #[track_caller]
    pub(crate) fn assert_not_authenticated(&self, row: impl Display) {
        self.assert_http(401, "missing_token", "Not authenticated", &row);
        assert_eq!(self.challenge(), Some("Bearer"), "{row}");
    }

    #[track_caller]
    pub(crate) fn assert_invalid_token(&self, reason: &str, row: impl Display) {
        self.assert_http(401, reason, "Could not validate credentials", &row);
        let description = match reason {
            "expired" => "The access token expired",
            "not_yet_valid" => "The access token is not yet valid",
            _ => "The access token is invalid",
        };
        let challenge =
            format!(r#"Bearer error="invalid_token", error_description="{description}""#);
        assert_eq!(self.challenge(), Some(&*challenge), "{row}");
    }

    /// The request has more than one `Authorization` field.
    #[track_caller]
    pub(crate) fn assert_invalid_request(&self, row: impl Display) {
        let detail = "Could not validate credentials";
        self.assert_http(400, "several_tokens", detail, &row);
        let challenge = self.challenge().unwrap_or_default();
        let start = r#"Bearer error="invalid_request", error_description=""#;
        assert!(challenge.starts_with(start), "{row}: {challenge}");
    }

    /// 500 without a challenge, because the client cannot fix the error.
    #[track_caller]
    pub(crate) fn assert_server_fault(&self, reason: &str, row: impl Display) {
        let detail = "Authentication system not properly configured";
        self.assert_http(500, reason, detail, &row);
        assert_eq!(self.challenge(), None, "{row}");
    }

    #[track_caller]
    pub(crate) fn assert_http(&self, status: u16, reason: &str, detail: &str, row: &impl Display) {
        assert_eq!(self.reason(), reason, "{row}");
        assert_eq!(self.status(), status, "{row}");
        assert_eq!(self.json(), json!({ "detail": detail }), "{row}");
        let content_type = self.header("content-type");
        assert_eq!(content_type, Some("application/json"), "{row}");
        assert_eq!(self.header("cache-control"), Some("no-store"), "{row}");
        assert_eq!(self.header("grpc-status"), None, "{row}");
    }

    /// A trailers-only gRPC response.
    #[track_caller]
    pub(crate) fn assert_grpc(
        &self,
        code: &str,
        message: &str,
        content_type: &str,
        row: impl Display,
    ) {
        assert_eq!(self.status(), 200, "{row}");
        assert_eq!(self.header("grpc-status"), Some(code), "{row}");
        assert_eq!(self.header("grpc-message"), Some(message), "{row}");
        assert_eq!(self.header("content-type"), Some(content_type), "{row}");
        assert_eq!(self.body, "", "{row}");
    }
}

/// Sends each token of a table of descriptions and tokens. All must be rejected for this reason.
pub(crate) async fn assert_each_refused<D: Display>(
    layer: &JwtAuthLayer,
    reason: &str,
    rows: impl IntoIterator<Item = (D, String)>,
) {
    for (row, token) in rows {
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        answer.assert_invalid_token(reason, row);
    }
}

/// Sends each token of a table of descriptions and tokens. All must be accepted for `alice`.
pub(crate) async fn assert_each_accepted<D: Display>(
    layer: &JwtAuthLayer,
    rows: impl IntoIterator<Item = (D, String)>,
) {
    for (row, token) in rows {
        let answer = ask(layer.clone(), with_bearer(&token)).await;
        answer.assert_reached("alice", row);
    }
}

/// Sends a request through a layer around a service that responds with 200 and the user ID, or
/// "nobody" without a user.
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
            panic!("the body cannot be read")
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

/// A token that Better Auth 1.7.25 issued. The secrets are for tests only.
#[derive(Deserialize)]
pub(crate) struct Fixture {
    pub(crate) token: String,
    #[serde(default)]
    pub(crate) secret: String,
    #[serde(default)]
    pub(crate) issuer: String,
    #[serde(default)]
    pub(crate) audience: String,
    #[serde(default)]
    pub(crate) sub: String,
    #[serde(default)]
    pub(crate) valid_at: u64,
}

impl Fixture {
    pub(crate) fn named(name: &str) -> Self {
        let json = include_str!("../fixtures/better-auth.json");
        let mut all: HashMap<String, Self> = serde_json::from_str(json).unwrap();
        all.remove(name).unwrap()
    }

    /// A builder with the secret of the token, at a time when the token is valid.
    pub(crate) fn builder(&self) -> JwtAuthBuilder {
        let now = at(self.valid_at);
        JwtAuthLayer::builder()
            .secret(&*self.secret)
            .clock(move || now)
    }
}
