//! [`JwtAuthFuture`]: resolves to the inner service's response or to a rejection, after waiting for
//! keys or for a lookup if necessary.

use std::{
    future::Future,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{HeaderValue, Request, Response, header::CACHE_CONTROL};
use pin_project_lite::pin_project;
use tower::Service;

use super::service::{Decision, JwtAuth, Wait};
use crate::rejection::{ResponseBody, ResponseFuture};

pin_project! {
    /// Response future of [`JwtAuth`].
    ///
    /// It allocates only for a request that waits: for keys, or for a credential that is looked up.
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
        /// The request waits. Afterwards, the inner service is polled until it is ready and then
        /// called.
        Waiting { step: Step, pending: Option<Box<(Request<B>, JwtAuth<S>)>> },
    }
}

enum Step {
    ForDecision(Wait),
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

    pub(super) fn waiting(wait: Wait, request: Request<B>, service: JwtAuth<S>) -> Self {
        Self {
            stage: Stage::Waiting {
                step: Step::ForDecision(wait),
                pending: Some(Box::new((request, service))),
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
                    let mut result = future.poll(cx);
                    if *this.is_private
                        && let Poll::Ready(Ok(response)) = &mut result
                    {
                        mark_private(response);
                    }
                    return result;
                }
                StageProj::Waiting { step, pending } => (step, pending),
            };
            // Empty only if the future is polled again after it completed.
            let Some(waiting) = pending else {
                return Poll::Pending;
            };
            let (request, service) = &mut **waiting;
            let future = match step {
                Step::ForDecision(wait) => {
                    let shared = &service.shared;
                    match ready!(wait.poll(shared, request, cx)) {
                        Decision::Reject(rejection, details) => {
                            let response = shared.reject(rejection, details.as_deref(), request);
                            ResponseFuture::rejected(response)
                        }
                        Decision::Accept { is_private } => {
                            *this.is_private = is_private;
                            *step = Step::ForService;
                            continue;
                        }
                        Decision::Wait(again) => {
                            *wait = again;
                            continue;
                        }
                    }
                }
                Step::ForService => {
                    ready!(service.inner.poll_ready(cx))?;
                    let Some(waiting) = mem::take(pending) else {
                        return Poll::Pending;
                    };
                    let (request, mut service) = *waiting;
                    ResponseFuture::inner(service.inner.call(request))
                }
            };
            stage.set(Stage::Now { future });
        }
    }
}

/// Adds `private` to the response's `Cache-Control` (RFC 6750 section 2.3), unless it already has
/// `private` or `no-store`. Removes the directives that allow shared caches to store the response.
fn mark_private<R>(response: &mut Response<R>) {
    const PRIVATE: HeaderValue = HeaderValue::from_static("private");

    let headers = response.headers_mut();
    if !headers.contains_key(CACHE_CONTROL) {
        headers.insert(CACHE_CONTROL, PRIVATE);
        return;
    }
    let values: Vec<_> = headers.get_all(CACHE_CONTROL).iter().cloned().collect();
    let directives = values
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(str::trim_ascii);
    let is_named = |directive: &str, name| directive.eq_ignore_ascii_case(name);
    if { directives.clone() }.any(|it| is_named(it, "private") || is_named(it, "no-store")) {
        return;
    }
    let is_for_shared_caches = |directive: &str| {
        let name = directive.split('=').next().unwrap_or_default();
        is_named(directive, "public") || is_named(name, "s-maxage")
    };
    let kept = directives.filter(|it| !it.is_empty() && !is_for_shared_caches(it));
    let all: Vec<&str> = ["private"].into_iter().chain(kept).collect();
    let value = HeaderValue::try_from(all.join(", "));
    headers.insert(CACHE_CONTROL, value.unwrap_or(PRIVATE));
}
