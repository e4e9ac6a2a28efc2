//! A client that sends requests to nginx.

use http::{HeaderMap, Method, Request, StatusCode, Uri, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::Bytes,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;

use crate::{backend::Reached, nginx::Nginx};

#[derive(Clone, Copy, Debug)]
pub enum Version {
    Http1,
    /// HTTP/2 with prior knowledge.
    Http2,
}

pub const VERSIONS: [Version; 2] = [Version::Http1, Version::Http2];

#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let value = self.headers.get(name)?;
        Some(value.to_str().expect("ASCII"))
    }

    /// Returns the request that the backend received; the status must be 200.
    pub fn reached(&self) -> Reached {
        assert_eq!(self.status, 200, "{self:?}");
        serde_json::from_slice(&self.body).expect("the backend's answer")
    }
}

/// A GET request with these headers.
pub fn get(path: &str, headers: &[(&str, &str)]) -> Request<Full<Bytes>> {
    request(Method::GET, path, headers, "")
}

pub fn request(
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://edge.example{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Full::new(body.into())).expect("a request")
}

/// Sends a request over a new connection.
pub async fn ask(nginx: &Nginx, version: Version, request: Request<Full<Bytes>>) -> Answer {
    let socket = match version {
        Version::Http1 => &nginx.http1,
        Version::Http2 => &nginx.http2,
    };
    let stream = UnixStream::connect(socket).await.expect("nginx listens");
    let io = TokioIo::new(stream);
    let response = match version {
        Version::Http1 => {
            // Most clients do not send header names in lower case.
            let connection = http1::Builder::new().title_case_headers(true).handshake(io);
            let (mut sender, connection) = connection.await.expect("HTTP/1.1");
            tokio::spawn(connection);
            sender.send_request(in_origin_form(request)).await
        }
        Version::Http2 => {
            let connection = http2::handshake(TokioExecutor::new(), io);
            let (mut sender, connection) = connection.await.expect("HTTP/2");
            tokio::spawn(connection);
            sender.send_request(request).await
        }
    };
    let (parts, body) = response.expect("an answer").into_parts();
    Answer {
        status: parts.status,
        headers: parts.headers,
        body: body.collect().await.expect("a body").to_bytes(),
    }
}

fn in_origin_form(mut request: Request<Full<Bytes>>) -> Request<Full<Bytes>> {
    let uri = request.uri().clone();
    let host = uri.host().expect("a host").parse().expect("a header value");
    request.headers_mut().insert(HOST, host);
    let path = uri.path_and_query().expect("a path").clone();
    *request.uri_mut() = Uri::from(path);
    request
}
