//! [`RequireScopeLayer`]: its requirements and settings.

use std::sync::Arc;

use tower::Layer;

use super::{
    needed::{Grants, HowMany, Needed},
    service::RequireScope,
};
use crate::{
    config_error::ConfigError,
    user::{CurrentUser, Grant},
    user_rules::UserRules,
};

/// Layer that applies the [`RequireScope`] middleware: it accepts a request only if its user has a
/// scope or a role. Otherwise it responds with 403 and `insufficient_scope` in the challenge (RFC
/// 6750 section 3.1), in gRPC with status 7.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside it, which identifies the user.
/// Anonymous requests get 401, except CORS preflights if
/// [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) is set.
///
/// | | claims | separator in a string |
/// |---|---|---|
/// | scopes | `scope` (RFC 8693 section 4.2), `scp`, and Auth0's `permissions` | space |
/// | roles | `role`, as in Better Auth's admin plugin, and `roles` | comma |
///
/// Each claim may also be an array of strings. Names are compared byte for byte; a claim of another
/// type grants nothing. To read another claim, call [`in_claim`](Self::in_claim).
///
/// ```
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{ConfigError, JwtAuthLayer, RequireScopeLayer};
///
/// fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
///     let reports = Router::new()
///         .route("/reports", get(async || "…"))
///         .route_layer(RequireScopeLayer::new("reports:read")?);
///     let admin = Router::new()
///         .route("/users", get(async || "…"))
///         .route_layer(RequireScopeLayer::any_role(["admin", "owner"])?);
///     Ok(reports.merge(admin).route_layer(auth))
/// }
/// ```
#[doc(alias = "RequireRoleLayer")]
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct RequireScopeLayer {
    rules: Arc<UserRules<Needed>>,
}

impl RequireScopeLayer {
    /// Creates a layer that requires this scope.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is not a scope according to RFC 6749 section 3.3: visible ASCII
    /// without spaces, quotes, or backslashes.
    pub fn new(scope: impl Into<String>) -> Result<Self, ConfigError> {
        Self::all_of([scope])
    }

    /// Creates a layer that requires all of these scopes.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] as for [`new`](Self::new), or if the list is empty.
    pub fn all_of<N: Into<String>>(
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::requiring(Grant::Scopes, HowMany::All, scopes)
    }

    /// Creates a layer that requires at least one of these scopes.
    ///
    /// # Errors
    ///
    /// The same as for [`all_of`](Self::all_of).
    pub fn any_of<N: Into<String>>(
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::requiring(Grant::Scopes, HowMany::Any, scopes)
    }

    /// Creates a layer that requires all of these roles.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the list is empty, or if a role is empty, contains a comma, or starts or
    /// ends with a space.
    pub fn all_roles<N: Into<String>>(
        roles: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::requiring(Grant::Roles, HowMany::All, roles)
    }

    /// Creates a layer that requires at least one of these roles.
    ///
    /// # Errors
    ///
    /// The same as for [`all_roles`](Self::all_roles).
    pub fn any_role<N: Into<String>>(
        roles: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Self::requiring(Grant::Roles, HowMany::Any, roles)
    }

    /// Creates a layer that accepts a user if `rule` returns `true`, for permissions that are neither
    /// scopes nor roles in a list: Zitadel's role objects, Firebase's booleans, a plan. Like a user
    /// without a scope, a rejected user gets 403 with `insufficient_scope` in the challenge. A rule has
    /// no name, so neither the challenge nor [`RejectionDetails`](crate::RejectionDetails) describes it.
    ///
    /// The rule runs for each request that has a user of an accepted issuer, and blocks it, so it
    /// must not wait for a database. [`claims`](crate::CurrentUser::claims) takes about a
    /// microsecond. Return `false` if the claims cannot be read.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use serde::{Deserialize, de::IgnoredAny};
    /// use tower_jwt_auth::{CurrentUser, RequireScopeLayer};
    ///
    /// /// Zitadel: {"urn:zitadel:iam:org:project:roles": {"admin": {"2093": "example.com"}}}
    /// #[derive(Deserialize)]
    /// struct Zitadel {
    ///     #[serde(rename = "urn:zitadel:iam:org:project:roles")]
    ///     roles: BTreeMap<String, IgnoredAny>,
    /// }
    ///
    /// fn is_admin(user: &CurrentUser) -> bool {
    ///     user.claims::<Zitadel>().is_ok_and(|claims| claims.roles.contains_key("admin"))
    /// }
    ///
    /// let admins = RequireScopeLayer::rule(is_admin);
    /// # drop(admins);
    /// ```
    pub fn rule<F>(rule: F) -> Self
    where
        F: Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    {
        Self::with(Needed::Rule(Arc::new(rule)))
    }

    /// Reads only this claim instead of the default ones. `claim` is a name or, if it starts with a
    /// slash, a JSON Pointer (RFC 6901) to a nested claim.
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
    /// [`ConfigError`] if `claim` is empty, or a pointer with an empty part or a stray `~`, or if the
    /// layer was created with [`rule`](Self::rule).
    pub fn in_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.rules_mut().requirement.read_from(claim)?;
        Ok(self)
    }

    /// Accepts only the users of these issuers, instead of the first issuer's users: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or). Each of these issuers then decides the
    /// meaning of its own roles and scopes. An empty list rejects every user.
    ///
    /// ```
    /// use tower_jwt_auth::RequireScopeLayer;
    ///
    /// let partner = RequireScopeLayer::new("reports:read")?.issuers(["https://partner.example.com"]);
    /// # drop(partner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn issuers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.rules_mut().serve_issuers(names);
        self
    }

    /// Responds to gRPC requests in plain HTTP: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.rules_mut().respond_in_http_only();
        self
    }

    /// Returns a mutable reference to the rules. If a clone of the layer shares them, they are
    /// copied first.
    fn rules_mut(&mut self) -> &mut UserRules<Needed> {
        Arc::make_mut(&mut self.rules)
    }

    fn requiring<N: Into<String>>(
        grant: Grant,
        how_many: HowMany,
        names: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let grants = Grants::new(grant, how_many, names)?;
        Ok(Self::with(Needed::Grants(grants)))
    }

    fn with(needed: Needed) -> Self {
        Self {
            rules: Arc::new(UserRules::new(needed)),
        }
    }
}

impl<S> Layer<S> for RequireScopeLayer {
    type Service = RequireScope<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireScope::new(inner, Arc::clone(&self.rules))
    }
}
