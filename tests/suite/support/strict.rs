//! An inner service that requires its contract.

use std::{
    future::{Ready, ready},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use tower::Service;
use tower_jwt_auth::CurrentUser;

/// Panics if it is called without a preceding `Poll::Ready`. A clone is not ready.
#[derive(Default)]
pub(crate) struct Strict {
    pub(crate) is_ready: bool,
    pub(crate) polled: usize,
    pub(crate) polls_before_ready: usize,
    pub(crate) is_broken: Arc<AtomicBool>,
    pub(crate) polls: Arc<AtomicUsize>,
    pub(crate) calls: Arc<AtomicUsize>,
}

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("broken")]
pub(crate) struct Broken;

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            is_ready: false,
            polled: 0,
            polls_before_ready: self.polls_before_ready,
            is_broken: Arc::clone(&self.is_broken),
            polls: Arc::clone(&self.polls),
            calls: Arc::clone(&self.calls),
        }
    }
}

impl<B> Service<Request<B>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Broken;
    type Future = Ready<Result<Self::Response, Broken>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Broken>> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        if self.is_broken.load(Ordering::Relaxed) {
            return Poll::Ready(Err(Broken));
        }
        if self.polled < self.polls_before_ready {
            self.polled += 1;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        assert!(
            std::mem::take(&mut self.is_ready),
            "called before it was ready"
        );
        self.polled = 0;
        self.calls.fetch_add(1, Ordering::Relaxed);
        let user = request.extensions().get::<CurrentUser>().unwrap();
        ready(Ok(Response::new(Full::from(user.user_id().to_owned()))))
    }
}
