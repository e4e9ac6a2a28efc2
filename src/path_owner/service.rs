//! [`PathOwner`]: compares the owner of a path with the user.

use std::{
    sync::Arc,
    task::{Context, Poll},
};

use http::{Request, Response};
use tower::Service;

#[cfg(feature = "axum")]
use super::route_param::{self, RouteParams};
use super::{
    layer::{Reader, Rules},
    path::{Owner, is_unambiguous},
    pattern::Found,
};
use crate::{
    accessors::inner_service_accessors,
    events::EventLog,
    json::ClaimValue,
    presence::Presence,
    rejection::{Refusal, Rejection, ResponseBody, ResponseFuture, reject_inside_auth},
    user::CurrentUser,
};

/// Middleware that accepts a request only if its path belongs to the current user.
///
/// See [`PathOwnerLayer`](crate::PathOwnerLayer).
#[derive(Clone, Debug)]
#[must_use = "services do nothing unless they are called"]
pub struct PathOwner<S> {
    inner: S,
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) rules: Rules,
    pub(super) event_log: Arc<EventLog>,
}

impl<S> PathOwner<S> {
    pub(super) fn new(inner: S, shared: Shared) -> Self {
        Self {
            inner,
            shared: Arc::new(shared),
        }
    }

    inner_service_accessors!();
}

impl<S, B, R> Service<Request<B>> for PathOwner<S>
where
    S: Service<Request<B>, Response = Response<R>>,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        match self.shared.rules.judge(&mut request) {
            Ok(()) => ResponseFuture::inner(self.inner.call(request)),
            Err(rejection) => {
                let Shared { rules, event_log } = &*self.shared;
                event_log.no_owner_in_path(rejection, || rules.advice(&mut request));
                event_log
                    .other_issuer(rejection, || rules.users.advice(request.extensions().get()));
                let refusal = Refusal {
                    is_hidden: rules.is_hidden,
                    ..rejection.into()
                };
                let response = reject_inside_auth(refusal, rules.http_only, event_log, &request);
                ResponseFuture::refused(response)
            }
        }
    }
}

impl Rules {
    fn judge<B>(&self, request: &mut Request<B>) -> Result<(), Rejection> {
        #[cfg(feature = "axum")]
        let params = match self.reader {
            Reader::Patterns => RouteParams::None,
            Reader::Router => RouteParams::read(request.extensions_mut()),
        };
        let request = &*request;
        let user = match Presence::of(request.method(), request.extensions())? {
            Presence::User(user) => Some(user),
            Presence::Preflight => return Ok(()),
            Presence::Anonymous => None,
        };
        let path = request.uri().path();
        let found = self.patterns.find(path, &self.parameter);
        let is_clear = is_unambiguous(path)
            && match self.reader {
                Reader::Patterns => true,
                #[cfg(feature = "axum")]
                Reader::Router => route_param::original_path_is_unambiguous(request),
            };
        // Exempt paths are accepted before the user is required, so that public paths work without a
        // token; an ambiguous path is never exempt, because it may be another path elsewhere.
        if is_clear && found.as_ref().is_some_and(Found::is_exempt) {
            return Ok(());
        }
        let user = user.ok_or(Rejection::MissingToken)?;
        // Checked before any rule of the application, because another issuer may assign the same IDs.
        if !self.users.include(user) {
            return Err(Rejection::OtherIssuer);
        }
        if !is_clear {
            return Err(Rejection::NotOwner);
        }
        let owner = match self.reader {
            Reader::Patterns => found.ok_or(Rejection::NoPattern)?.owner(),
            #[cfg(feature = "axum")]
            Reader::Router => params.owner(&self.parameter)?,
        };
        let may_pass = |owner: &Owner<'_>| {
            self.is_own(user, owner) || self.exceptions.iter().any(|rule| rule(user))
        };
        if owner.as_ref().is_some_and(may_pass) {
            return Ok(());
        }
        Err(Rejection::NotOwner)
    }

    #[inline]
    fn is_own(&self, user: &CurrentUser, owner: &Owner<'_>) -> bool {
        match &self.claim {
            None => owner.is(user.user_id()),
            Some(claim) => match user.claim(claim) {
                Some(ClaimValue::Text(id)) => owner.is(&id),
                Some(ClaimValue::Texts(ids)) => ids.iter().any(|id| owner.is(id)),
                _ => false,
            },
        }
    }
}
