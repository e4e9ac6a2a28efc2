use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response, header::AUTHORIZATION};
use tower::Service;

use super::token_source::bearer_token;
use crate::{
    CurrentUser, Rejection, ResponseBody, ResponseFuture, TokenVerifier,
    rejection::{Answers, Protocol},
    report::Reports,
    user::Anonymous,
};

/// Middleware that verifies the bearer token of each request.
///
/// See [`JwtAuthLayer`](crate::JwtAuthLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct JwtAuth<S> {
    inner: S,
    shared: Arc<Shared>,
}

/// What all services of a layer have in common.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) verifier: TokenVerifier,
    pub(super) answers: Answers,
    pub(super) anonymous_may_pass: bool,
    pub(super) reports: Reports,
}

impl<S> JwtAuth<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
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

impl<S, B, R> Service<Request<B>> for JwtAuth<S>
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
        match self.shared.authenticate(&mut request) {
            // The service that was polled ready is the one that is called.
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(rejection) => ResponseFuture::refused(self.shared.refuse(rejection, &request)),
        }
    }
}

impl Shared {
    /// Leaves in the request's extensions who made it: its user, or the mark that says nobody, and
    /// never what was there before.
    fn authenticate<B>(&self, request: &mut Request<B>) -> Result<(), Rejection> {
        let verified = bearer_token(request.headers())
            .and_then(|token| Ok(self.verifier.verify_bytes(token)?));
        // Whoever prints the headers from here on does not print the token.
        if let Some(field) = request.headers_mut().get_mut(AUTHORIZATION) {
            field.set_sensitive(true);
        }
        match verified {
            Ok(user) => {
                request.extensions_mut().insert(user);
                Ok(())
            }
            Err(Rejection::MissingToken) if self.anonymous_may_pass => {
                request.extensions_mut().remove::<CurrentUser>();
                request.extensions_mut().insert(Anonymous);
                Ok(())
            }
            Err(rejection) => Err(rejection),
        }
    }

    fn refuse<B>(&self, rejection: Rejection, request: &Request<B>) -> Response<bytes::Bytes> {
        self.reports.refused(rejection);
        self.answers.answer(rejection, Protocol::of(request))
    }
}
