//! Builds the response to a rejected request; used by all layers and extractors.

use std::{fmt, sync::Arc};

use bytes::Bytes;
use http::{
    Extensions, HeaderMap, HeaderName, HeaderValue, Response, StatusCode,
    header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};

use super::{
    Rejection,
    challenge::{BEARER, Challenge, challenge},
    details::{Refusal, RejectionDetails},
    event_log::EventLog,
    grpc::{Head, Protocol},
    message::{detail, json, problem},
    outcome::{Observer, Outcome},
};
use crate::{protected_resource::ProtectedResource, user::CurrentUser};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");

/// In seconds. Failed fetches of keys are retried within 30 seconds, and failed lookups at once.
const RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("10");

const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");

/// The gRPC specification requires percent-encoding; no `detail` contains a character that needs
/// it.
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");

/// The application's function that builds custom responses.
pub(crate) type Custom =
    Arc<dyn Fn(&Rejection, Option<&RejectionDetails>) -> Response<Bytes> + Send + Sync>;

/// The format of a layer's rejections.
#[derive(Clone, Default)]
pub(crate) struct RejectionFormat {
    pub(crate) http_only: bool,
    pub(crate) challenge: Challenge,
    pub(crate) problem_json: bool,
    pub(crate) custom: Option<Custom>,
    pub(crate) observer: Option<Observer>,
    /// Whether the event and the details of a 403 contain the user's ID and issuer.
    pub(crate) logs_user_ids: bool,
}

/// The format in a request's extensions, for the layers and extractors inside a `JwtAuthLayer`.
#[derive(Clone)]
pub(crate) struct InheritedFormat {
    format: Arc<RejectionFormat>,
    /// Set by this layer or by one outside it. Inner layers cannot unset it, because a forward-auth
    /// proxy depends on it.
    http_only: bool,
}

impl InheritedFormat {
    pub(crate) fn new(format: &Arc<RejectionFormat>, extensions: &Extensions) -> Self {
        Self {
            format: Arc::clone(format),
            http_only: format.http_only || is_http_only(extensions),
        }
    }

    /// Returns whether an outer layer has inserted its format.
    #[inline]
    pub(crate) fn is_in(extensions: &Extensions) -> bool {
        // The user, or the mark in its place, is there as well.
        extensions.len() > 1 && extensions.get::<Self>().is_some()
    }
}

/// Returns whether an outer layer allows only plain HTTP responses.
fn is_http_only(extensions: &Extensions) -> bool {
    let inherited = extensions.get::<InheritedFormat>();
    inherited.is_some_and(|inherited| inherited.http_only)
}

static DEFAULT: RejectionFormat = RejectionFormat {
    http_only: false,
    challenge: Challenge {
        realm: None,
        resource_metadata: None,
        resource: None,
    },
    problem_json: false,
    custom: None,
    observer: None,
    logs_user_ids: false,
};

/// Builds the response to a request that is rejected inside a `JwtAuthLayer`.
pub(crate) fn reject_inside_auth<'r>(
    refusal: Refusal<'_>,
    http_only: bool,
    event_log: &EventLog,
    head: impl Into<Head<'r>>,
) -> Response<Bytes> {
    let head = head.into();
    let inherited = head.extensions.get::<InheritedFormat>();
    let format = inherited.map_or(&DEFAULT, |inherited| &*inherited.format);
    let protocol = if http_only {
        Protocol::Http
    } else {
        format.protocol(head)
    };
    format.log_and_respond(refusal, protocol, event_log, head.extensions)
}

/// Builds the HTTP response of a layer with default settings.
#[cfg(feature = "axum")]
pub(crate) fn default_http_response(rejection: Rejection) -> Response<Bytes> {
    DEFAULT.respond(rejection.into(), Protocol::Http)
}

