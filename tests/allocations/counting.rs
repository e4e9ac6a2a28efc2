//! What a request costs in a layer, in allocations.

use std::{
    convert::Infallible,
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{Request, Response};
use tower::{Layer, Service, service_fn};
use tower_jwt_auth::Rejection;

/// What a refusal is made of: two for the header map, and three for the extension map and the
/// rejection in it. The texts are static.
const RESPONSE: u64 = 5;

/// What one request costs in a layer around a service that does nothing, and its answer.
fn cost<L>(layer: &L, request: &Request<()>) -> (u64, Response<()>)
where
    L: Layer<Bare>,
    L::Service: Service<Request<()>, Error = Infallible>,
    <L::Service as Service<Request<()>>>::Response: IntoParts,
{
    let bare: Bare = service_fn(answer);
    let (without, _) = count(bare, request);
    let (with, answered) = count(layer.layer(bare), request);
    (with - without, answered.without_body())
}

pub(crate) type Bare = tower::util::ServiceFn<fn(Request<()>) -> Answered>;
pub(crate) type Answered = std::future::Ready<Result<Response<()>, Infallible>>;

fn answer(request: Request<()>) -> Answered {
    drop(request);
    std::future::ready(Ok(Response::new(())))
}

/// What one request costs, once it is always the same.
fn count<S>(mut service: S, request: &Request<()>) -> (u64, S::Response)
where
    S: Service<Request<()>, Error = Infallible>,
{
    let mut rounds = (0..5).map(|_| {
        let request = request.clone();
        let mut answered = None;
        let allocations = allocation_counter::measure(|| {
            answered = Some(ask(&mut service, request));
        });
        (allocations.count_total, answered.unwrap())
    });
    let _first_of_its_kind = rounds.next();
    let (count, answered) = rounds.next().unwrap();
    for (again, _) in rounds {
        assert_eq!(again, count, "it costs the same each time");
    }
    (count, answered)
}

fn ask<S>(service: &mut S, request: Request<()>) -> S::Response
where
    S: Service<Request<()>, Error = Infallible>,
{
    let mut context = Context::from_waker(Waker::noop());
    assert!(service.poll_ready(&mut context).is_ready());
    match pin!(service.call(request)).poll(&mut context) {
        Poll::Ready(Ok(response)) => response,
        Poll::Pending => panic!("the service waits"),
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
    let (cost, answered) = cost(layer, &request);
    assert!(answered.extensions().get::<Rejection>().is_none(), "{row}");
    assert_eq!(cost, expected, "{row}");
}

/// A refusal costs what the same response costs that is put together by hand, and this many more.
#[track_caller]
pub(crate) fn assert_refused<L>(layer: &L, request: Request<()>, reason: &str, more: u64, row: &str)
where
    L: Layer<Bare>,
    L::Service: Service<Request<()>, Error = Infallible>,
    <L::Service as Service<Request<()>>>::Response: IntoParts,
{
    let (cost, answered) = cost(layer, &request);
    let rejection = *answered.extensions().get::<Rejection>().expect(row);
    assert_eq!(rejection.reason(), reason, "{row}");
    let by_hand = allocation_counter::measure(|| {
        let mut response = Response::new(());
        *response.status_mut() = answered.status();
        for (name, value) in answered.headers() {
            response.headers_mut().insert(name, value.clone());
        }
        response.extensions_mut().insert(rejection);
    });
    assert_eq!(by_hand.count_total, RESPONSE, "{row}");
    assert_eq!(cost, RESPONSE + more, "{row}");
}
