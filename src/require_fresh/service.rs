//! [`RequireFresh`]: checks the sign-in of a request's user.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use super::sign_in::SignIn;
use crate::{
    accessors::inner_service_accessors,
    rejection::{ResponseBody, ResponseFuture},
    user_rules::UserRules,
};

/// Middleware that accepts a request only if its user signed in recently, or in a certain way.
///
/// See [`RequireFreshLayer`](crate::RequireFreshLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct RequireFresh<S> {
    inner: S,
    rules: Arc<UserRules<SignIn>>,
}

impl<S> RequireFresh<S> {
    pub(super) fn new(inner: S, rules: Arc<UserRules<SignIn>>) -> Self {
        Self { inner, rules }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for RequireFresh<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        self.rules.call(&mut self.inner, request)
    }
}
