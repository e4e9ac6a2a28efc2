//! tower-http's `AsyncRequireAuthorizationLayer` around `jsonwebtoken::decode`, as in its
//! documentation, but without a boxed future.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use axum::body::Body;
use http::{Request, Response, StatusCode, header::AUTHORIZATION};
use tower::Layer;
use tower_http::auth::{AsyncAuthorizeRequest, AsyncRequireAuthorizationLayer};
use tower_jwt_auth_benches::{
    floor::{Decoder, User},
    rounds::Lane,
    service::Noop,
};

use crate::lanes::Setting;

#[derive(Clone)]
struct Decode(Arc<Decoder>);

impl Decode {
    fn user<B>(&self, request: &Request<B>) -> Option<User> {
        let field = request.headers().get(AUTHORIZATION)?.to_str().ok()?;
        self.0.decode(field.strip_prefix("Bearer ")?).ok()
    }
}

impl<B> AsyncAuthorizeRequest<B> for Decode {
    type RequestBody = B;
    type ResponseBody = Body;
    type Future = Ready<Result<Request<B>, Response<Body>>>;

    fn authorize(&mut self, mut request: Request<B>) -> Self::Future {
        ready(match self.user(&request) {
            Some(user) => {
                request.extensions_mut().insert(user);
                Ok(request)
            }
            None => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                Err(response)
            }
        })
    }
}

pub fn lane(setting: &Setting) -> Lane<'static> {
    let layer = AsyncRequireAuthorizationLayer::new(Decode(Arc::new(super::decoder(setting))));
    setting.guarded::<_, Body, _>("tower-http and jsonwebtoken", layer.layer(Noop))
}
