//! The origin of a request, which an authentication layer stores in the request's extensions for
//! the inner layers and extractors.

use http::{Extensions, Method};

use crate::{rejection::Rejection, user::CurrentUser};

/// The kinds of accepted requests without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// A client without a token, where a token is optional.
    Client,
    /// A CORS preflight. It only asks for permission, so all layers accept it.
    Preflight,
}

/// The origin of a request, as the surrounding authentication layer has stored it.
pub(crate) enum Presence<'r> {
    User(&'r CurrentUser),
    Anonymous,
    /// A CORS preflight, which all layers accept.
    Preflight,
}

/// The value in the extensions. It has no size, so inserting it does not allocate.
#[derive(Clone, Copy)]
struct ClientMark;
#[derive(Clone, Copy)]
struct PreflightMark;

impl Anonymous {
    /// Stores this kind in a request's extensions and removes any user that was there.
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
    /// Reads the origin of a request with this method and these extensions.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoUser`] if no authentication layer ran. [`Rejection::MissingToken`] for a
    /// preflight that became another request afterwards, for example by an override of the method:
    /// it was accepted only as a preflight.
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
