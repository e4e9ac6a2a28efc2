//! The credentials that are looked up: session tokens, and those of the application's authenticators.
//! The service asks for them after it has found no JWT.

use std::{
    fmt,
    future::Future,
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use http::{Request, StatusCode, request::Parts};

use super::service::{Decision, Shared, Wait};
#[cfg(feature = "introspection")]
use crate::introspection::Introspector;
#[cfg(feature = "sessions-custom")]
use crate::sessions::Sessions;
use crate::{
    authenticator::{Authentication, Authenticator},
    rejection::{Rejection, RejectionDetails},
    token::TokenError,
};

/// The credentials of a layer that are looked up.
pub(super) struct Lookups {
    pub(super) authenticators: Vec<Arc<dyn Authenticator>>,
    #[cfg(feature = "introspection")]
    pub(super) introspector: Option<Introspector>,
    #[cfg(feature = "sessions-custom")]
    pub(super) sessions: Option<Sessions>,
}

/// The credential about which an [`Authentication`] decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Credential {
    /// That of the authenticator with this index.
    Own(usize),
    /// An opaque access token.
    #[cfg(feature = "introspection")]
    AccessToken { is_private: bool },
    /// A session token in `Authorization`.
    #[cfg(feature = "sessions-custom")]
    SessionBearer,
    #[cfg(feature = "sessions-custom")]
    SessionCookie,
}

impl Credential {
    /// Returns whether shared caches must be told that the response is private: they know only the
    /// `Authorization` field (RFC 9111 section 3.5).
    fn is_private(self) -> bool {
        match self {
            Self::Own(_) => true,
            #[cfg(feature = "introspection")]
            Self::AccessToken { is_private } => is_private,
            #[cfg(feature = "sessions-custom")]
            Self::SessionBearer => false,
            #[cfg(feature = "sessions-custom")]
            Self::SessionCookie => true,
        }
    }

    /// Returns whether the rules for tokens have been applied to the claims.
    fn is_introspected(self) -> bool {
        #[cfg(feature = "introspection")]
        if let Self::AccessToken { .. } = self {
            return true;
        }
        false
    }

    /// Returns whether a browser attaches the credential to every request and cannot remove it.
    fn is_attached_by_browser(self) -> bool {
        match self {
            Self::Own(_) => false,
            #[cfg(feature = "introspection")]
            Self::AccessToken { .. } => false,
            #[cfg(feature = "sessions-custom")]
            Self::SessionBearer => false,
            #[cfg(feature = "sessions-custom")]
            Self::SessionCookie => true,
        }
    }
}

/// A running lookup.
pub(super) struct PendingLookup {
    future: Pin<Box<dyn Future<Output = Authentication> + Send>>,
    credential: Credential,
}

impl PendingLookup {
    /// Waits for the lookup, and then decides about the request.
    pub(super) fn poll<B>(
        &mut self,
        shared: &Shared,
        request: &mut Request<B>,
        cx: &mut Context<'_>,
    ) -> Poll<Decision> {
        let authentication = ready!(self.future.as_mut().poll(cx));
        Poll::Ready(shared.decide(authentication, self.credential, request))
    }
}

impl Shared {
    /// Authenticates a request by a token that is no JWT: a session token or an opaque access token.
    /// `error` is the reason why it was rejected as a JWT.
    #[cold]
    pub(super) fn opaque_token<B>(
        &self,
        error: TokenError,
        request: &mut Request<B>,
    ) -> Option<Decision> {
        #[cfg(feature = "_lookups")]
        {
            let lookups = self.lookups.as_ref()?;
            let token = self.sources.token(request).ok()?;
            #[cfg(feature = "sessions-custom")]
            if let Some(sessions) = &lookups.sessions {
                // A token from any other place is not a bearer token: a browser may have attached it.
                if token.is_private {
                    if sessions.has_form(&token.text) {
                        return None;
                    }
                } else if let Some(authentication) = sessions.bearer(&token.text) {
                    return Some(self.decide(authentication, Credential::SessionBearer, request));
                }
            }
            #[cfg(feature = "introspection")]
            if let Some(introspector) = &lookups.introspector
                // The rules of the first issuer apply, so the source must not belong to another.
                && token.issuer.is_none_or(|issuer| issuer == 0)
                && error != TokenError::TooLong
                && let Some(authentication) = introspector.bearer(&token.text, &self.verifier)
            {
                let is_private = token.is_private;
                let credential = Credential::AccessToken { is_private };
                return Some(self.decide(authentication, credential, request));
            }
            let _ = (lookups, token);
        }
        let _ = (error, request);
        None
    }

