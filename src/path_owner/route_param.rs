use std::{
    future::Future,
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{FromRequestParts, OriginalUri, RawPathParams};
use http::{Extensions, Request};

use super::path::{Owner, is_one_segment, is_unambiguous};

/// Whether the path that the client asked for is clear. Inside of `nest`, the path of the request
/// is only the rest of it.
pub(super) fn has_clear_origin<B>(request: &Request<B>) -> bool {
    let original = request.extensions().get::<OriginalUri>();
    original.is_none_or(|uri| is_unambiguous(uri.path()))
}

/// The owner that the parameters of this name have, if there is one and each is an id, and none
/// before the last of them may be read as more or less than a segment.
pub(super) fn owner<'p>(params: &'p RawPathParams, name: &str) -> Option<Owner<'p>> {
    let params: Vec<_> = params.iter().collect();
    let last = params.iter().rposition(|(param, _)| *param == name)?;
    let mut owner: Option<Owner<'_>> = None;
    for (param, value) in params.into_iter().take(last + 1) {
        if param == name {
            let value = Owner::from_decoded(value.into())?;
            owner = Some(match owner {
                Some(owner) => owner.and(&value),
                None => value,
            });
        } else if !is_one_segment(value.as_bytes()) {
            return None;
        }
    }
    owner
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
