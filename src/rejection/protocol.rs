use http::{HeaderMap, HeaderValue, Method, Request, Version, header::CONTENT_TYPE};

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
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        if request.method() != Method::POST {
            return Self::Http;
        }
        match only_content_type(request.headers()) {
            Some(value) if is_grpc(value.as_bytes(), request.version()) => {
                Self::Grpc(value.clone())
            }
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
