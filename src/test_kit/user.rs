//! [`TestUser`]: a user with any claims, without a token.

use std::{
    fmt,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::Serialize;
use serde_json::{Map, Value};

use super::{claims::user_claim_setters, token::json};
use crate::user::{CurrentUser, Identity};

/// A user without a token, with roles, scopes, and other claims, for
/// [`AsUserLayer`](super::AsUserLayer) and [`as_user`](super::as_user()).
///
/// The user has the claims `sub` and `email` from the start, belongs to the first issuer of any
/// layer, and never expires. If a claim is set more than once, the last value is used.
///
/// ```
/// use tower_jwt_auth::{CurrentUser, test_kit::{AsUserLayer, TestUser}};
///
/// let admin = TestUser::new("alice").roles(["admin"]).scopes(["tasks:read", "tasks:write"]);
/// let user = CurrentUser::from(admin.clone());
/// assert_eq!((user.user_id(), user.email()), ("alice", "alice@example.com"));
/// assert_eq!(user.scopes(), ["tasks:read", "tasks:write"]);
/// assert_eq!(user.roles(), ["admin"]);
///
/// let layer = AsUserLayer::new(admin.claim("plan", "pro"));
/// # drop(layer);
/// ```
#[derive(Clone)]
#[must_use = "a test user does nothing until it is passed to a layer"]
pub struct TestUser {
    claims: Map<String, Value>,
}

impl TestUser {
    /// Starts a user with this ID and the address `<ID>@example.com`.
    pub fn new(user_id: &str) -> Self {
        let user = Self { claims: Map::new() };
        user.claim("sub", user_id)
            .email(format!("{user_id}@example.com"))
    }

    user_claim_setters!();

    /// Sets the `iss` claim, which [`CurrentUser::issuer`] returns. The user still belongs to the
    /// first issuer; for a user of another issuer, call [`CurrentUser::from_issuer`] on the result
    /// of [`user`](Self::user).
    pub fn issuer(self, issuer: impl Into<String>) -> Self {
        self.claim("iss", issuer.into())
    }

    /// Sets the `exp` claim, rounded down to the second. The time may be in the past, because no
    /// token is verified.
    pub fn expires_at(self, time: SystemTime) -> Self {
        let since_epoch = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        self.claim("exp", since_epoch.as_secs())
    }

    /// Sets any claim to a value of any type.
    ///
    /// # Panics
    ///
    /// Panics if the value cannot be serialized as JSON, for example a map with keys that are not
    /// strings.
    pub fn claim(mut self, name: impl Into<String>, value: impl Serialize) -> Self {
        self.claims.insert(name.into(), json(value));
        self
    }

    /// Builds the user. A `sub` or `email` that was set to another type than a string is empty.
    pub fn user(&self) -> CurrentUser {
        let text = |name| self.claims.get(name).and_then(Value::as_str);
        let identity = Identity {
            user_id: text("sub").unwrap_or_default(),
            email: text("email").unwrap_or_default(),
            name: text("name"),
            expires_at: self.claims.get("exp").and_then(Value::as_f64),
            issuer: text("iss"),
        };
        let json = Value::from(self.claims.clone()).to_string();
        CurrentUser::from_claims(&json, identity, None)
    }
}

impl From<TestUser> for CurrentUser {
    fn from(user: TestUser) -> Self {
        user.user()
    }
}

/// Omits the claims.
impl fmt::Debug for TestUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestUser").finish_non_exhaustive()
    }
}
