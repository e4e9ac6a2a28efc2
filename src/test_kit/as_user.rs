//! [`AsUserLayer`] and [`as_user()`]: authenticated requests without a token.

use std::task::{Context, Poll};

use http::Request;
use tower::{Layer, Service};

use crate::{presence::Anonymous, user::CurrentUser};

/// Makes this user the sender of a request, as [`JwtAuthLayer`](crate::JwtAuthLayer) does for an
/// accepted request. Use it in tests of a handler or of a service without an authentication layer.
///
/// ```
/// use tower_jwt_auth::{CurrentUser, test_kit::as_user};
///
/// let alice = CurrentUser::new("alice", "alice@example.com");
/// let request = as_user(http::Request::new(()), alice);
/// assert!(request.extensions().get::<CurrentUser>().is_some());
/// ```
#[must_use]
pub fn as_user<B>(mut request: Request<B>, user: impl Into<CurrentUser>) -> Request<B> {
    request.extensions_mut().insert::<CurrentUser>(user.into());
    request
}

/// Layer that runs every request as the same user. In tests, it replaces
/// [`JwtAuthLayer`](crate::JwtAuthLayer); handlers and [`PathOwnerLayer`](crate::PathOwnerLayer)
/// behave as they do behind that layer.
///
/// It corresponds to `app.dependency_overrides[get_current_user]` in FastAPI. It reads no token and
/// rejects no request. A `JwtAuthLayer` inside it still requires tokens.
///
/// ```
/// use axum::{Extension, Router, body::Body, routing::get};
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_jwt_auth::{CurrentUser, PathOwnerLayer, test_kit::AsUserLayer};
///
/// /// All routes, without authentication.
/// fn routes() -> Router {
///     let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
///     let tasks = get(async |Extension(user): Extension<CurrentUser>| user.email().to_owned());
///     Router::new().route("/api/{user_id}/tasks", tasks).route_layer(owner)
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let alice = CurrentUser::new("alice", "alice@example.com");
/// let app = routes().route_layer(AsUserLayer::new(alice)); // and in main: .route_layer(auth)
///
/// let get = |path| Request::get(path).body(Body::empty()).unwrap();
/// let own = app.clone().oneshot(get("/api/alice/tasks")).await.unwrap();
/// let foreign = app.oneshot(get("/api/bob/tasks")).await.unwrap();
/// assert_eq!((own.status(), foreign.status()), (http::StatusCode::OK, http::StatusCode::FORBIDDEN));
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct AsUserLayer {
    /// `None` for anonymous requests.
    user: Option<CurrentUser>,
}

impl AsUserLayer {
    /// Creates a layer that runs every request as this user: a [`CurrentUser`], or a
    /// [`TestUser`](super::TestUser) with roles, scopes, and other claims.
    pub fn new(user: impl Into<CurrentUser>) -> Self {
        Self {
            user: Some(user.into()),
        }
    }

    /// Creates a layer that makes every request anonymous, like a request without a token if
    /// [`allow_anonymous`](crate::JwtAuthBuilder::allow_anonymous) is set.
    pub fn anonymous() -> Self {
        Self { user: None }
    }
}

impl<S> Layer<S> for AsUserLayer {
    type Service = AsUser<S>;

    fn layer(&self, inner: S) -> Self::Service {
        AsUser {
            inner,
            user: self.user.clone(),
        }
    }
}

/// Middleware that runs every request as the same user.
///
/// See [`AsUserLayer`].
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct AsUser<S> {
    inner: S,
    user: Option<CurrentUser>,
}

impl<S, B> Service<Request<B>> for AsUser<S>
where
    S: Service<Request<B>>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.user.clone() {
            Some(user) => {
                request.extensions_mut().insert(user);
            }
            None => Anonymous::Client.mark(request.extensions_mut()),
        }
        self.inner.call(request)
    }
}
