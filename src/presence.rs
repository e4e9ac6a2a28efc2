//! Who made a request, as an authentication layer leaves it in the request's extensions for the
//! layers and extractors further in.

use http::{Extensions, Method};

use crate::{CurrentUser, Rejection};

/// Whom a request without a user is of, that may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// A client that sent no token, where none is asked for.
    Client,
    /// A browser that asks whether it may make a request. It asks nothing else, and so passes all
    /// layers.
    Preflight,
}

/// Who made a request, as the authentication layer outside has found.
pub(crate) enum Presence<'r> {
    User(&'r CurrentUser),
    Anonymous,
    /// A CORS preflight, which passes all layers.
    Preflight,
}

/// What is left in the extensions: without a size, so that it costs no allocation.
#[derive(Clone, Copy)]
struct ClientMark;
#[derive(Clone, Copy)]
struct PreflightMark;

impl Anonymous {
    /// Leaves word of it in a request's extensions, in the place of whatever user was there.
    pub(crate) fn mark(self, extensions: &mut Extensions) {
        extensions.remove::<CurrentUser>();
        match self {
            Self::Client => {
                extensions.remove::<PreflightMark>();
                extensions.insert(ClientMark);
            }
            Self::Preflight => {
                extensions.insert(PreflightMark);
            }
        }
    }
}

impl<'r> Presence<'r> {
    /// Reads who made a request with this method and these extensions.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoUser`] if no authentication layer ran. [`Rejection::MissingToken`] for a
    /// preflight that became another request afterwards, by an override of the method for example:
    /// it was let in to ask, and not to act.
    #[inline]
    pub(crate) fn of(method: &Method, extensions: &'r Extensions) -> Result<Self, Rejection> {
        if let Some(user) = extensions.get() {
            Ok(Self::User(user))
        } else if extensions.get::<PreflightMark>().is_some() {
            if *method == Method::OPTIONS {
                Ok(Self::Preflight)
            } else {
                Err(Rejection::MissingToken)
            }
        } else if extensions.get::<ClientMark>().is_some() {
            Ok(Self::Anonymous)
        } else {
            Err(Rejection::NoUser)
        }
    }
}