impl Rejection {
    /// Builds the response of the [`JwtAuthLayer`](crate::JwtAuthLayer) around this code: in its
    /// configured format, and in gRPC for a gRPC request. Logs the rejection and passes it to the
    /// [observer](crate::JwtAuthBuilder::observe) once.
    ///
    /// Use it in handlers and middleware that reject requests themselves. Without a surrounding
    /// layer, the response has the default format.
    ///
    /// Convert the body to the framework's type: `.map(axum::body::Body::from)` in axum,
    /// `.map(http_body_util::Full::new)` in hyper; in tonic, wrap the latter in
    /// `tonic::body::Body::new`.
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
        // Handlers and extractors have no state of their own, so this log remembers, for the whole
        // process, the problems that have already been logged.
        static EVENT_LOG: EventLog = EventLog::new();
        reject_inside_auth(self.into(), false, &EVENT_LOG, request)
    }
}

impl RejectionFormat {
    /// Returns whether inner layers would use the same format without inheriting it.
    pub(crate) fn is_default(&self) -> bool {
        let Self {
            http_only,
            challenge,
            problem_json,
            custom,
            observer,
            logs_user_ids,
        } = self;
        let has_function = custom.is_some() || observer.is_some();
        let has_flag = *http_only || *problem_json || *logs_user_ids;
        challenge.is_default() && !has_function && !has_flag
    }

    /// Logs a rejection and builds its response. For a 403, both contain the ID and the issuer of
    /// the user in the request's extensions, if that is set.
    pub(crate) fn log_and_respond(
        &self,
        refusal: Refusal<'_>,
        protocol: Protocol,
        event_log: &EventLog,
        extensions: &Extensions,
    ) -> Response<Bytes> {
        let user = self.loggable_user(refusal.rejection, extensions);
        event_log.log_refusal(refusal, user);
        let Some(user) = user else {
            return self.respond(refusal.shown(), protocol);
        };
        let details = refusal.details.cloned().unwrap_or_default();
        let details = details.with_user(user);
        self.respond(refusal.shown().with_details(&details), protocol)
    }

    /// Returns the user who is rejected with 403, if the log may name the user.
    fn loggable_user<'r>(
        &self,
        rejection: Rejection,
        extensions: &'r Extensions,
    ) -> Option<&'r CurrentUser> {
        let is_logged = self.logs_user_ids && rejection.status() == StatusCode::FORBIDDEN;
        is_logged.then(|| extensions.get())?
    }

    pub(crate) fn protocol<'r>(&self, head: impl Into<Head<'r>>) -> Protocol {
        let head = head.into();
        if self.http_only || is_http_only(head.extensions) {
            Protocol::Http
        } else {
            Protocol::for_request(head)
        }
    }

    pub(crate) fn respond(&self, refusal: Refusal<'_>, protocol: Protocol) -> Response<Bytes> {
        let rejection = refusal.rejection;
        if let Some(observer) = &self.observer {
            observer(Outcome::Rejected(rejection));
        }
        match &self.challenge.resource {
            None => self.build(refusal, protocol),
            Some(resource) => self.build_for(resource, refusal, protocol),
        }
    }

    /// Builds the response with the scopes that the resource requires for every operation, if the
    /// client needs them: it has no token yet, or needs one with further scopes.
    #[cold]
    fn build_for(
        &self,
        resource: &ProtectedResource,
        refusal: Refusal<'_>,
        protocol: Protocol,
    ) -> Response<Bytes> {
        let base = resource.base_scopes();
        let is_asked_for_scopes = match refusal.rejection {
            Rejection::MissingToken => true,
            // A role or a rule of the application has no scope that a client could request.
            Rejection::InsufficientScope => refusal.details.is_some_and(|it| it.scope().is_some()),
            _ => false,
        };
        if !is_asked_for_scopes || base.is_empty() {
            return self.build(refusal, protocol);
        }
        let details = refusal.details.cloned().unwrap_or_default();
        let details = details.with_base_scopes(base);
        self.build(refusal.with_details(&details), protocol)
    }

    fn build(&self, refusal: Refusal<'_>, protocol: Protocol) -> Response<Bytes> {
        let rejection = refusal.rejection;
        let mut response = match protocol {
            Protocol::Grpc(content_type) => grpc(rejection, content_type),
            Protocol::GrpcOverHttp1(content_type) => {
                let mut response = grpc(rejection, content_type);
                *response.status_mut() = rejection.status();
                self.add_missing_headers(refusal, response.headers_mut());
                response
            }
            Protocol::Http => self.http(refusal),
        };
        response.extensions_mut().insert(rejection);
        if let Some(details) = refusal.details {
            response.extensions_mut().insert(details.clone());
        }
        response
    }

    fn http(&self, refusal: Refusal<'_>) -> Response<Bytes> {
        let rejection = refusal.rejection;
        let mut response = match &self.custom {
            Some(custom) => custom(&rejection, refusal.details),
            None => Response::new(Bytes::new()),
        };
        // An accidental success status, such as the default of `Response::new`, would make a
        // forward-auth proxy allow the request.
        let status = response.status();
        if status.is_success() || status.is_informational() {
            *response.status_mut() = rejection.status();
        }
        if self.custom.is_none() {
            let (content_type, body) = if self.problem_json {
                ("application/problem+json", problem(rejection))
            } else {
                ("application/json", Bytes::from_static(json(rejection)))
            };
            *response.body_mut() = body;
            let content_type = HeaderValue::from_static(content_type);
            response.headers_mut().insert(CONTENT_TYPE, content_type);
        }
        self.add_missing_headers(refusal, response.headers_mut());
        response
    }

    fn add_missing_headers(&self, refusal: Refusal<'_>, headers: &mut HeaderMap) {
        // Only the application's custom response can already have one of the headers.
        let may_be_present = self.custom.is_some();
        let insert = |headers: &mut HeaderMap, name: HeaderName, value: HeaderValue| {
            if !(may_be_present && headers.contains_key(&name)) {
                headers.insert(name, value);
            }
        };
        insert(headers, CACHE_CONTROL, NO_STORE);
        if self.challenge.resource.is_some() {
            self.insert_challenge_first(refusal, headers);
        } else if let Some(challenge) = challenge(refusal, &self.challenge) {
            insert(headers, WWW_AUTHENTICATE, challenge);
        }
        if refusal.rejection.status() == StatusCode::SERVICE_UNAVAILABLE {
            insert(headers, RETRY_AFTER, RETRY_AFTER_SECS);
        }
    }
}

