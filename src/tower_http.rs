//! The integration with tower-http's `TraceLayer`.

use std::{fmt::Display, time::Duration};

use http::Response;
use tower_http::{
    classify::{ClassifiedResponse, ClassifyResponse},
    trace::{DefaultOnResponse, OnResponse},
};
use tracing::Span;

use crate::rejection::{Rejection, RejectionDetails};

/// `OnResponse` for tower-http's `TraceLayer` that logs the [`Rejection`] of a response and passes
/// all other responses to another `OnResponse`.
///
/// `TraceLayer` sees a rejected gRPC request as HTTP 200 and logs a success. With `LogRejections`,
/// it logs the event "request rejected" with `reason`, `status`, and `latency`, at ERROR for a 5xx
/// status and at INFO for a 4xx status. If [`log_user_ids`](crate::JwtAuthBuilder::log_user_ids) is
/// set, the event of a 403 also has the field `user_id` and, if it is known, `issuer`. The reason
/// that an `Authenticator` of the application gave is in the field `own_reason`.
///
/// `TraceLayer` also logs each failure at ERROR, as "response failed". With [`RejectionsAsSuccess`],
/// a rejection is not one, so that it is logged once.
///
/// ```
/// use axum::Router;
/// use tower_http::{
///     classify::{ServerErrorsAsFailures, SharedClassifier},
///     trace::TraceLayer,
/// };
/// use tower_jwt_auth::{JwtAuthLayer, LogRejections, RejectionsAsSuccess};
///
/// fn router(auth: JwtAuthLayer) -> Router {
///     let failures = RejectionsAsSuccess::new(ServerErrorsAsFailures::new());
///     let trace = TraceLayer::new(SharedClassifier::new(failures));
///     Router::new()
///         .route_layer(auth)
///         .layer(trace.on_response(LogRejections::new()))
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
        let issuer = details.and_then(RejectionDetails::issuer);
        let own_reason = details.and_then(RejectionDetails::reason);
        // Not the response's status, which is always 200 in gRPC.
        let status = rejection.status().as_u16();
        if rejection.status().is_server_error() {
            tracing::error!(parent: span, reason, own_reason, status, ?latency, user_id, issuer, "request rejected");
        } else {
            tracing::info!(parent: span, reason, own_reason, status, ?latency, user_id, issuer, "request rejected");
        }
    }
}

/// Classifier for tower-http's `TraceLayer` that treats a [`Rejection`] as a success, because
/// [`LogRejections`] logs it, and passes all other responses to another classifier.
#[cfg_attr(docsrs, doc(cfg(feature = "tower-http")))]
#[derive(Clone, Debug, Default)]
pub struct RejectionsAsSuccess<C> {
    others: C,
}

impl<C> RejectionsAsSuccess<C> {
    /// Creates a classifier that passes all other responses to `others`, such as
    /// `ServerErrorsAsFailures` or, for gRPC, `GrpcErrorsAsFailures`.
    pub fn new(others: C) -> Self {
        Self { others }
    }
}

impl<C: ClassifyResponse> ClassifyResponse for RejectionsAsSuccess<C> {
    type FailureClass = C::FailureClass;
    type ClassifyEos = C::ClassifyEos;

    fn classify_response<B>(
        self,
        response: &Response<B>,
    ) -> ClassifiedResponse<Self::FailureClass, Self::ClassifyEos> {
        match response.extensions().get::<Rejection>() {
            Some(_) => ClassifiedResponse::Ready(Ok(())),
            None => self.others.classify_response(response),
        }
    }

    fn classify_error<E: Display + 'static>(self, error: &E) -> Self::FailureClass {
        self.others.classify_error(error)
    }
}
