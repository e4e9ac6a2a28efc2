//! Why a request is refused, and what its client is told.

mod body;
mod challenge;
mod detail;
mod details;
mod future;
mod grpc;
mod outcome;
mod response;

use http::StatusCode;

use crate::token::TokenError;

#[cfg(feature = "axum")]
pub(crate) use self::response::plain;
pub use self::{
    body::ResponseBody, details::RejectionDetails, future::ResponseFuture, outcome::Outcome,
};
pub(crate) use self::{
    grpc::{Head, Protocol},
    outcome::Observer,
    response::{InheritedFormat, RejectionFormat, reject_inside_auth},
};

/// Why a request is refused.
///
/// Returning one from an axum handler gives the default format, and is neither logged nor observed: use
/// [`respond`](Self::respond), which follows the settings of the layer.
///
/// It is left in the extensions of the response, where an outer layer finds it, such as
/// tower-http's `TraceLayer` in its `on_response`. It holds no part of the request.
///
/// ```
/// use http::{Request, StatusCode};
/// use tower::{Layer, Service, service_fn};
/// use tower_jwt_auth::{JwtAuthLayer, Rejection, ResponseBody};
/// # use http::Response;
/// # use http_body_util::Full;
/// # use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), tower_jwt_auth::ConfigError> {
/// let layer = JwtAuthLayer::builder()
///     .secret("correct horse battery staple, and more")
///     .build()?;
/// let mut service = layer.layer(service_fn(async |_: Request<()>| {
///     Ok::<_, std::convert::Infallible>(Response::new(Full::<Bytes>::default()))
/// }));
///
/// let response = service.call(Request::new(())).await.unwrap();
///
/// assert_eq!(response.status(), StatusCode::UNAUTHORIZED);
/// let rejection = response.extensions().get::<Rejection>().unwrap();
/// assert_eq!(rejection.reason(), "missing_token");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Rejection {
    /// The request has no bearer token (RFC 6750 section 3, first example).
    #[error("the request has no bearer token")]
    MissingToken,
    /// The request has more than one `Authorization` field, or a token in more than one of the
    /// places where one is looked for (RFC 6750 section 3.1, `invalid_request`).
    #[error("the request has more than one Authorization field, or tokens in several places")]
    SeveralTokens,
    /// The token does not verify (RFC 6750 section 3.1, `invalid_token`).
    #[error(transparent)]
    InvalidToken(TokenError),
    /// The path is not one of the current user's own.
    #[error("the path is not the user's own")]
    NotOwner,
    /// No pattern of [`PathOwnerLayer`](crate::PathOwnerLayer) covers the path: a mistake in the
    /// configuration, or a path that does not exist.
    #[error(
        "no pattern of PathOwnerLayer covers the path; .and(…) adds a pattern, .except(…) exempts one, and of several layers each must agree"
    )]
    NoPattern,
    /// The route does not have the parameter that `PathOwnerLayer::path_param` names: a mistake in
    /// the configuration, or a path that does not exist.
    #[error(
        "the route does not have the parameter that PathOwnerLayer::path_param names; correct the name, apply the layer only to routes that have it, or exempt the path with .except(…)"
    )]
    NoParameter,
    /// A rejection of `PathOwnerLayer` that responds with
    /// [404](crate::PathOwnerLayer::not_found) instead of 403. Its reason is always `not_owner`; the
    /// layer's events have the real one.
    #[error("{}", Rejection::NotOwner)]
    NotFound,
    /// The user is one of another issuer than those whom the layer serves: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or).
    #[error("the user is another issuer's, whose IDs, roles and scopes may mean other people")]
    OtherIssuer,
    /// The user has not the scope or the role that [`RequireScopeLayer`](crate::RequireScopeLayer)
    /// asks for (RFC 6750 section 3.1, `insufficient_scope`).
    #[error("the user has not the scope or the role that RequireScopeLayer asks for")]
    InsufficientScope,
    /// No secret is there to verify a token with: the operator's fault.
    #[error("{}", TokenError::NotConfigured)]
    NotConfigured,
    /// The keys to verify a token with cannot be fetched, and none is held.
    #[error("{}", TokenError::KeysUnavailable)]
    KeysUnavailable,
    /// No `JwtAuthLayer` ran before a layer or an extractor that needs the user: the programmer's
    /// fault.
    #[error(
        "no JwtAuthLayer ran before PathOwnerLayer, RequireScopeLayer or an extractor; put JwtAuthLayer outside of it: around its route, later in a chain of .layer(…) calls, earlier in a ServiceBuilder"
    )]
    NoUser,
}

