//! A service that does nothing, and how to ask one that never waits.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::Service;

/// Answers each request with 200 and an empty body. What the layers are wrapped around.
#[derive(Clone, Copy)]
pub struct Noop;

impl<B> Service<Request<B>> for Noop
where
    B: Default,
{
    type Response = Response<B>;
    type Error = Infallible;
    type Future = Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // Dropped as a handler drops it, with the user that is in its extensions.
        drop(request);
        ready(Ok(Response::new(B::default())))
    }
}

/// What a service answers that needs no runtime.
pub fn ask<S, B>(service: &mut S, request: Request<B>) -> S::Response
where
    S: Service<Request<B>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(Ok(())) = service.poll_ready(&mut context) else {
        panic!("the service is not ready");
    };
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("the service waits"),
    }
}
