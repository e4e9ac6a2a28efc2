use http::{
    Method, Request,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
};

/// Whether a browser asks, before it makes a request to another origin, whether it may (the Fetch
/// standard, "CORS-preflight request").
pub(super) fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
