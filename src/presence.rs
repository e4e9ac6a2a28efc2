//! The sender of a request: a user, an anonymous client, or a browser with a CORS preflight. An
//! authentication layer stores it in the request's extensions for the inner layers and extractors.

use http::{Extensions, Method};

use crate::{rejection::Rejection, user::CurrentUser};

/// The kinds of accepted requests without a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anonymous {
    /// A request without a token, if tokens are optional.
    Client,
    /// A CORS preflight. It only asks for permission, so all layers accept it.
    Preflight,
}

/// The sender of a request, as stored by the innermost authentication layer around this code.
pub(crate) enum Presence<'r> {
    User(&'r CurrentUser),
    Anonymous,
    /// A CORS preflight, which all layers accept.
    Preflight,
}

/// The mark of an anonymous client. Marks have no size, so inserting one does not allocate.
#[derive(Clone, Copy)]
struct ClientMark;

/// The mark of a CORS preflight.
#[derive(Clone, Copy)]
struct PreflightMark;

impl Anonymous {
    /// Marks a request as this kind and removes the user that an outer layer stored.
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
    /// Reads the sender from the extensions of a request with this method.
    ///
    /// # Errors
    ///
    /// [`Rejection::NoUser`] if no authentication layer ran. [`Rejection::MissingToken`] for a
    /// preflight whose method was changed after the authentication layer, for example by a method
    /// override: it was accepted without a token only as a preflight.
    #[inline]
    pub(crate) fn read(method: &Method, extensions: &'r Extensions) -> Result<Self, Rejection> {
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
