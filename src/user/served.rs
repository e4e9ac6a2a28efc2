//! The users that an authorization layer accepts; used by `path_owner` and `require_scope`.

use super::current_user::CurrentUser;

/// The users that an authorization layer accepts. It rejects all others before its own rules run,
/// because the meaning of their IDs, roles, and scopes depends on their issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ServedUsers {
    /// The users of the first issuer, and of those that have the same users.
    #[default]
    FirstIssuer,
    /// Only the users of the issuers with these names.
    Issuers(Vec<String>),
}

impl ServedUsers {
    #[inline]
    pub(crate) fn include(&self, user: &CurrentUser) -> bool {
        match self {
            Self::FirstIssuer => !user.is_of_other_issuer(),
            Self::Issuers(names) => user
                .issuer()
                .is_some_and(|issuer| names.iter().any(|name| name == issuer)),
        }
    }

    /// Suggests a change with which this user is accepted.
    pub(crate) fn advice(&self, user: Option<&CurrentUser>) -> String {
        let origin = match user.and_then(CurrentUser::issuer) {
            Some(issuer) => format!("from {issuer:?}"),
            None => "from an issuer without a name".to_owned(),
        };
        match self {
            Self::FirstIssuer => format!(
                "the user is {origin}, but the layer accepts only users of the first issuer; if both issuers have the same users, call .same_users() on the other issuer's builder; to accept the other issuer's users here, set it with PathOwnerLayer::issuer(…) or RequireScopeLayer::issuers([…])"
            ),
            Self::Issuers(names) => format!(
                "the user is {origin}, but the layer accepts only users of {names:?}; correct the name, or remove it if all issuers have the same users (.same_users())"
            ),
        }
    }
}
