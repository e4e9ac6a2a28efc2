use std::{
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use tower_service::Service;

use super::{future::JwtAuthFuture, token_source::bearer_token};
use crate::{
    CurrentUser, Rejection, ResponseBody, ResponseFuture, TokenError, TokenVerifier,
    key::KeyWait,
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
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
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
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = JwtAuthFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.shared.authenticate(&mut request) {
            // The service that was polled ready is the one that is called.
            Verdict::Pass => JwtAuthFuture::now(ResponseFuture::inner(self.inner.call(request))),
            Verdict::Refuse(rejection) => {
                let response = self.shared.refuse(rejection, &request);
                JwtAuthFuture::now(ResponseFuture::refused(response))
            }
            Verdict::Wait(wait) => {
                // While the request waits it must not keep others from the inner service, as it
                // would by holding what `poll_ready` reserved. That goes with the service that
                // reserved it; the one that takes its place is polled before it is called.
                self.inner = self.inner.clone();
                JwtAuthFuture::waiting(wait, request, self.clone())
            }
        }
    }
}

/// What becomes of a request.
pub(super) enum Verdict {
    Pass,
    Refuse(Rejection),
    /// Its key is not there, and may be had.
    Wait(KeyWait),
}

impl Shared {
    /// Judges a request. One that passes has in its extensions who made it: its user, or the mark
    /// that says nobody, and never what was there before.
    fn authenticate<B>(&self, request: &mut Request<B>) -> Verdict {
        let judged = match bearer_token(request.headers_mut()) {
            Ok(token) => self.verifier.judge_or_wait(token),
            Err(rejection) => return self.without_token(rejection, request),
        };
        match judged {
            Ok(verified) => self.conclude(verified, request),
            Err(wait) => Verdict::Wait(wait),
        }
    }

    /// Judges a request after it has waited.
    pub(super) fn authenticate_finally<B>(&self, request: &mut Request<B>) -> Verdict {
        match bearer_token(request.headers_mut()) {
            Ok(token) => self.conclude(self.verifier.judge_finally(token), request),
            Err(rejection) => self.without_token(rejection, request),
        }
    }

    fn conclude<B>(
        &self,
        verified: Result<CurrentUser, TokenError>,
        request: &mut Request<B>,
    ) -> Verdict {
        match verified {
            Ok(user) => {
                // Two layers with different keys or rules may well stand one in the other.
                let judge = user.judge();
                if let Some(before) = request.extensions_mut().insert(user)
                    && before.judge() == judge
                {
                    self.reports.applied_twice();
                }
                Verdict::Pass
            }
            Err(error) => Verdict::Refuse(error.into()),
        }
    }

    fn without_token<B>(&self, rejection: Rejection, request: &mut Request<B>) -> Verdict {
        if rejection != Rejection::MissingToken || !self.anonymous_may_pass {
            return Verdict::Refuse(rejection);
        }
        request.extensions_mut().remove::<CurrentUser>();
        request.extensions_mut().insert(Anonymous);
        Verdict::Pass
    }

    pub(super) fn refuse<B>(&self, rejection: Rejection, request: &Request<B>) -> Response<Bytes> {
        self.reports.refused(rejection);
        self.answers.answer(rejection, Protocol::of(request))
    }
}
