//! [`RequireMcpScope`]: checks the scopes of a request's user before an MCP server executes it.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::{
    body::McpBody,
    future::RequireMcpScopeFuture,
    rules::{Admitted, Rules},
};
use crate::{
    accessors::inner_service_accessors,
    rejection::{ResponseBody, ResponseFuture},
};

/// Middleware that accepts an MCP request only if its user has the scopes that it requires.
///
/// See [`RequireMcpScopeLayer`](crate::RequireMcpScopeLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct RequireMcpScope<S> {
    pub(super) inner: S,
    pub(super) rules: Arc<Rules>,
}

impl<S> RequireMcpScope<S> {
    pub(super) fn new(inner: S, rules: Arc<Rules>) -> Self {
        Self { inner, rules }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for RequireMcpScope<S>
where
    S: Service<Request<McpBody<B>>, Response = Response<R>> + Clone,
    B: Body<Data = Bytes>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = RequireMcpScopeFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.rules.admit(&mut request) {
            // The inner service is not called and stays ready for the next request.
            Err(denied) => {
                let response = self.rules.reject(&denied, (&request).into());
                RequireMcpScopeFuture::now(ResponseFuture::rejected(response), None)
            }
            // A request whose body is read must not keep the capacity that `poll_ready` reserved in
            // the inner service. Dropping the service that reserved it releases the capacity; its
            // clone is polled before it is called.
            Ok(Admitted {
                reads_body: true,
                response_signer,
            }) => {
                self.inner = self.inner.clone();
                RequireMcpScopeFuture::reading(request, self.clone(), response_signer)
            }
            // Calls the service on which `poll_ready` succeeded, not its clone.
            Ok(Admitted {
                response_signer, ..
            }) => {
                let future = self.inner.call(request.map(McpBody::unread));
                RequireMcpScopeFuture::now(ResponseFuture::inner(future), response_signer)
            }
        }
    }
}
