//! The protocol of a response: HTTP or gRPC; used by `response`.

use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Method, Request, Version,
    header::{CONTENT_TYPE, TE},
    request,
};

/// The parts of a request that determine the protocol of its response.
#[derive(Clone, Copy)]
pub(crate) struct Head<'r> {
    pub(crate) method: &'r Method,
    pub(crate) version: Version,
    pub(crate) headers: &'r HeaderMap,
    pub(crate) extensions: &'r Extensions,
}

impl<'r, B> From<&'r Request<B>> for Head<'r> {
    fn from(request: &'r Request<B>) -> Self {
        Self {
            method: request.method(),
            version: request.version(),
            headers: request.headers(),
            extensions: request.extensions(),
        }
    }
}

impl<'r> From<&'r request::Parts> for Head<'r> {
    fn from(parts: &'r request::Parts) -> Self {
        Self {
            method: &parts.method,
            version: parts.version,
            headers: &parts.headers,
            extensions: &parts.extensions,
        }
    }
}

/// The protocol of a response.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    Http,
    /// gRPC or gRPC-Web, with the request's content type.
    Grpc(HeaderValue),
    /// gRPC over HTTP/1, with the request's content type: the form in which tonic-web's
    /// `GrpcWebLayer` passes gRPC-Web to its inner service. Any client can send such a request, so
    /// the response keeps the HTTP status of the rejection.
    GrpcOverHttp1(HeaderValue),
}

impl Protocol {
    /// Chooses the protocol of a response.
    ///
    /// A gRPC response has the HTTP status 200, which a forward-auth proxy treats as allowed.
    /// Therefore the protocol is gRPC only if the request cannot be anything else; the content type
    /// alone, which any client can send, is not enough.
    pub(crate) fn for_request(head: Head<'_>) -> Self {
        if *head.method != Method::POST {
            return Self::Http;
        }
        let Some(content_type) = single_value(head.headers, CONTENT_TYPE) else {
            return Self::Http;
        };
        let Some(rest) = content_type.as_bytes().strip_prefix(b"application/grpc") else {
            return Self::Http;
        };
        let ends_subtype = |rest: &[u8]| matches!(rest.first(), None | Some(b'+' | b';'));
        if let Some(web) = rest.strip_prefix(b"-web") {
            return if ends_subtype(web.strip_prefix(b"-text").unwrap_or(web)) {
                Self::Grpc(content_type.clone())
            } else {
                Self::Http
            };
        }
        match head.version {
            _ if !ends_subtype(rest) => Self::Http,
            Version::HTTP_2 => Self::Grpc(content_type.clone()),
            Version::HTTP_10 | Version::HTTP_11 if accepts_trailers(head.headers) => {
                Self::GrpcOverHttp1(content_type.clone())
            }
            _ => Self::Http,
        }
    }
}

/// Returns whether the client accepts trailers. Every gRPC client sends this header, and
/// `GrpcWebLayer` sets it.
fn accepts_trailers(headers: &HeaderMap) -> bool {
    single_value(headers, TE).is_some_and(|te| te == "trailers")
}

fn single_value(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then_some(value)
}
