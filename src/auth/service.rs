//! [`JwtAuth`]: finds and verifies the token of a request, and stores its user.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{
    Method, Request, Response,
    header::{ACCESS_CONTROL_REQUEST_METHOD, ORIGIN},
    request,
};
use tower::Service;

#[cfg(feature = "authenticator")]
use super::lookup::{Lookups, PendingLookup};
use super::{
    future::JwtAuthFuture,
    token_source::{Token, TokenSources, bearer_token},
};
#[cfg(feature = "tracing")]
use crate::token::HeaderSummary;
use crate::{
    accessors::inner_service_accessors,
    key_source::Waiter,
    presence::Anonymous,
    rejection::{
        EventLog, InheritedFormat, Outcome, Refusal, Rejection, RejectionDetails, RejectionFormat,
        ResponseBody, ResponseFuture,
    },
    token::{Pending, TokenError, TokenVerifier, VerifyError},
    user::CurrentUser,
};

/// Middleware that verifies the bearer token of each request.
///
/// See [`JwtAuthLayer`](crate::JwtAuthLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct JwtAuth<S> {
    pub(super) inner: S,
    pub(super) shared: Arc<Shared>,
}

/// The state that all services of a layer share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) verifier: TokenVerifier,
    pub(super) sources: TokenSources,
    /// The other credentials that the layer accepts, if any.
    #[cfg(feature = "authenticator")]
    pub(super) lookups: Option<Lookups>,
    /// Whether `bearer_token` can replace `sources`, and no user is kept. This is the fast path.
    pub(super) reads_only_header: bool,
    /// Whether a user that an outer layer has inserted is accepted without a token.
    pub(super) keeps_user: bool,
    pub(super) format: Arc<RejectionFormat>,
    /// Whether inner layers and extractors need this layer's rejection format. They use the default
    /// format anyway, so the default one is inserted only to replace that of an outer layer.
    pub(super) shares_format: bool,
    pub(super) anonymous_may_pass: bool,
    pub(super) preflight_may_pass: bool,
    pub(super) event_log: EventLog,
}

impl<S> JwtAuth<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for JwtAuth<S>
where
    S: Service<Request<B>, Response = Response<R>> + Clone,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = JwtAuthFuture<S, B>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.shared.authenticate(&mut request, None) {
            // Calls the service on which `poll_ready` succeeded, not its clone.
            Decision::Accept { is_private } => {
                JwtAuthFuture::now(ResponseFuture::inner(self.inner.call(request)), is_private)
            }
            // The inner service is not called and stays ready for the next request.
            Decision::Reject(rejection, details) => {
                let response = self
                    .shared
                    .reject(rejection, details.as_deref(), &mut request);
                JwtAuthFuture::now(ResponseFuture::rejected(response), false)
            }
            Decision::Wait(wait) => {
                // A waiting request must not keep the capacity that `poll_ready` reserved in the
                // inner service. Dropping the service that reserved it releases the capacity; its
                // clone is polled before it is called.
                self.inner = self.inner.clone();
                JwtAuthFuture::waiting(wait, request, self.clone())
            }
        }
    }
}

/// The decision about a request.
pub(super) enum Decision {
    Accept {
        /// Whether the response must not be stored by shared caches.
        is_private: bool,
    },
    Reject(Rejection, Option<Box<RejectionDetails>>),
    Wait(Wait),
}

impl<R: Into<Rejection>> From<R> for Decision {
    fn from(rejection: R) -> Self {
        Self::Reject(rejection.into(), None)
    }
}

/// The event that a request waits for.
pub(super) enum Wait {
    /// The token's key is unknown, and a fetch may find it.
    Keys(Pending),
    #[cfg(feature = "authenticator")]
    Lookup(PendingLookup),
}

impl Wait {
    /// Waits, and then decides about the request again.
    pub(super) fn poll<B>(
        &mut self,
        shared: &Shared,
        request: &mut Request<B>,
        cx: &mut Context<'_>,
    ) -> Poll<Decision> {
        match self {
            Self::Keys(pending) => Pin::new(pending).poll(cx).map(|waited| match waited {
                Ok(waiter) => shared.authenticate(request, Some(waiter)),
                Err(error) => error.into(),
            }),
            #[cfg(feature = "authenticator")]
            Self::Lookup(lookup) => lookup.poll(shared, request, cx),
        }
    }
}

impl Shared {
    /// Authenticates a request. The extensions of an accepted request contain its user or the mark
    /// for an anonymous request, which replaces the values of an outer layer, unless its user is kept.
    ///
    /// `waiter` is the request's place in the waiting room if it has already waited for keys.
    #[inline]
    pub(super) fn authenticate<B>(
        &self,
        request: &mut Request<B>,
        waiter: Option<Box<Waiter>>,
    ) -> Decision {
        let (verified, is_private) = if self.reads_only_header {
            match bearer_token(request.headers_mut()) {
                Ok(token) => (self.verifier.verify_or_wait(token, None, waiter), false),
                Err(rejection) => return self.without_token(rejection, request),
            }
        } else if self.keeps_user && request.extensions().get::<CurrentUser>().is_some() {
            return self.keep_user(request);
        } else {
            match self.sources.token(request) {
                Ok(Token {
                    text,
                    is_private,
                    issuer,
                }) => {
                    let verified = self.verifier.verify_or_wait(&text, issuer, waiter);
                    (verified, is_private)
                }
                Err(rejection) => return self.without_token(rejection, request),
            }
        };
        match verified {
            Ok(user) => self.accept(user, is_private, request),
            Err(VerifyError::Rejected(error)) => self.without_jwt(error, request),
            Err(VerifyError::Pending(pending)) => Decision::Wait(Wait::Keys(pending)),
        }
    }

