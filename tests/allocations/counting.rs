//! Counts the allocations of a layer for one request.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::{Layer, Service, service_fn};
use tower_jwt_auth::Rejection;

/// The allocations of a rejection: two for the header map, and three for the extension map and the
/// rejection in it. The strings are static.
const RESPONSE: u64 = 5;

/// Returns the allocations of one request in a layer, less those of the bare service, and the
/// response.
fn cost<L>(layer: &L, request: &Request<()>) -> (u64, Response<()>)
where
    L: Layer<Bare>,
    L::Service: Service<Request<()>, Error = Infallible>,
    <L::Service as Service<Request<()>>>::Response: IntoParts,
{
    let bare: Bare = service_fn(respond);
    let (without, _) = count(bare, request);
    let (with, response) = count(layer.layer(bare), request);
    (with - without, response.without_body())
}

pub(crate) type Bare = tower::util::ServiceFn<fn(Request<()>) -> ResponseFuture>;
pub(crate) type ResponseFuture = std::future::Ready<Result<Response<()>, Infallible>>;

fn respond(request: Request<()>) -> ResponseFuture {
    drop(request);
    std::future::ready(Ok(Response::new(())))
}

/// Returns the allocations of one request, after the first one.
fn count<S>(mut service: S, request: &Request<()>) -> (u64, S::Response)
where
    S: Service<Request<()>, Error = Infallible>,
{
    let mut rounds = (0..5).map(|_| {
        let request = request.clone();
        let mut response = None;
        let allocations = allocation_counter::measure(|| {
            response = Some(ask(&mut service, request));
        });
        (allocations.count_total, response.unwrap())
    });
    let _first_round = rounds.next();
    let (count, response) = rounds.next().unwrap();
    for (again, _) in rounds {
        assert_eq!(again, count, "the count differs between rounds");
    }
    (count, response)
}

fn ask<S>(service: &mut S, request: Request<()>) -> S::Response
where
    S: Service<Request<()>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("the service is not ready immediately"),
    }
}

pub(crate) trait IntoParts {
    fn without_body(self) -> Response<()>;
}

impl<B> IntoParts for Response<B> {
    fn without_body(self) -> Response<()> {
        self.map(drop)
    }
}

#[track_caller]
pub(crate) fn assert_accepted<L>(layer: &L, request: Request<()>, expected: u64, row: &str)
where
    L: Layer<Bare>,
    L::Service: Service<Request<()>, Error = Infallible>,
    <L::Service as Service<Request<()>>>::Response: IntoParts,
{
    let (cost, response) = cost(layer, &request);
    assert!(response.extensions().get::<Rejection>().is_none(), "{row}");
    assert_eq!(cost, expected, "{row}");
}

/// Asserts that a rejection costs `more` allocations than the same response built by hand.
#[track_caller]
pub(crate) fn assert_rejected<L>(
    layer: &L,
    request: Request<()>,
    reason: &str,
    more: u64,
    row: &str,
) where
    L: Layer<Bare>,
    L::Service: Service<Request<()>, Error = Infallible>,
    <L::Service as Service<Request<()>>>::Response: IntoParts,
{
    let (cost, response) = cost(layer, &request);
    let rejection = *response.extensions().get::<Rejection>().expect(row);
    assert_eq!(rejection.reason(), reason, "{row}");
    let by_hand = allocation_counter::measure(|| {
        let mut copy = Response::new(());
        *copy.status_mut() = response.status();
        for (name, value) in response.headers() {
            copy.headers_mut().insert(name, value.clone());
        }
        copy.extensions_mut().insert(rejection);
    });
    assert_eq!(by_hand.count_total, RESPONSE, "{row}");
    assert_eq!(cost, RESPONSE + more, "{row}");
}
