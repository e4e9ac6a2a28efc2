use http::Extensions;

use super::CurrentUser;

/// Left in the extensions of a request that may go on without a user.
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

impl<'r> Presence<'r> {
    #[inline]
    pub(crate) fn of(extensions: &'r Extensions) -> Self {
        if let Some(user) = extensions.get() {
            return Self::User(user);
        }
        extensions
            .get()
            .map_or(Self::Unknown, |&anonymous| Self::Anonymous(anonymous))
    }
}
