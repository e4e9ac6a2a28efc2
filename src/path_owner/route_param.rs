use std::{
    future::Future,
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use http::{Extensions, Request};

use super::path::{Whose, is_one_segment, is_unambiguous};

/// Whether the path that the client asked for is clear. Inside of `nest`, the path of the request
/// is only the rest of it.
pub(super) fn has_clear_origin<B>(request: &Request<B>) -> bool {
    let original = request.extensions().get::<OriginalUri>();
    original.is_none_or(|uri| is_unambiguous(uri.path()))
}

/// Whether every parameter of this name that axum's router found is such an id, and there is one,
/// and none before it that may be read as more or less than a segment.
pub(super) fn are(params: &RawPathParams, name: &str, whose: Whose<'_>) -> bool {
    let params: Vec<_> = params.iter().collect();
    let Some(last) = params.iter().rposition(|(param, _)| *param == name) else {
        return false;
    };
    let mut up_to_last = params[..=last].iter();
    up_to_last.all(|(param, value)| {
        if *param == name {
            whose.is(value)
        } else {
            is_one_segment(value.as_bytes())
        }
    })
}

/// What axum's router put into the extensions, decoded. Only its extractor can read that, and the
/// extractor never waits, so one poll is enough.
pub(super) fn route_params(extensions: &mut Extensions) -> Option<RawPathParams> {
    let (mut parts, ()) = Request::new(()).into_parts();
    parts.extensions = mem::take(extensions);
    let extracted = {
        let extraction = pin!(RawPathParams::from_request_parts(&mut parts, &()));
        extraction.poll(&mut Context::from_waker(Waker::noop()))
    };
    *extensions = parts.extensions;
    match extracted {
        Poll::Ready(params) => params.ok(),
        Poll::Pending => None,
    }
}
