use std::{
    future::Future,
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{
    FromRequestParts, OriginalUri, RawPathParams, rejection::RawPathParamsRejection,
};
use http::{Extensions, Request};

use super::path::{Owner, is_one_segment, is_unambiguous};
use crate::Rejection;

/// Whether the path that the client asked for is clear. Inside of `nest`, the path of the request
/// is only the rest of it.
pub(super) fn original_path_is_unambiguous<B>(request: &Request<B>) -> bool {
    original_path(request).is_none_or(is_unambiguous)
}

/// The path that the client asked for, before `nest` removed its prefix.
pub(super) fn original_path<B>(request: &Request<B>) -> Option<&str> {
    let original = request.extensions().get::<OriginalUri>();
    original.map(|uri| uri.path())
}

/// The parameters that axum's router found in a path.
pub(super) enum RouteParams {
    Decoded(RawPathParams),
    /// One of them is not UTF-8.
    Unreadable,
    /// No route of a router was found yet.
    None,
}

impl RouteParams {
    /// Reads what axum's router put into the extensions. Only its extractor can read that, and the
    /// extractor never waits, so one poll is enough.
    pub(super) fn read(extensions: &mut Extensions) -> Self {
        let (mut parts, ()) = Request::new(()).into_parts();
        parts.extensions = mem::take(extensions);
        let extracted = {
            let extraction = pin!(RawPathParams::from_request_parts(&mut parts, &()));
            extraction.poll(&mut Context::from_waker(Waker::noop()))
        };
        *extensions = parts.extensions;
        match extracted {
            Poll::Ready(Ok(params)) => Self::Decoded(params),
            Poll::Ready(Err(RawPathParamsRejection::MissingPathParams(_))) => Self::None,
            Poll::Ready(Err(_)) | Poll::Pending => Self::Unreadable,
        }
    }

    /// The names of the route's parameters, which are in the route and not in the request.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Self::Decoded(params) => Some(params.iter().map(|(name, _)| name).collect()),
            Self::Unreadable | Self::None => None,
        }
    }

    /// The owner that the parameters of this name have. `None` if one is no id, or one before the
    /// last of them may be read as more or less than a segment.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoParameter`] if none has this name.
    pub(super) fn owner(&self, name: &str) -> Result<Option<Owner<'_>>, Rejection> {
        let params: Vec<_> = match self {
            Self::Decoded(params) => params.iter().collect(),
            Self::Unreadable => return Ok(None),
            Self::None => Vec::new(),
        };
        let last = params.iter().rposition(|(param, _)| *param == name);
        let last = last.ok_or(Rejection::NoParameter)?;
        let mut owner: Option<Owner<'_>> = None;
        for (param, value) in params.into_iter().take(last + 1) {
            if param == name {
                let Some(value) = Owner::from_decoded(value.into()) else {
                    return Ok(None);
                };
                owner = Some(match owner {
                    Some(owner) => owner.and(&value),
                    None => value,
                });
            } else if !is_one_segment(value.as_bytes()) {
                return Ok(None);
            }
        }
        Ok(owner)
    }
}
