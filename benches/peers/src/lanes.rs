//! How a peer is asked, and made sure of before it is measured.

use std::{convert::Infallible, hint::black_box, rc::Rc, time::Instant};

use http::{Request, Response, StatusCode};
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt};
use tower_jwt_auth_benches::{
    keys::SigningKey,
    requests::Requests,
    rounds::Lane,
    tokens::{Fault, Naming, USERS},
};

/// What is the same for all peers.
pub struct Setting {
    pub runtime: Rc<Runtime>,
    pub key: SigningKey,
    requests: Requests,
    bad: Vec<(&'static str, Requests)>,
}

impl Setting {
    pub fn new(runtime: Rc<Runtime>, key: SigningKey) -> Self {
        let bad = |fault: Fault| {
            let tokens = key.bad_tokens(Naming::Issuer, fault);
            (fault.name(), Requests::own(&tokens))
        };
        let stranger = SigningKey::new(key.alg).tokens(Naming::Issuer);
        let mut refused = vec![("no token", Requests::without_token(1))];
        refused.extend(Fault::ALL.map(bad));
        // Of a key pair; a secret is always the same.
        if key.key_id().is_some() {
            refused.push(("the key of a stranger", Requests::own(&stranger)));
        }
        Self {
            runtime,
            requests: Requests::own(&key.tokens(Naming::Issuer)),
            bad: refused,
            key,
        }
    }

    /// A service that lets all requests through.
    pub fn open<S, B, R>(&self, name: &'static str, service: S) -> Lane<'static>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + 'static,
        B: Default,
    {
        self.assert_accepts(name, &service);
        self.lane(name, service)
    }

    /// A service that verifies tokens: it is first made sure that it does.
    pub fn guarded<S, B, R>(&self, name: &'static str, service: S) -> Lane<'static>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + 'static,
        B: Default,
    {
        self.assert_accepts(name, &service);
        for (fault, requests) in &self.bad {
            let mut requests = requests.clone();
            // What two tokens have in common, all have.
            for _ in 0..2 {
                let status = self.status(&service, requests.make());
                // Whatever it is refused with: axum-jwt-auth has a 500 for base64 that is none.
                assert!(!status.is_success(), "{name} answers {fault} with {status}");
            }
        }
        self.lane(name, service)
    }

    fn assert_accepts<S, B, R>(&self, name: &str, service: &S)
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone,
        B: Default,
    {
        let mut requests = self.requests.clone();
        for _ in 0..USERS {
            let status = self.status(service, requests.make());
            assert_eq!(status, StatusCode::OK, "{name}");
        }
    }

    fn status<S, B, R>(&self, service: &S, request: Request<B>) -> StatusCode
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone,
    {
        let Ok(response) = self.runtime.block_on(service.clone().oneshot(request));
        response.status()
    }

    fn lane<S, B, R>(&self, name: &'static str, mut service: S) -> Lane<'static>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + 'static,
        B: Default,
    {
        let runtime = Rc::clone(&self.runtime);
        let mut requests = self.requests.clone();
        Lane::new(name, move |times| {
            runtime.block_on(async {
                let start = Instant::now();
                for _ in 0..times {
                    let request = requests.make();
                    let Ok(ready) = service.ready().await;
                    black_box(ready.call(request).await).ok();
                }
                start.elapsed()
            })
        })
    }
}
