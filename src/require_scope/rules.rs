//! The rules of a layer, which decide whether a user has enough grants; used by `layer` and
//! `service`.

use std::sync::Arc;

use http::Request;

use super::needed::Needed;
use crate::{
    presence::Presence,
    rejection::{EventLog, Refusal, Rejection},
    user::ServedUsers,
};

/// The rules of a layer.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) needed: Needed,
    pub(super) users: ServedUsers,
    pub(super) http_only: bool,
    /// Shared with the clones of the layer, so that each error is logged once.
    pub(super) event_log: Arc<EventLog>,
}

impl Rules {
    pub(super) fn new(needed: Needed) -> Self {
        Self {
            needed,
            users: ServedUsers::default(),
            http_only: false,
            event_log: Arc::default(),
        }
    }

    /// Checks that the user has the required scopes or roles.
    pub(super) fn check<B>(&self, request: &Request<B>) -> Result<(), Refusal<'_>> {
        let user = match Presence::read(request.method(), request.extensions())? {
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
            details: self.needed.details(),
            is_hidden: false,
        })
    }
}
