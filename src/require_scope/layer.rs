use std::sync::Arc;

use tower::Layer;

use super::{
    RequireScope,
    needed::{HowMany, Needed},
};
use crate::{
    ConfigError,
    events::EventLog,
    user::{ClaimName, Grant, ServedUsers},
};

/// Layer that applies the [`RequireScope`] middleware: it lets a request through only when its user
/// has been granted a scope or a role, and answers 403 otherwise, with `insufficient_scope` in the
/// challenge (RFC 6750 section 3.1); gRPC 7.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside of it, which says who the user is.
/// A request without a user, where that lets it go on, is answered with 401, unless it is a preflight
/// that [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) lets pass.
///
/// | | where it is looked for | if that is a text |
/// |---|---|---|
/// | scopes | `scope` (RFC 8693 section 4.2), `scp`, and Auth0's `permissions` | spaces part them |
/// | roles | `role`, as Better Auth's admin plugin has it, and `roles` | commas part them |
///
/// Each of these may also be an array of texts. Names are compared byte for byte; what has a wrong
/// type grants nothing. [`in_claim`](Self::in_claim) says another place.
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{ConfigError, JwtAuthLayer, RequireScopeLayer};
///
/// fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
///     let event_log = Router::new()
///         .route("/event_log", get(async || "…"))
///         .route_layer(RequireScopeLayer::new("event_log:read")?);
///     let admin = Router::new()
///         .route("/users", get(async || "…"))
///         .route_layer(RequireScopeLayer::any_role(["admin", "owner"])?);
///     Ok(event_log.merge(admin).route_layer(auth))
/// }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct RequireScopeLayer {
    needed: Needed,
    users: ServedUsers,
    http_only: bool,
    event_log: Arc<EventLog>,
}

impl RequireScopeLayer {
    /// Asks for this scope.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when it is not one by RFC 6749 section 3.3: visible ASCII without a space, a
    /// quote or a backslash.
    pub fn new(scope: impl Into<String>) -> Result<Self, ConfigError> {
        Self::all_of([scope])
    }

    /// Asks for each of these scopes.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), or when there is none.
    pub fn all_of<N: Into<String>>(
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::of(Grant::Scopes, HowMany::All, scopes)
    }

    /// Asks for one of these scopes.
    ///
    /// # Errors
    ///
    /// As [`all_of`](Self::all_of).
    pub fn any_of<N: Into<String>>(
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::of(Grant::Scopes, HowMany::Any, scopes)
    }

    /// Asks for each of these roles.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when there is none, or one is empty, has a comma in it, or a space at an end.
    pub fn all_roles<N: Into<String>>(
        roles: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::of(Grant::Roles, HowMany::All, roles)
    }

    /// Asks for one of these roles.
    ///
    /// # Errors
    ///
    /// As [`all_roles`](Self::all_roles).
    pub fn any_role<N: Into<String>>(
        roles: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::of(Grant::Roles, HowMany::Any, roles)
    }

    /// Looks in this claim, and in no other: its name, or a JSON Pointer (RFC 6901) to one inside of
    /// others, which starts with a slash.
    ///
    /// ```
    /// use tower_jwt_auth::RequireScopeLayer;
    ///
    /// // Keycloak: {"realm_access": {"roles": ["admin"]}}
    /// let admins = RequireScopeLayer::any_role(["admin"])?.in_claim("/realm_access/roles")?;
    /// # drop(admins);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when it is empty, or a pointer with an empty part or a stray `~`.
    pub fn in_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.needed.claim = Some(ClaimName::new(claim)?);
        Ok(self)
    }

    /// Serves the users of these issuers, and no others, instead of the first issuer's: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or). Roles and scopes then mean what each of these
    /// issuers says. An empty list rejects every user.
    ///
    /// ```
    /// use tower_jwt_auth::RequireScopeLayer;
    ///
    /// let partner = RequireScopeLayer::new("event_log:read")?.issuers(["https://partner.example.com"]);
    /// # drop(partner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn issuers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.users = ServedUsers::Issuers(names.into_iter().map(Into::into).collect());
        self
    }

    /// RejectionFormat gRPC requests in plain HTTP too: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.http_only = true;
        self
    }

    fn of<N: Into<String>>(
        grant: Grant,
        how_many: HowMany,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Ok(Self {
            needed: Needed::new(grant, how_many, names)?,
            users: ServedUsers::default(),
            http_only: false,
            event_log: Arc::default(),
        })
    }
}

impl<S> Layer<S> for RequireScopeLayer {
    type Service = RequireScope<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireScope::new(
            inner,
            super::service::Shared {
                details: self.needed.details(),
                needed: self.needed.clone(),
                users: self.users.clone(),
                http_only: self.http_only,
                event_log: Arc::clone(&self.event_log),
            },
        )
    }
}