impl Rejection {
    /// The status of the answer over plain HTTP.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::MissingToken | Self::InvalidToken(_) => StatusCode::UNAUTHORIZED,
            Self::SeveralTokens => StatusCode::BAD_REQUEST,
            Self::NotOwner
            | Self::NoPattern
            | Self::NoParameter
            | Self::OtherIssuer
            | Self::InsufficientScope => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotConfigured | Self::NoUser => StatusCode::INTERNAL_SERVER_ERROR,
            Self::KeysUnavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Builds the response of the [`JwtAuthLayer`](crate::JwtAuthLayer) that wraps this code: in the
    /// format that it is configured to use, in gRPC for a gRPC request, logged and
    /// [observed](crate::JwtAuthBuilder::observe) once.
    ///
    /// It is for handlers and middleware that reject a request themselves. Without such a layer, it is
    /// the response of a layer with default settings.
    ///
    /// The body converts into that of the framework: `.map(axum::body::Body::from)` in axum,
    /// `.map(http_body_util::Full::new)` in hyper, and that in `tonic::body::Body::new` in tonic.
    ///
    /// ```
    /// use axum::{body::Body, extract::Request, middleware::Next, response::Response};
    /// use tower_jwt_auth::{CurrentUser, Rejection};
    ///
    /// async fn staff_only(request: Request, next: Next) -> Response {
    ///     let user = request.extensions().get::<CurrentUser>();
    ///     if user.is_some_and(|user| user.scopes().iter().any(|scope| scope == "staff")) {
    ///         return next.run(request).await;
    ///     }
    ///     let (parts, _) = request.into_parts();
    ///     Rejection::InsufficientScope.respond(&parts).map(Body::from)
    /// }
    /// # drop(axum::Router::<()>::new().layer(axum::middleware::from_fn(staff_only)));
    /// ```
    pub fn respond(self, request: &http::request::Parts) -> http::Response<bytes::Bytes> {
        // Inner code has no place to remember which faults were logged.
        static EVENT_LOG: crate::events::EventLog = crate::events::EventLog::new();
        reject_inside_auth(self.into(), false, &EVENT_LOG, request)
    }

    /// A stable code for logs and metrics, such as `missing_token` or `expired`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::MissingToken => "missing_token",
            Self::SeveralTokens => "several_tokens",
            Self::InvalidToken(error) => error.reason(),
            Self::NotOwner | Self::NotFound => "not_owner",
            Self::OtherIssuer => "other_issuer",
            Self::NoPattern => "no_pattern",
            Self::NoParameter => "no_parameter",
            Self::InsufficientScope => "insufficient_scope",
            Self::NotConfigured => "not_configured",
            Self::KeysUnavailable => "keys_unavailable",
            Self::NoUser => "no_user",
        }
    }
}

impl From<TokenError> for Rejection {
    fn from(error: TokenError) -> Self {
        match error {
            TokenError::NotConfigured => Self::NotConfigured,
            TokenError::KeysUnavailable => Self::KeysUnavailable,
            error => Self::InvalidToken(error),
        }
    }
}

/// What a request is refused for, and what the challenge says of it.
#[derive(Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) rejection: Rejection,
    pub(crate) details: Option<&'a RejectionDetails>,
    /// Whether the response is 404 instead of 403.
    pub(crate) is_hidden: bool,
}

impl Refusal<'_> {
    /// The rejection that the client may see.
    pub(crate) fn shown(self) -> Self {
        if self.is_hidden && self.rejection.status() == StatusCode::FORBIDDEN {
            Rejection::NotFound.into()
        } else {
            self
        }
    }
}

impl From<Rejection> for Refusal<'_> {
    fn from(rejection: Rejection) -> Self {
        Self {
            rejection,
            details: None,
            is_hidden: false,
        }
    }
}
