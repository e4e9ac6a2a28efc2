//! A service that does nothing, and a function that calls a service that never waits.

use std::{
    convert::Infallible,
    future::{Future, Ready, ready},
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::Service;

/// The inner service of all layers. Responds with 200 and an empty body.
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
        // A handler also drops the request, with the user in its extensions.
        drop(request);
        ready(Ok(Response::new(B::default())))
    }
}

/// Calls a service that needs no runtime, and returns its response.
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
