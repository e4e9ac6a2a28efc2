//! The parameters that axum's router found in a path; used by the service for `path_param`.

use std::{
    future::Future,
    mem,
    pin::pin,
    task::{Context, Poll, Waker},
};

use axum::extract::{FromRequestParts, RawPathParams, rejection::RawPathParamsRejection};
use http::{Extensions, Request};

use super::path::{Owner, is_one_segment, is_unambiguous};
use crate::{original_path::original_path, rejection::Rejection};

/// Returns whether the path that the client requested is unambiguous. Inside `nest`, the request's
/// own path is only the part after the prefix.
pub(super) fn original_path_is_unambiguous<B>(request: &Request<B>) -> bool {
    original_path(request).is_none_or(is_unambiguous)
}

/// Returns whether a slash in a decoded parameter may come from an encoded one in the path.
fn has_encoded_slash<B>(request: &Request<B>) -> bool {
    let paths = [Some(request.uri().path()), original_path(request)];
    paths.into_iter().flatten().any(|path| {
        let mut escapes = path.as_bytes().windows(3);
        escapes.any(|escape| escape.eq_ignore_ascii_case(b"%2f"))
    })
}

/// The parameters that axum's router found in a path.
pub(super) enum RouteParams {
    Decoded(RawPathParams),
    /// A parameter is not valid UTF-8.
    Unreadable,
    /// No router has matched a route yet.
    None,
}

impl RouteParams {
    /// Reads the parameters that axum's router stored in the extensions. Only its extractor can
    /// read them; the extractor never waits, so one poll is enough.
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

    /// Returns the names of the route's parameters, which come from the route, not from the
    /// request.
    pub(super) fn names(&self) -> Option<Vec<&str>> {
        match self {
            Self::Decoded(params) => Some(params.iter().map(|(name, _)| name).collect()),
            Self::Unreadable | Self::None => None,
        }
    }

    /// Returns the name of the first parameter that contains a slash, as only wildcards do if the
    /// path has no encoded slash.
    pub(super) fn wildcard(&self) -> Option<&str> {
        let Self::Decoded(params) = self else {
            return None;
        };
        let (name, _) = params.iter().find(|(_, value)| value.contains('/'))?;
        Some(name)
    }

    /// Returns the owner that the parameters of this name contain. Returns `None` if one is not an
    /// ID, or if a parameter before the last of them could be read as several segments or as none.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoParameter`] if no parameter has this name, or if the last of them is in or
    /// after a wildcard that matched several segments, which the client cannot change.
    pub(super) fn owner<B>(
        &self,
        name: &str,
        request: &Request<B>,
    ) -> Result<Option<Owner<'_>>, Rejection> {
        let params: Vec<_> = match self {
            Self::Decoded(params) => params.iter().collect(),
            Self::Unreadable => return Ok(None),
            Self::None => Vec::new(),
        };
        let last = params.iter().rposition(|(param, _)| *param == name);
        let last = last.ok_or(Rejection::NoParameter)?;
        let mut owner: Option<Owner<'_>> = None;
        // Segments after the last owner's parameter cannot move it.
        for (param, value) in params.into_iter().take(last + 1) {
            if value.contains('/') && !has_encoded_slash(request) {
                return Err(Rejection::NoParameter);
            }
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
