use http::Extensions;

use super::CurrentUser;

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
    Anonymous(Anonymous),
    /// No authentication layer ran.
    Unknown,
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
    #[inline]
    pub(crate) fn of(extensions: &'r Extensions) -> Self {
        if let Some(user) = extensions.get() {
            Self::User(user)
        } else if extensions.get::<PreflightMark>().is_some() {
            Self::Anonymous(Anonymous::Preflight)
        } else if extensions.get::<ClientMark>().is_some() {
            Self::Anonymous(Anonymous::Client)
        } else {
            Self::Unknown
        }
    }
}
