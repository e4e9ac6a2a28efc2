//! The setters for the claims of a user, which [`TestToken`](super::TestToken) and
//! [`TestUser`](super::TestUser) share.

/// Defines the setters for a type with a method `claim`.
macro_rules! user_claim_setters {
    () => {
        /// Sets the `email` claim.
        pub fn email(self, email: impl Into<String>) -> Self {
            self.claim("email", email.into())
        }

        /// Sets the `name` claim.
        pub fn name(self, name: impl Into<String>) -> Self {
            self.claim("name", name.into())
        }

        /// Sets the `scope` claim to these scopes, separated by spaces.
        pub fn scopes<N: Into<String>>(self, scopes: impl IntoIterator<Item = N>) -> Self {
            let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
            self.claim("scope", scopes.join(" "))
        }

        /// Sets the `roles` claim to an array of these roles.
        pub fn roles<N: Into<String>>(self, roles: impl IntoIterator<Item = N>) -> Self {
            let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
            self.claim("roles", roles)
        }
    };
}

pub(super) use user_claim_setters;
