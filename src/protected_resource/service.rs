//! The service that responds with the metadata.

use std::{
    convert::Infallible,
    future::{Ready, ready},
    task::{Context, Poll},
};

use http::{
    HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ALLOW, CACHE_CONTROL,
        CONTENT_LENGTH, CONTENT_TYPE, ORIGIN,
    },
};
use tower::Service;

use super::{ProtectedResource, WELL_KNOWN};
use crate::original_path::original_path;

/// How long clients and caches may use the metadata, in seconds: an hour, as long as browsers use
/// the answer to a preflight.
const MAX_AGE_SECS: HeaderValue = HeaderValue::from_static("3600");
const CACHEABLE: HeaderValue = HeaderValue::from_static("public, max-age=3600");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

const ALLOWED_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// MCP clients send `mcp-protocol-version`. Old browsers do not know the wildcard.
const ALLOWED_HEADERS: HeaderValue = HeaderValue::from_static("mcp-protocol-version, *");

const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("*");

/// Responds to GET, HEAD, and CORS preflights for the path of the metadata, with 404 for all other
/// paths, and with 405 for all other methods. Inside axum's `nest_service`, the original path counts.
impl<B> Service<Request<B>> for ProtectedResource {
    type Response = Response<String>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        ready(Ok(self.respond(&request)))
    }
}

impl ProtectedResource {
    fn respond<B>(&self, request: &Request<B>) -> Response<String> {
        let path = original_path(request).unwrap_or(request.uri().path());
        let is_root = self.settings.is_at_root && path == WELL_KNOWN;
        if path != self.metadata_path() && !is_root {
            return empty(StatusCode::NOT_FOUND, NO_STORE);
        }
        match *request.method() {
            Method::GET => self.metadata(true),
            Method::HEAD => self.metadata(false),
            Method::OPTIONS => options(request),
            _ => {
                let mut response = empty(StatusCode::METHOD_NOT_ALLOWED, NO_STORE);
                response.headers_mut().insert(ALLOW, ALLOWED_METHODS);
                response
            }
        }
    }

    /// The response to HEAD has the length of the document but not its body, which an HTTP/2 server
    /// would send.
    fn metadata(&self, has_body: bool) -> Response<String> {
        let json = self.settings.metadata.json();
        let mut response = empty(StatusCode::OK, CACHEABLE);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CONTENT_LENGTH, json.len().into());
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
        if has_body {
            *response.body_mut() = json;
        }
        response
    }
}

fn options<B>(request: &Request<B>) -> Response<String> {
    let mut response = empty(StatusCode::NO_CONTENT, NO_STORE);
    let headers = response.headers_mut();
    headers.insert(ALLOW, ALLOWED_METHODS);
    let asked = request.headers();
    if asked.contains_key(ORIGIN) && asked.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, ANY_ORIGIN);
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, ALLOWED_METHODS);
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED_HEADERS);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE_SECS);
    }
    response
}

fn empty(status: StatusCode, cache_control: HeaderValue) -> Response<String> {
    let mut response = Response::new(String::new());
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, cache_control);
    response
}
