use http::{
    Extensions, HeaderMap, HeaderValue, Method, Request, Version, header::CONTENT_TYPE, request,
};

/// What of a request bears on how it is answered.
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

/// The protocol that a request is answered in.
#[derive(Clone, Debug)]
pub(crate) enum Protocol {
    Http,
    /// gRPC or gRPC-Web, with the request's content type.
    Grpc(HeaderValue),
}

impl Protocol {
    /// gRPC's answers have the HTTP status 200, which a proxy may take for leave to go on. So only
    /// a request that cannot be anything but gRPC is answered in it, whatever content type the
    /// client sends.
    pub(crate) fn of(head: Head<'_>) -> Self {
        if *head.method != Method::POST {
            return Self::Http;
        }
        match only_content_type(head.headers) {
            Some(value) if is_grpc(value.as_bytes(), head.version) => Self::Grpc(value.clone()),
            _ => Self::Http,
        }
    }
}

fn only_content_type(headers: &HeaderMap) -> Option<&HeaderValue> {
    let mut values = headers.get_all(CONTENT_TYPE).iter();
    let only = values.next()?;
    values.next().is_none().then_some(only)
}

fn is_grpc(content_type: &[u8], version: Version) -> bool {
    let ends = |rest: &[u8]| matches!(rest.first(), None | Some(b'+' | b';'));
    let Some(rest) = content_type.strip_prefix(b"application/grpc") else {
        return false;
    };
    match rest.strip_prefix(b"-web") {
        Some(web) => ends(web.strip_prefix(b"-text").unwrap_or(web)),
        None => version == Version::HTTP_2 && ends(rest),
    }
}
