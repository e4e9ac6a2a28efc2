//! Calls the peers, and checks them before they are measured.

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

/// The settings that all peers share.
pub struct Setting {
    pub runtime: Rc<Runtime>,
    pub key: SigningKey,
    requests: Requests,
    rejected: Vec<(&'static str, Requests)>,
}

impl Setting {
    pub fn new(runtime: Rc<Runtime>, key: SigningKey) -> Self {
        let invalid = |fault: Fault| {
            let tokens = key.invalid_tokens(Naming::Issuer, fault);
            (fault.name(), Requests::own(&tokens))
        };
        let stranger = SigningKey::new(key.alg).tokens(Naming::Issuer);
        let mut rejected = vec![("no token", Requests::without_token(1))];
        rejected.extend(Fault::ALL.map(invalid));
        // Only for key pairs, because all HS256 keys use one secret.
        if key.key_id().is_some() {
            rejected.push(("a key of another issuer", Requests::own(&stranger)));
        }
        Self {
            runtime,
            requests: Requests::own(&key.tokens(Naming::Issuer)),
            rejected,
            key,
        }
    }

    /// A service that accepts all requests.
    pub fn open<S, B, R>(&self, name: &'static str, service: S) -> Lane<'static>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + 'static,
        B: Default,
    {
        self.assert_accepts(name, &service);
        self.lane(name, service)
    }

    /// A service that verifies tokens. Checks first that it rejects invalid tokens.
    pub fn guarded<S, B, R>(&self, name: &'static str, service: S) -> Lane<'static>
    where
        S: Service<Request<B>, Response = Response<R>, Error = Infallible> + Clone + 'static,
        B: Default,
    {
        self.assert_accepts(name, &service);
        for (fault, requests) in &self.rejected {
            let mut requests = requests.clone();
            // Two requests cover tokens with and without `typ`.
            for _ in 0..2 {
                let status = self.status(&service, requests.make());
                // Any error status: axum-jwt-auth responds with 500 to invalid base64.
                assert!(
                    !status.is_success(),
                    "{name} responds to {fault} with {status}"
                );
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
