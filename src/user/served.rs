//! The users that an authorization layer serves; used by `path_owner` and `require_scope`.

use super::current_user::CurrentUser;

/// The users that an authorization layer serves. It rejects all others before its own rules run,
/// because their IDs, roles, and scopes have the meaning that another issuer gives them.
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

    /// Returns what to change so that this user is served.
    pub(crate) fn advice(&self, user: Option<&CurrentUser>) -> String {
        let issuer = match user.and_then(CurrentUser::issuer) {
            Some(issuer) => format!("of {issuer:?}"),
            None => "of an issuer without a name".to_owned(),
        };
        match self {
            Self::FirstIssuer => format!(
                "the user is one {issuer}, and the layer serves those of the first issuer; if both have the same users, call .same_users() on the other issuer's builder; to serve the other's users here, name it with PathOwnerLayer::issuer(…) or RequireScopeLayer::issuers([…])"
            ),
            Self::Issuers(names) => format!(
                "the user is one {issuer}, and the layer serves those of {names:?} only; correct the name, or remove it if all issuers have the same users (.same_users())"
            ),
        }
    }
}