    #[inline]
    pub(super) fn accept<B>(
        &self,
        user: CurrentUser,
        is_private: bool,
        request: &mut Request<B>,
    ) -> Decision {
        // Nested layers with different keys or rules are legitimate, so only a second verification
        // by the same layer is reported.
        let verified_by = user.verified_by();
        if let Some(before) = request.extensions_mut().insert(user)
            && before.verified_by() == verified_by
        {
            self.event_log.applied_twice();
        }
        self.share_format(request, Outcome::Accepted);
        Decision::Accept { is_private }
    }

    /// Accepts a request as the user that an outer layer has inserted.
    #[cold]
    fn keep_user<B>(&self, request: &mut Request<B>) -> Decision {
        // The token, if any, is not verified, but inner middleware must still not log it.
        self.sources.mark_sensitive(request);
        // The user is that of the outer layer, whose format stays unless this one is configured.
        if self.shares_format {
            self.share_format(request, Outcome::Accepted);
        }
        Decision::Accept { is_private: false }
    }

    /// Rejects an invalid token, unless it is another credential.
    fn without_jwt<B>(&self, error: TokenError, request: &mut Request<B>) -> Decision {
        #[cfg(feature = "authenticator")]
        if let Some(decision) = self.opaque_token(error, request) {
            return decision;
        }
        let _ = request;
        error.into()
    }

    fn without_token<B>(&self, rejection: Rejection, request: &mut Request<B>) -> Decision {
        if rejection != Rejection::MissingToken {
            return rejection.into();
        }
        #[cfg(feature = "authenticator")]
        if let Some(decision) = self.look_up(0, request) {
            return decision;
        }
        self.anonymous(request).unwrap_or_else(|| rejection.into())
    }

    /// Accepts a request without a valid credential if that is allowed.
    pub(super) fn anonymous<B>(&self, request: &mut Request<B>) -> Option<Decision> {
        let anonymous = if self.preflight_may_pass && is_preflight(request) {
            Anonymous::Preflight
        } else if self.anonymous_may_pass {
            Anonymous::Client
        } else {
            return None;
        };
        #[cfg(feature = "tracing")]
        self.missing_scheme(request);
        anonymous.mark(request.extensions_mut());
        self.share_format(request, Outcome::Anonymous);
        Some(Decision::Accept { is_private: false })
    }

    /// Reports an accepted request and shares the rejection format with inner layers.
    #[inline]
    fn share_format<B>(&self, request: &mut Request<B>, outcome: Outcome) {
        // The format of an outer layer does not apply to the users of this one: it may log their IDs.
        if !self.shares_format && !InheritedFormat::is_in(request.extensions()) {
            return;
        }
        if let Some(observer) = &self.format.observer {
            observer(outcome);
        }
        let inherited = InheritedFormat::new(&self.format, request.extensions());
        request.extensions_mut().insert(inherited);
    }

    pub(super) fn reject<B>(
        &self,
        rejection: Rejection,
        details: Option<&RejectionDetails>,
        request: &mut Request<B>,
    ) -> Response<Bytes> {
        let mut refusal = Refusal::from(rejection);
        refusal.details = details;
        self.report(refusal, request);
        self.format
            .respond(refusal, self.format.protocol(&*request))
    }

    /// Rejects a request for a reason unrelated to its token.
    pub(super) fn reject_by_application(
        &self,
        rejection: Rejection,
        request: &request::Parts,
    ) -> Response<Bytes> {
        let protocol = self.format.protocol(request);
        let extensions = &request.extensions;
        self.format
            .log_and_respond(rejection.into(), protocol, &self.event_log, extensions)
    }

    /// Logs a rejection with the details of its token.
    #[cfg(feature = "tracing")]
    fn report<B>(&self, refusal: Refusal<'_>, request: &mut Request<B>) {
        if EventLog::is_off() {
            return;
        }
        let rejection = refusal.rejection;
        let error = match rejection {
            Rejection::InvalidToken(error) => error,
            Rejection::MissingToken => {
                let hint = self.missing_scheme(request).map(HeaderSummary::hint);
                return self.event_log.log_token_rejection(rejection, hint);
            }
            _ => return self.event_log.log_refusal(refusal, None),
        };
        self.event_log.token_hint(error, || {
            let token = self.sources.token(request).ok()?;
            self.verifier.hint(&token.text, error)
        });
        let token = EventLog::wants_debug().then(|| self.sources.token(request));
        let summary =
            token.and_then(|token| Some(self.verifier.describe(&token.ok()?.text, error)));
        self.event_log.log_token_rejection(rejection, summary);
    }

    /// Returns a hint if a request without a bearer token has a JWT in `Authorization` without the
    /// scheme. The first occurrence is logged.
    #[cfg(feature = "tracing")]
    fn missing_scheme<B>(&self, request: &Request<B>) -> Option<&'static str> {
        let is_missing = self.sources.has_jwt_without_scheme(request.headers());
        is_missing.then(|| self.event_log.missing_scheme())
    }

    #[cfg(not(feature = "tracing"))]
    fn report<B>(&self, refusal: Refusal<'_>, _: &mut Request<B>) {
        self.event_log.log_refusal(refusal, None);
    }
}

/// Returns whether a request is a CORS preflight (the Fetch standard, "CORS-preflight request").
fn is_preflight<B>(request: &Request<B>) -> bool {
    let headers = request.headers();
    request.method() == Method::OPTIONS
        && headers.contains_key(ORIGIN)
        && headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}
