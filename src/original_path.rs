//! The path of a request before axum's nested routers changed it; used by `path_owner` and
//! `protected_resource`.

use http::Request;

/// Returns the original path, if a router of axum has recorded it.
#[cfg(feature = "axum")]
pub(crate) fn original_path<B>(request: &Request<B>) -> Option<&str> {
    let original = request.extensions().get::<axum::extract::OriginalUri>();
    original.map(|uri| uri.path())
}

#[cfg(not(feature = "axum"))]
pub(crate) fn original_path<B>(_: &Request<B>) -> Option<&str> {
    None
}
