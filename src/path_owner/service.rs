use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower_service::Service;

#[cfg(feature = "axum")]
use super::route_param;
use super::{
    layer::{Reader, Rules},
    path::{is_id_encoded, is_unambiguous},
    pattern::{Found, Meaning},
};
use crate::{
    CurrentUser, Rejection, ResponseBody, ResponseFuture, rejection::Protocol, report::Reports,
    user::Anonymous,
};

/// Middleware that lets a request through only when its path is the current user's own.
///
/// See [`PathOwnerLayer`](crate::PathOwnerLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct PathOwner<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) reports: Arc<Reports>,
}

impl<S> PathOwner<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }

    /// The inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// The inner service, to change it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// The inner service, taken out.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for PathOwner<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.shared.rules.judge(&mut request) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(rejection) => {
                self.shared.reports.refused(rejection);
                let answers = &self.shared.rules.answers;
                ResponseFuture::refused(answers.answer(rejection, Protocol::of(&request)))
            }
        }
    }
}

impl Rules {
    fn judge<B>(&self, request: &mut Request<B>) -> Result<(), Rejection> {
        let user = request.extensions().get::<CurrentUser>();
        if user.is_none() && request.extensions().get::<Anonymous>().is_none() {
            return Err(Rejection::NoUser);
        }
        let path = request.uri().path();
        let found = self.patterns.find(path, &self.parameter);
        let is_clear = is_unambiguous(path)
            && match self.reader {
                Reader::Patterns => true,
                #[cfg(feature = "axum")]
                Reader::Router => route_param::has_clear_origin(request),
            };
        if is_clear
            && found
                .as_ref()
                .is_some_and(|found| found.meaning == Meaning::Excepted && found.is_in_place)
        {
            return Ok(());
        }
        let user = user.ok_or(Rejection::MissingToken)?;
        let is_own = is_clear
            && match self.reader {
                Reader::Patterns => match found {
                    Some(Found {
                        meaning: Meaning::Owned,
                        owner: Some(raw),
                        is_in_place: true,
                    }) => is_id_encoded(raw, user.user_id()),
                    _ => false,
                },
                #[cfg(feature = "axum")]
                Reader::Router => {
                    let user = user.clone();
                    route_param::is_own(request, &self.parameter, user.user_id())
                }
            };
        is_own.then_some(()).ok_or(Rejection::NotOwner)
    }
}
