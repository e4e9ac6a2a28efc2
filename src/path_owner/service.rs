//! [`PathOwner`]: applies the rules to each request.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use super::rules::Rules;
use crate::{
    accessors::inner_service_accessors,
    rejection::{Refusal, ResponseBody, ResponseFuture, reject_inside_auth},
};

/// Middleware that accepts a request only if its path belongs to the current user.
///
/// See [`PathOwnerLayer`](crate::PathOwnerLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct PathOwner<S> {
    inner: S,
    rules: Arc<Rules>,
}

impl<S> PathOwner<S> {
    pub(super) fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }

    inner_service_accessors!();
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
        match self.rules.check(&mut request) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            // The inner service is not called and stays ready for the next request.
            Err(rejection) => {
                let rules = &*self.rules;
                let event_log = &*rules.event_log;
                event_log.no_owner_in_path(rejection, || rules.advice(&mut request));
                event_log
                    .other_issuer(rejection, || rules.users.advice(request.extensions().get()));
                let refusal = Refusal {
                    is_hidden: rules.is_hidden,
                    ..rejection.into()
                };
                let response = reject_inside_auth(refusal, rules.http_only, event_log, &request);
                ResponseFuture::rejected(response)
            }
        }
    }
}
