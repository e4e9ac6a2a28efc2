use super::CurrentUser;

/// The users whom an authorization layer serves. All others it rejects before any rule of its own
/// runs, because their IDs, roles and scopes mean what another issuer says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ServedUsers {
    /// The users of the first issuer, and of those that have the same users.
    #[default]
    FirstIssuer,
    /// The users of the issuers with these names, and no others.
    Issuers(Vec<String>),
}

impl ServedUsers {
    #[inline]
    pub(crate) fn include(&self, user: &CurrentUser) -> bool {
        match self {
            Self::FirstIssuer => !user.is_of_other_issuer,
            Self::Issuers(names) => user
                .issuer()
                .is_some_and(|issuer| names.iter().any(|name| name == issuer)),
        }
    }
}
