//! [`RequireMcpScopeFuture`]: reads and checks the body of a request, and resolves to the inner
//! service's response or to a rejection.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response, request};
use http_body::Body;
use pin_project_lite::pin_project;
use tower::Service;

use super::{
    body::McpBody,
    collect::{Collected, TooLong},
    rules::{Denied, ResponseSigner},
    service::RequireMcpScope,
};
use crate::rejection::{Rejection, ResponseBody, ResponseFuture};

pin_project! {
    /// Response future of [`RequireMcpScope`].
    ///
    /// It allocates only memory for the body of a request, and for a rejection.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct RequireMcpScopeFuture<S, B>
    where
        S: Service<Request<McpBody<B>>>,
    {
        #[pin]
        stage: Stage<S, B, S::Future>,
        response_signer: Option<ResponseSigner>,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<S, B, F> {
        /// The inner service was called, or the rejection is ready.
        Now { #[pin] future: ResponseFuture<F> },
        /// The body is read.
        Reading { #[pin] body: B, head: Option<(request::Parts, RequireMcpScope<S>)>, collected: Collected },
        /// The body was accepted. The inner service is polled until it is ready and then called.
        Accepted { pending: Option<(Request<McpBody<B>>, S)> },
    }
}

impl<S, B> RequireMcpScopeFuture<S, B>
where
    S: Service<Request<McpBody<B>>>,
{
    pub(super) fn now(
        future: ResponseFuture<S::Future>,
        response_signer: Option<ResponseSigner>,
    ) -> Self {
        Self {
            stage: Stage::Now { future },
            response_signer,
        }
    }

    pub(super) fn reading(
        request: Request<B>,
        service: RequireMcpScope<S>,
        response_signer: Option<ResponseSigner>,
    ) -> Self {
        let (parts, body) = request.into_parts();
        Self {
            stage: Stage::Reading {
                body,
                head: Some((parts, service)),
                collected: Collected::default(),
            },
            response_signer,
        }
    }
}

impl<S, B, R> Future for RequireMcpScopeFuture<S, B>
where
    S: Service<Request<McpBody<B>>, Response = Response<R>>,
    B: Body<Data = Bytes>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut stage = this.stage;
        loop {
            let next = match stage.as_mut().project() {
                StageProj::Now { future } => {
                    let mut response = ready!(future.poll(cx))?;
                    if let Some(signer) = this.response_signer {
                        signer.sign(response.headers_mut());
                    }
                    return Poll::Ready(Ok(response));
                }
                StageProj::Reading {
                    body,
                    head,
                    collected,
                } => {
                    // Empty only if the future is polled again after it completed.
                    let Some((_, service)) = head else {
                        return Poll::Pending;
                    };
                    let read = ready!(poll_body(body, collected, service.rules.max_body_len, cx));
                    let Some((parts, service)) = mem::take(head) else {
                        return Poll::Pending;
                    };
                    let (bytes, trailers) = mem::take(collected).into_parts();
                    let checked = read
                        .map_err(Denied::from)
                        .and_then(|()| service.rules.check_body(&parts, &bytes));
                    match checked {
                        Ok(()) => {
                            let body = McpBody::read(bytes, trailers);
                            let request = Request::from_parts(parts, body);
                            Stage::Accepted {
                                pending: Some((request, service.inner)),
                            }
                        }
                        Err(denied) => {
                            let response = service.rules.reject(&denied, (&parts).into());
                            Stage::Now {
                                future: ResponseFuture::rejected(response),
                            }
                        }
                    }
                }
                StageProj::Accepted { pending } => {
                    // Empty only if the future is polled again after it completed.
                    let Some((_, service)) = pending else {
                        return Poll::Pending;
                    };
                    ready!(service.poll_ready(cx))?;
                    let Some((request, mut service)) = mem::take(pending) else {
                        return Poll::Pending;
                    };
                    Stage::Now {
                        future: ResponseFuture::inner(service.call(request)),
                    }
                }
            };
            stage.set(next);
        }
    }
}

/// Reads a body to its end.
fn poll_body<B: Body<Data = Bytes>>(
    mut body: Pin<&mut B>,
    collected: &mut Collected,
    max_len: usize,
    cx: &mut Context<'_>,
) -> Poll<Result<(), Rejection>> {
    while let Some(frame) = ready!(body.as_mut().poll_frame(cx)) {
        // The client is gone, or an outer layer that limits the body ended it.
        let Ok(frame) = frame else {
            return Poll::Ready(Err(Rejection::McpRequest));
        };
        if let Err(TooLong) = collected.push(frame, max_len) {
            return Poll::Ready(Err(Rejection::BodyTooLarge));
        }
    }
    Poll::Ready(Ok(()))
}