impl RejectionFormat {
    /// Inserts the challenge before those of the application's custom response, and replaces its
    /// Bearer challenges: clients of a protected resource read only the first field.
    #[cold]
    fn insert_challenge_first(&self, refusal: Refusal<'_>, headers: &mut HeaderMap) {
        let Some(ours) = challenge(refusal, &self.challenge) else {
            return;
        };
        let is_other = |value: &HeaderValue| {
            let scheme = value.as_bytes().get(..BEARER.len());
            !scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case(BEARER.as_bytes()))
        };
        let all = headers.get_all(WWW_AUTHENTICATE).into_iter();
        let others: Vec<HeaderValue> = all.filter(|value| is_other(value)).cloned().collect();
        headers.insert(WWW_AUTHENTICATE, ours);
        for other in others {
            headers.append(WWW_AUTHENTICATE, other);
        }
    }
}

/// Builds a gRPC response without a body and with its trailers among the headers ("Trailers-Only"
/// in the specification of gRPC over HTTP/2).
fn grpc(rejection: Rejection, content_type: HeaderValue) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    let headers: &mut HeaderMap = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(GRPC_STATUS, HeaderValue::from_static(grpc_code(rejection)));
    headers.insert(GRPC_MESSAGE, HeaderValue::from_static(detail(rejection)));
    response
}

/// Returns the gRPC status code of a rejection.
fn grpc_code(rejection: Rejection) -> &'static str {
    match rejection.status() {
        _ if rejection == Rejection::McpRequest => "3",
        StatusCode::NOT_FOUND => "5",
        StatusCode::FORBIDDEN => "7",
        StatusCode::PAYLOAD_TOO_LARGE => "8",
        StatusCode::INTERNAL_SERVER_ERROR => "13",
        StatusCode::SERVICE_UNAVAILABLE => "14",
        // This includes 400: in gRPC, a request with two tokens is unauthenticated.
        _ => "16",
    }
}

impl fmt::Debug for RejectionFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RejectionFormat")
            .field("http_only", &self.http_only)
            .field("challenge", &self.challenge)
            .field("problem_json", &self.problem_json)
            .field("custom", &self.custom.is_some())
            .field("observer", &self.observer.is_some())
            .field("logs_user_ids", &self.logs_user_ids)
            .finish()
    }
}
