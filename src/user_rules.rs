//! [`UserRules`]: the rules of an authorization layer that looks only at the user of a request; used
//! by `require_scope` and `require_fresh`, and without a requirement by `require_mcp_scope`.

use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Response};
use tower::Service;

use crate::{
    presence::Presence,
    rejection::{EventLog, Head, Refusal, Rejection, ResponseFuture, reject_inside_auth},
    user::{CurrentUser, ServedUsers},
};

/// What a layer requires of a user.
pub(crate) trait Requirement {
    /// Checks that the user meets the requirement.
    ///
    /// # Errors
    ///
    /// The rejection, with the details for its challenge.
    fn check(&self, user: &CurrentUser) -> Result<(), Refusal<'_>>;

    /// Returns the fix if the credential lacks a claim about the sign-in that this requirement reads.
    fn missing_claim_advice(&self, _user: &CurrentUser) -> Option<String> {
        None
    }
}

/// The rules of a layer.
#[derive(Clone, Debug)]
pub(crate) struct UserRules<R> {
    pub(crate) requirement: R,
    users: ServedUsers,
    http_only: bool,
    /// Shared with the clones of the layer, so that each error is logged once.
    event_log: Arc<EventLog>,
}

impl<R> UserRules<R> {
    pub(crate) fn new(requirement: R) -> Self {
        Self {
            requirement,
            users: ServedUsers::default(),
            http_only: false,
            event_log: Arc::default(),
        }
    }

    /// Accepts only the users of these issuers.
    pub(crate) fn serve_issuers<N: Into<String>>(&mut self, names: impl IntoIterator<Item = N>) {
        self.users = ServedUsers::Issuers(names.into_iter().map(Into::into).collect());
    }

    /// Responds to gRPC requests in plain HTTP.
    pub(crate) fn respond_in_http_only(&mut self) {
        self.http_only = true;
    }

    /// Returns the user of a request, or `None` for a CORS preflight, which all layers accept.
    ///
    /// # Errors
    ///
    /// The rejection if the request has no user, or one of an issuer that is not served.
    pub(crate) fn user<'r>(&self, request: Head<'r>) -> Result<Option<&'r CurrentUser>, Rejection> {
        match Presence::read(request.method, request.extensions)? {
            Presence::User(user) if self.users.include(user) => Ok(Some(user)),
            Presence::User(_) => Err(Rejection::OtherIssuer),
            Presence::Preflight => Ok(None),
            Presence::Anonymous => Err(Rejection::MissingToken),
        }
    }

    /// Logs a rejection and builds its response.
    pub(crate) fn reject(&self, refusal: Refusal<'_>, request: Head<'_>) -> Response<Bytes> {
        self.event_log.other_issuer(refusal.rejection, || {
            self.users.advice(request.extensions.get())
        });
        reject_inside_auth(refusal, self.http_only, &self.event_log, request)
    }
}

impl<R: Requirement> UserRules<R> {
    /// Calls the inner service with a request that the rules accept, and rejects any other.
    pub(crate) fn call<S, B, T>(
        &self,
        inner: &mut S,
        request: Request<B>,
    ) -> ResponseFuture<S::Future>
    where
        S: Service<Request<B>, Response = Response<T>>,
    {
        let Err(refusal) = self.check(&request) else {
            return ResponseFuture::inner(inner.call(request));
        };
        // The inner service is not called and stays ready for the next request.
        self.event_log.no_sign_in_claim(refusal.rejection, || {
            let user = request.extensions().get()?;
            self.requirement.missing_claim_advice(user)
        });
        ResponseFuture::rejected(self.reject(refusal, (&request).into()))
    }

    fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal<'_>> {
        match self.user(request.into())? {
            Some(user) => self.requirement.check(user),
            None => Ok(()),
        }
    }
}
