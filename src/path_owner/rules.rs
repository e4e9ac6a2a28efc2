//! The rules of a layer, which decide whether a path belongs to the user; used by `layer` and
//! `service`.

use std::{fmt, sync::Arc};

use http::Request;

#[cfg(feature = "axum")]
use super::route_param::{self, RouteParams};
use super::{
    path::{Owner, is_unambiguous},
    pattern::{Found, PatternKind, Patterns},
};
use crate::{
    json::ClaimValue,
    presence::Presence,
    rejection::{EventLog, Rejection},
    user::{ClaimName, CurrentUser, ServedUsers},
};

/// The rules of a layer: the owner of a path and the exceptions.
#[derive(Clone)]
pub(super) struct Rules {
    /// The name of the parameter that contains the owner's ID.
    pub(super) parameter: String,
    pub(super) reader: Reader,
    pub(super) patterns: Patterns,
    pub(super) users: ServedUsers,
    /// The claim that contains the owner's ID, if not `sub`.
    pub(super) claim: Option<ClaimName>,
    /// The rules that allow a user to access other users' paths.
    pub(super) exceptions: Vec<Exception>,
    /// Whether the response is 404 instead of 403.
    pub(super) is_hidden: bool,
    pub(super) http_only: bool,
    /// Shared with the clones of the layer, so that each error is logged once.
    pub(super) event_log: Arc<EventLog>,
}

/// A rule of the application, which returns whether the user may access other users' paths.
pub(super) type Exception = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// The reader of the parameter: this layer's patterns or axum's router.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    Patterns,
    #[cfg(feature = "axum")]
    Router,
}

impl Rules {
    pub(super) fn new(parameter: String, reader: Reader) -> Self {
        Self {
            parameter,
            reader,
            patterns: Patterns::default(),
            users: ServedUsers::default(),
            claim: None,
            exceptions: Vec::new(),
            is_hidden: false,
            http_only: false,
            event_log: Arc::default(),
        }
    }

    /// Checks that the path belongs to the user, or is exempt.
    pub(super) fn check<B>(&self, request: &mut Request<B>) -> Result<(), Rejection> {
        #[cfg(feature = "axum")]
        let params = match self.reader {
            Reader::Patterns => RouteParams::None,
            Reader::Router => RouteParams::read(request.extensions_mut()),
        };
        let request = &*request;
        let user = match Presence::read(request.method(), request.extensions())? {
            Presence::User(user) => Some(user),
            Presence::Preflight => return Ok(()),
            Presence::Anonymous => None,
        };
        let path = request.uri().path();
        let found = self.patterns.find(path, &self.parameter);
        let path_is_unambiguous = is_unambiguous(path)
            && match self.reader {
                Reader::Patterns => true,
                #[cfg(feature = "axum")]
                Reader::Router => route_param::original_path_is_unambiguous(request),
            };
        // Exempt paths are accepted before the user is required, so that public paths work without
        // a token; an ambiguous path is never exempt, because another program may resolve it to a
        // different path.
        if path_is_unambiguous && found.as_ref().is_some_and(Found::is_exempt) {
            return Ok(());
        }
        let user = user.ok_or(Rejection::MissingToken)?;
        // Checked before any rule of the application, because another issuer may assign the same
        // IDs to different people.
        let is_served = self.users.include(user);
        let is_served_by_claim = self.claim.is_some() && self.users.include_by_claim(user);
        if !is_served && !is_served_by_claim {
            return Err(Rejection::OtherIssuer);
        }
        if !path_is_unambiguous {
            return Err(Rejection::NotOwner);
        }
        let owner = match self.reader {
            Reader::Patterns => found.ok_or(Rejection::NoPattern)?.owner(),
            #[cfg(feature = "axum")]
            Reader::Router => params.owner(&self.parameter, request)?,
        };
        // A claim can name the tenant, but a role can mean another thing in each tenant.
        let mut exceptions = self.exceptions.iter().filter(|_| is_served);
        let is_allowed =
            |owner: &Owner<'_>| self.is_own(user, owner) || exceptions.any(|rule| rule(user));
        if owner.as_ref().is_some_and(is_allowed) {
            return Ok(());
        }
        Err(Rejection::NotOwner)
    }

    #[inline]
    fn is_own(&self, user: &CurrentUser, owner: &Owner<'_>) -> bool {
        match &self.claim {
            None => owner.matches(user.user_id()),
            Some(claim) => match user.claim(claim) {
                Some(ClaimValue::Text(id)) => owner.matches(&id),
                Some(ClaimValue::Texts(ids)) => ids.iter().any(|id| owner.matches(id)),
                _ => false,
            },
        }
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("parameter", &self.parameter)
            .field("reader", &self.reader)
            .field("users", &self.users)
            .field("claim", &self.claim)
            .field("exceptions", &self.exceptions.len())
            .field("owned", &self.patterns.routes(PatternKind::Owned))
            .field("excepted", &self.patterns.routes(PatternKind::Exempt))
            .finish_non_exhaustive()
    }
}
