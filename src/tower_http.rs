//! What tower-http's `TraceLayer` is told.

use std::time::Duration;

use http::Response;
use tower_http::trace::{DefaultOnResponse, OnResponse};
use tracing::Span;

use crate::Rejection;

/// Says in the log of tower-http's `TraceLayer` why a request was refused: an `OnResponse` that
/// tells the [`Rejection`] of a response, and hands every other response on to another one.
///
/// `TraceLayer` sees a refused gRPC request as HTTP 200, and logs a success. With this, it is an
/// event "request refused" with `reason`, `status` and `latency`, at ERROR where the fault is the
/// server's and at INFO where it is the client's.
///
/// `TraceLayer::new_for_grpc` also logs each rejected call at ERROR; the guide
/// [Observability](crate::guide::observability) configures its classifier.
///
/// ```
/// use axum::Router;
/// use tower_http::trace::TraceLayer;
/// use tower_jwt_auth::{JwtAuthLayer, LogRejections};
///
/// fn router(auth: JwtAuthLayer) -> Router {
///     Router::new()
///         .route_layer(auth)
///         .layer(TraceLayer::new_for_http().on_response(LogRejections::new()))
/// }
/// # drop(router);
/// ```
#[cfg_attr(docsrs, doc(cfg(feature = "tower-http")))]
#[derive(Clone, Debug, Default)]
pub struct LogRejections<O = DefaultOnResponse> {
    others: O,
}

impl LogRejections {
    /// Other responses are logged as `TraceLayer` logs them by itself: at DEBUG.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<O> LogRejections<O> {
    /// Other responses are logged by this one.
    pub fn and(others: O) -> Self {
        Self { others }
    }
}

impl<B, O: OnResponse<B>> OnResponse<B> for LogRejections<O> {
    fn on_response(self, response: &Response<B>, latency: Duration, span: &Span) {
        let Some(rejection) = response.extensions().get::<Rejection>() else {
            return self.others.on_response(response, latency, span);
        };
        let reason = rejection.reason();
        // Of the refusal, not of the response, which in gRPC is always 200.
        let status = rejection.status().as_u16();
        if rejection.status().is_server_error() {
            tracing::error!(parent: span, reason, status, ?latency, "request refused");
        } else {
            tracing::info!(parent: span, reason, status, ?latency, "request refused");
        }
    }
}