    /// Authenticates a request without a token by the authenticators, from this one on, and then by
    /// its session cookie. Returns `None` if it has no such credential.
    pub(super) fn look_up<B>(&self, from: usize, request: &mut Request<B>) -> Option<Decision> {
        let lookups = self.lookups.as_ref()?;
        for (index, authenticator) in lookups.authenticators.iter().enumerate().skip(from) {
            match with_parts(request, |parts| authenticator.authenticate(parts)) {
                Authentication::NotMine => {}
                authentication => {
                    return Some(self.decide(authentication, Credential::Own(index), request));
                }
            }
        }
        #[cfg(feature = "sessions-custom")]
        if let Some(sessions) = &lookups.sessions {
            let (method, uri, headers) = (request.method(), request.uri(), request.headers());
            match sessions.cookie(method, uri, headers, &self.verifier) {
                Authentication::NotMine => {}
                authentication => {
                    return Some(self.decide(authentication, Credential::SessionCookie, request));
                }
            }
        }
        None
    }

    /// Decides about a request by the result of a lookup.
    fn decide<B>(
        &self,
        authentication: Authentication,
        credential: Credential,
        request: &mut Request<B>,
    ) -> Decision {
        let (rejection, details) = match authentication {
            Authentication::User(user) => {
                match self.verifier.check_user(user, credential.is_introspected()) {
                    Ok(user) => return self.accept(user, credential.is_private(), request),
                    Err(error) => (error.into(), None),
                }
            }
            Authentication::Lookup(future) => {
                return Decision::Wait(Wait::Lookup(PendingLookup { future, credential }));
            }
            Authentication::NotMine => return self.after(credential, request),
            Authentication::Rejected(rejection, details) => {
                let has_details = details != RejectionDetails::default();
                (rejection, has_details.then(|| Box::new(details)))
            }
        };
        // Without this rule, a user who has signed out elsewhere could not use even public pages.
        if credential.is_attached_by_browser()
            && rejection.status() == StatusCode::UNAUTHORIZED
            && let Some(decision) = self.anonymous(request)
        {
            return decision;
        }
        Decision::Reject(rejection, details)
    }

    /// Continues after a lookup has found that the request has no credential of its kind.
    fn after<B>(&self, credential: Credential, request: &mut Request<B>) -> Decision {
        let next = match credential {
            Credential::Own(index) => self.look_up(index + 1, request),
            #[cfg(feature = "introspection")]
            Credential::AccessToken { .. } => None,
            #[cfg(feature = "sessions-custom")]
            Credential::SessionBearer | Credential::SessionCookie => None,
        };
        next.or_else(|| self.anonymous(request))
            .unwrap_or_else(|| Rejection::MissingToken.into())
    }
}

/// Passes the head of a request to a function, without cloning any of it.
fn with_parts<B, T>(request: &mut Request<B>, function: impl FnOnce(&Parts) -> T) -> T {
    let (mut parts, ()) = Request::new(()).into_parts();
    swap_head(request, &mut parts);
    let result = function(&parts);
    swap_head(request, &mut parts);
    result
}

fn swap_head<B>(request: &mut Request<B>, parts: &mut Parts) {
    mem::swap(request.method_mut(), &mut parts.method);
    mem::swap(request.uri_mut(), &mut parts.uri);
    mem::swap(request.version_mut(), &mut parts.version);
    mem::swap(request.headers_mut(), &mut parts.headers);
    mem::swap(request.extensions_mut(), &mut parts.extensions);
}

impl fmt::Debug for Lookups {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lookups = f.debug_struct("Lookups");
        lookups.field("authenticators", &self.authenticators.len());
        #[cfg(feature = "introspection")]
        lookups.field("introspector", &self.introspector);
        #[cfg(feature = "sessions-custom")]
        lookups.field("sessions", &self.sessions);
        lookups.finish()
    }
}
