//! [`JwtAuthFuture`]: the inner service's response, a rejection, or a wait for keys before either.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, header::CACHE_CONTROL};
use pin_project_lite::pin_project;
use tower::Service;

use super::service::{JwtAuth, Verdict};
use crate::{
    rejection::{ResponseBody, ResponseFuture},
    token::Pending,
};

pin_project! {
    /// Response future of [`JwtAuth`].
    ///
    /// It allocates only for a request that waits for keys to be fetched.
    #[must_use = "futures do nothing unless they are polled"]
    pub struct JwtAuthFuture<S, B>
    where
        S: Service<Request<B>>,
    {
        #[pin]
        stage: Stage<S, B, S::Future>,
        is_private: bool,
    }
}

pin_project! {
    #[project = StageProj]
    enum Stage<S, B, F> {
        /// The inner service was called, or the rejection is ready.
        Now { #[pin] future: ResponseFuture<F> },
        /// The request waits for keys. The inner service is called, and first polled ready,
        /// afterwards.
        Waiting { step: Step, pending: Option<(Request<B>, JwtAuth<S>)> },
    }
}

enum Step {
    ForKeys(Pending),
    ForService,
}

impl<S, B> JwtAuthFuture<S, B>
where
    S: Service<Request<B>>,
{
    pub(super) fn now(future: ResponseFuture<S::Future>, is_private: bool) -> Self {
        Self {
            stage: Stage::Now { future },
            is_private,
        }
    }

    pub(super) fn waiting(wait: Pending, request: Request<B>, service: JwtAuth<S>) -> Self {
        Self {
            stage: Stage::Waiting {
                step: Step::ForKeys(wait),
                pending: Some((request, service)),
            },
            is_private: false,
        }
    }
}

impl<S, B, R> Future for JwtAuthFuture<S, B>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Output = Result<Response<ResponseBody<R>>, S::Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let mut stage = this.stage;
        loop {
            let (step, pending) = match stage.as_mut().project() {
                StageProj::Now { future } => {
                    let mut answered = future.poll(cx);
                    if *this.is_private
                        && let Poll::Ready(Ok(response)) = &mut answered
                    {
                        mark_private(response);
                    }
                    return answered;
                }
                StageProj::Waiting { step, pending } => (step, pending),
            };
            // Empty only if the future is polled again after it completed.
            let Some((request, service)) = pending else {
                return Poll::Pending;
            };
            let future = match step {
                Step::ForKeys(wait) => {
                    let verdict = match ready!(Pin::new(&mut *wait).poll(cx)) {
                        Ok(waiter) => service.shared.authenticate(request, Some(waiter)),
                        Err(error) => Verdict::Refuse(error.into()),
                    };
                    match verdict {
                        Verdict::Refuse(rejection) => {
                            ResponseFuture::refused(service.shared.refuse(rejection, request))
                        }
                        Verdict::Pass { is_private } => {
                            *this.is_private = is_private;
                            *step = Step::ForService;
                            continue;
                        }
                        Verdict::Wait(again) => {
                            *wait = again;
                            continue;
                        }
                    }
                }
                Step::ForService => {
                    ready!(service.inner.poll_ready(cx))?;
                    let Some((request, mut service)) = mem::take(pending) else {
                        return Poll::Pending;
                    };
                    ResponseFuture::inner(service.inner.call(request))
                }
            };
            stage.set(Stage::Now { future });
        }
    }
}

/// Forbids shared caches to store the response (RFC 6750 section 2.3). The other directives of the
/// response are kept.
fn mark_private<R>(response: &mut Response<R>) {
    let headers = response.headers_mut();
    let said: Vec<_> = headers.get_all(CACHE_CONTROL).iter().cloned().collect();
    let directives = said
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim_ascii);
    let is = |directive: &str, name| directive.eq_ignore_ascii_case(name);
    if { directives.clone() }.any(|said| is(said, "private") || is(said, "no-store")) {
        return;
    }
    let is_of_shared = |said: &str| {
        is(said, "public") || is(said.split('=').next().unwrap_or_default(), "s-maxage")
    };
    let stays = directives.filter(|said| !said.is_empty() && !is_of_shared(said));
    let all: Vec<&str> = ["private"].into_iter().chain(stays).collect();
    let value = HeaderValue::try_from(all.join(", "));
    headers.insert(
        CACHE_CONTROL,
        value.unwrap_or(HeaderValue::from_static("private")),
    );
}
