//! [`RequireScope`]: checks the grants of a request's user.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use super::needed::Needed;
use crate::{
    accessors::inner_service_accessors,
    rejection::{ResponseBody, ResponseFuture},
    user_rules::UserRules,
};

/// Middleware that accepts a request only if its user has a scope or a role.
///
/// See [`RequireScopeLayer`](crate::RequireScopeLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct RequireScope<S> {
    inner: S,
    rules: Arc<UserRules<Needed>>,
}

impl<S> RequireScope<S> {
    pub(super) fn new(inner: S, rules: Arc<UserRules<Needed>>) -> Self {
        Self { inner, rules }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for RequireScope<S>
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
