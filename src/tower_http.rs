//! The integration with tower-http's `TraceLayer`.

use std::time::Duration;

use http::Response;
use tower_http::trace::{DefaultOnResponse, OnResponse};
use tracing::Span;

use crate::rejection::{Rejection, RejectionDetails};

/// `OnResponse` for tower-http's `TraceLayer` that logs the [`Rejection`] of a response and passes
/// all other responses to another `OnResponse`.
///
/// `TraceLayer` sees a rejected gRPC request as HTTP 200 and logs a success. With `LogRejections`,
/// it logs the event "request rejected" with `reason`, `status`, and `latency`, at ERROR for a 5xx
/// status and at INFO for a 4xx status. If [`log_user_ids`](crate::JwtAuthBuilder::log_user_ids) is
/// set, the event of a 403 also has the field `user_id`. The reason that an `Authenticator` of the
/// application gave is in the field `own_reason`.
///
/// `TraceLayer::new_for_grpc` also logs each rejected call at ERROR; the guide [Observability]
/// configures its classifier.
///
/// [Observability]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/observability/index.html
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
    /// Creates an `OnResponse` that logs all other responses as `TraceLayer` does by default, at
    /// DEBUG.
    pub fn new() -> Self {
        Self::default()
    }
}

impl<O> LogRejections<O> {
    /// Creates an `OnResponse` that passes all other responses to `others`.
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
        let details = response.extensions().get::<RejectionDetails>();
        let user_id = details.and_then(RejectionDetails::user_id);
        let own_reason = details.and_then(RejectionDetails::reason);
        // Not the response's status, which is always 200 in gRPC.
        let status = rejection.status().as_u16();
        if rejection.status().is_server_error() {
            tracing::error!(parent: span, reason, own_reason, status, ?latency, user_id, "request rejected");
        } else {
            tracing::info!(parent: span, reason, own_reason, status, ?latency, user_id, "request rejected");
        }
    }
}
