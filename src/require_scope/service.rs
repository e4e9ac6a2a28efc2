//! [`RequireScope`]: checks the grants of a request's user.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

use super::needed::Needed;
use crate::{
    accessors::inner_service_accessors,
    events::EventLog,
    presence::Presence,
    rejection::{
        Refusal, Rejection, RejectionDetails, ResponseBody, ResponseFuture, reject_inside_auth,
    },
    user::ServedUsers,
};

/// Middleware that accepts a request only if its user has a scope or a role.
///
/// See [`RequireScopeLayer`](crate::RequireScopeLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct RequireScope<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) needed: Needed,
    pub(super) users: ServedUsers,
    pub(super) details: RejectionDetails,
    pub(super) http_only: bool,
    pub(super) event_log: Arc<EventLog>,
}

impl<S> RequireScope<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for RequireScope<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        match self.shared.judge(&request) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(refusal) => {
                let Shared {
                    http_only,
                    event_log,
                    users,
                    ..
                } = &*self.shared;
                event_log.other_issuer(refusal.rejection, || {
                    users.advice(request.extensions().get())
                });
                ResponseFuture::refused(reject_inside_auth(
                    refusal, *http_only, event_log, &request,
                ))
            }
        }
    }
}

impl Shared {
    fn judge<B>(&self, request: &Request<B>) -> Result<(), Refusal<'_>> {
        let user = match Presence::of(request.method(), request.extensions())? {
            Presence::User(user) => user,
            Presence::Preflight => return Ok(()),
            Presence::Anonymous => return Err(Rejection::MissingToken.into()),
        };
        if !self.users.include(user) {
            return Err(Rejection::OtherIssuer.into());
        }
        if self.needed.is_met_by(user) {
            return Ok(());
        }
        Err(Refusal {
            rejection: Rejection::InsufficientScope,
            details: Some(&self.details),
            is_hidden: false,
        })
    }
}
