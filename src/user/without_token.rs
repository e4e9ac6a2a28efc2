//! Users without a token: [`CurrentUser::new`], and the methods that change such a user.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{
    current_user::CurrentUser,
    identity::{Identity, UserIds},
    span::StrRange,
};

impl CurrentUser {
    /// Creates a user without a token, for tests and for other authentication layers outside a
    /// [`PathOwnerLayer`](crate::PathOwnerLayer).
    ///
    /// If the user has no email address, pass a placeholder or `""`. A layer accepts the user of an
    /// `Authenticator` with `""` only if [`email_optional`](crate::JwtAuthBuilder::email_optional) is
    /// set, which applies to tokens as well.
    ///
    /// The user has no name and never expires; the claims are `sub` and `email`. It belongs to the
    /// first issuer of any layer; [`from_issuer`](Self::from_issuer) assigns it to another issuer.
    pub fn new(user_id: impl Into<String>, email: impl Into<String>) -> Self {
        let (user_id, email) = (user_id.into(), email.into());
        let claims = serde_json::json!({ "sub": &user_id, "email": &email }).to_string();
        let identity = Identity {
            user_id: &user_id,
            email: &email,
            name: None,
            expires_at: None,
            issuer: None,
        };
        Self::from_claims(&claims, identity, None)
    }

    /// Returns this user, assigned to this issuer instead of the layer's first one: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or). Authorization layers reject such a user
    /// unless they name the issuer. The claims are unchanged.
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// let ours = CurrentUser::new("alice", "alice@example.com");
    /// let theirs = ours.clone().from_issuer("https://partner.example.com");
    /// assert_eq!(theirs.issuer(), Some("https://partner.example.com"));
    /// ```
    #[must_use]
    pub fn from_issuer(mut self, issuer: impl Into<String>) -> Self {
        let mut text = Cow::Borrowed(&*self.text);
        self.issuer = Some(StrRange::append(&issuer.into(), &mut text));
        self.text = text.into();
        self.user_ids = UserIds::OtherIssuers;
        self.may_name_tenant = false;
        self
    }

    /// Returns this user with a name, which is also the `name` claim.
    #[must_use]
    pub fn with_name(self, name: impl Into<String>) -> Self {
        self.with_claim("name", name.into().into())
    }

    /// Returns this user with these scopes in the `scope` claim (RFC 8693 section 4.2).
    ///
    /// ```
    /// use tower_jwt_auth::CurrentUser;
    ///
    /// let key = CurrentUser::new("u1", "ada@example.com").with_scopes(["tasks:read", "tasks:write"]);
    /// assert_eq!(key.scopes(), ["tasks:read", "tasks:write"]);
    /// ```
    #[must_use]
    pub fn with_scopes<S: Into<String>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        self.with_claim("scope", scopes.join(" ").into())
    }

    /// Returns this user with these roles in the `roles` claim.
    #[must_use]
    pub fn with_roles<S: Into<String>>(self, roles: impl IntoIterator<Item = S>) -> Self {
        let roles: Vec<String> = roles.into_iter().map(Into::into).collect();
        self.with_claim("roles", roles.into())
    }

    fn with_claim(self, name: &str, value: Value) -> Self {
        let mut claims: Map<String, Value> = self.claims().unwrap_or_default();
        claims.insert(name.to_owned(), value);
        let identity = Identity {
            user_id: self.user_id(),
            email: self.email(),
            name: claims.get("name").and_then(Value::as_str),
            expires_at: self.expires_at,
            issuer: self.issuer(),
        };
        let json = Value::from(claims.clone()).to_string();
        Self {
            user_ids: self.user_ids,
            may_name_tenant: self.may_name_tenant,
            verified_by: self.verified_by,
            #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
            leeway_millis: self.leeway_millis,
            ..Self::from_claims(&json, identity, None)
        }
    }
}
