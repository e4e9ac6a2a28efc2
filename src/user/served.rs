//! The users that an authorization layer accepts; used by `path_owner` and `user_rules`.

use super::{current_user::CurrentUser, identity::UserIds};

/// The users that an authorization layer accepts. It rejects all others before its own rules run,
/// because the meaning of their IDs, roles, and scopes depends on their issuer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ServedUsers {
    /// The users of the first issuer and of the issuers that have the same users.
    #[default]
    FirstIssuer,
    /// Only the users of the issuers with these names.
    Issuers(Vec<String>),
}

impl ServedUsers {
    #[inline]
    pub(crate) fn include(&self, user: &CurrentUser) -> bool {
        match self {
            Self::FirstIssuer => user.user_ids() == UserIds::FirstIssuers,
            Self::Issuers(names) => user
                .issuer()
                .is_some_and(|issuer| names.iter().any(|name| name == issuer)),
        }
    }

    /// Returns whether a user of several tenants is accepted by a layer that compares another claim
    /// than the user ID, because such a claim can name the tenant.
    pub(crate) fn include_by_claim(&self, user: &CurrentUser) -> bool {
        *self == Self::FirstIssuer && user.user_ids() == UserIds::SeveralTenants
    }

    /// Suggests a configuration change that would make the layer accept this user.
    pub(crate) fn advice(&self, user: Option<&CurrentUser>) -> String {
        if user.is_some_and(|user| user.user_ids() == UserIds::SeveralTenants) {
            return "the user is from one of several tenants, in which the same user ID may identify different people; compare a claim that names the tenant with PathOwnerLayer::owner_claim(…), set the issuer with PathOwnerLayer::issuer(…) or, on other layers, .issuers([…]), or, only if the IDs are unique across all tenants and roles mean the same in each, call .same_users() on the builder".to_owned();
        }
        let origin = match user.and_then(CurrentUser::issuer) {
            // The name of a tenant is not shown, because it comes from the token.
            Some(_) if user.is_some_and(CurrentUser::may_name_tenant) => {
                "from an issuer with .issuer_template(…)".to_owned()
            }
            Some(issuer) => format!("from {issuer:?}"),
            None => "from an issuer without a name".to_owned(),
        };
        match self {
            Self::FirstIssuer => format!(
                "the user is {origin}, but the layer accepts only users of the first issuer; to accept the other issuer's users here, set it with PathOwnerLayer::issuer(…) or, on other layers, .issuers([…]), for tenants with one layer for each; only if the same ID is the same person with both issuers, call .same_users() on the other issuer's builder instead"
            ),
            Self::Issuers(names) => format!(
                "the user is {origin}, but the layer accepts only users of {names:?}; if the issuers are tenants, the rejection is correct; otherwise, correct the name or, only if the same ID is the same person with all issuers, remove it and call .same_users() on the other issuers' builders"
            ),
        }
    }
}
