//! The parts of the routers.

use std::convert::Infallible;

use axum::{
    body::Body,
    extract::{RawPathParams, rejection::RawPathParamsRejection},
    response::{IntoResponse, Response},
};
use http::{Request, StatusCode, Uri};
use tower::{Layer, Service, ServiceExt, service_fn, util::BoxCloneSyncService};
use tower_jwt_auth::PathOwnerLayer;

pub(super) type Boxed = BoxCloneSyncService<Request<Body>, Response, Infallible>;

/// The path parameters of a handler, in its response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct HandlerParams {
    pub(super) ids: Vec<Vec<u8>>,
    /// The other parameters.
    pub(super) others: Vec<String>,
}

pub(super) async fn handler(raw: Result<RawPathParams, RawPathParamsRejection>) -> Response {
    let mut params = HandlerParams::default();
    for (name, value) in raw.iter().flatten() {
        if name == "user_id" {
            params.ids.push(value.as_bytes().to_vec());
        } else {
            params.others.push(value.to_owned());
        }
    }
    respond(params)
}

pub(super) fn respond(params: HandlerParams) -> Response {
    let mut response = StatusCode::OK.into_response();
    response.extensions_mut().insert(params);
    response
}

/// The layer, or nothing.
#[derive(Clone)]
pub(super) struct Guard(pub(super) Option<PathOwnerLayer>);

impl<S> Layer<S> for Guard
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    type Service = Boxed;

    fn layer(&self, inner: S) -> Boxed {
        match &self.0 {
            Some(owner) => {
                let guarded = owner.layer(inner);
                Boxed::new(guarded.map_response(|response| response.map(Body::new)))
            }
            None => Boxed::new(inner),
        }
    }
}

/// Removes a prefix from the path. Responds with 404 if the prefix is missing.
pub(super) struct StripPrefix(pub(super) &'static str);

impl<S> Layer<S> for StripPrefix
where
    S: Service<Request<Body>, Response = Response, Error = Infallible>
        + Clone
        + Send
        + Sync
        + 'static,
    S::Future: Send + 'static,
{
    type Service = Boxed;

    fn layer(&self, inner: S) -> Boxed {
        let prefix = self.0;
        Boxed::new(service_fn(move |mut request: Request<Body>| {
            let stripped = request.uri().path().strip_prefix(prefix);
            let stripped = stripped.filter(|rest| rest.starts_with('/'));
            let uri = stripped.map(|rest| with_path(request.uri(), rest));
            let inner = inner.clone();
            async move {
                let Some(uri) = uri else {
                    return Ok(StatusCode::NOT_FOUND.into_response());
                };
                *request.uri_mut() = uri;
                inner.oneshot(request).await
            }
        }))
    }
}

/// The URI with another path and the same query.
pub(super) fn with_path(uri: &Uri, path: &str) -> Uri {
    let query = uri.query().map(|query| format!("?{query}"));
    let text = format!("{path}{}", query.unwrap_or_default());
    text.parse().unwrap()
}
