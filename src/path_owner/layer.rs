//! [`PathOwnerLayer`]: its constructors and settings.

use std::{fmt, sync::Arc};

use tower::Layer;

use super::{
    rules::{Reader, Rules},
    service::PathOwner,
};
use crate::{
    config_error::{ConfigError, Fault},
    user::{ClaimName, CurrentUser, ServedUsers},
};

/// Layer that applies the [`PathOwner`] middleware: it accepts a request only if its path belongs
/// to the current user, and responds with 403 otherwise.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside it, which identifies the user. If
/// several of those are nested, apply it inside the innermost one, from which the handler gets its
/// user. CORS preflights are accepted if
/// [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) is set.
///
/// One parameter of the path, by default `user_id`, is decoded once and compared byte for byte with
/// [`CurrentUser::user_id`](crate::CurrentUser::user_id). Paths that match no pattern are rejected,
/// unless [`except`](Self::except) exempts them. Ambiguous paths are always rejected: paths with
/// dot segments, empty segments, backslashes, or NUL, encoded or not, and paths with an encoded
/// slash or a leading semicolon in a parameter before the owner's.
///
/// ```
/// use tower_jwt_auth::PathOwnerLayer;
///
/// let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")? // `/api/{user_id}` itself too
///     .and("/v2/users/{user_id}/{*rest}")?
///     .except("/api/health")?;
/// # drop(owner);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
///
/// # Which path is checked
///
/// The patterns are matched against the path of the request as it reaches the layer. Inside axum's
/// `nest`, that is the part after the prefix. Therefore, either apply the layer outside, with
/// patterns for the whole path, or use `PathOwnerLayer::path_param` (feature `axum`), which reads
/// the parameter that axum's own router parsed.
///
/// A pattern checks one parameter. If an inner router has another parameter of the same name, as
/// with `nest("/api/{user_id}", …)` around `/share/{user_id}`, the handler sees a value that the
/// pattern has not checked; `path_param`, inside the nest, checks all of them.
///
/// Inside a nest, a pattern does not see the prefix. It therefore cannot reject dot segments in the
/// prefix, or an empty segment after it, which axum removes too: for `/api//tasks`, a pattern
/// inside `nest("/api", …)` sees `/tasks`, but the handler finds an empty ID.
#[derive(Clone)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct PathOwnerLayer {
    rules: Arc<Rules>,
}

impl PathOwnerLayer {
    /// Creates a layer that accepts a path if the segment at `{user_id}` is the user's ID.
    ///
    /// The pattern uses axum's syntax. If it ends in `/{*rest}`, it also covers the path before
    /// that, with and without a trailing slash.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the pattern is invalid, lacks the segment `{user_id}`, or contains it
    /// twice.
    pub fn new(pattern: &str) -> Result<Self, ConfigError> {
        Self::named("user_id", pattern)
    }

    /// Like [`new`](Self::new), with another name for the parameter that contains the owner's ID:
    /// `PathOwnerLayer::named("id", "/users/{id}/{*rest}")`.
    ///
    /// # Errors
    ///
    /// The same as for [`new`](Self::new).
    pub fn named(parameter: &str, pattern: &str) -> Result<Self, ConfigError> {
        Self::with_reader(parameter.to_owned(), Reader::Patterns).and(pattern)
    }

    /// Creates a layer that accepts a path if every parameter with this name that axum's router
    /// found in it is the user's ID.
    ///
    /// It works wherever axum has parsed the path: in `Router::route_layer` and inside `nest`. It
    /// also works in `Router::layer`, but unknown paths then get 403 instead of 404. It cannot see
    /// the parameters of an inner router that was passed to `nest_service`; apply it inside that
    /// router instead. Routes without the parameter are rejected, unless [`except`](Self::except)
    /// exempts them.
    ///
    /// ```
    /// use axum::{Router, routing::get};
    /// use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer};
    ///
    /// # fn router(auth: JwtAuthLayer) -> Router {
    /// let tasks = Router::new()
    ///     .route("/tasks", get(async || "mine"))
    ///     .route_layer(PathOwnerLayer::path_param("user_id"))
    ///     .route_layer(auth);
    /// Router::new().nest("/api/{user_id}", tasks)
    /// # }
    /// ```
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn path_param(name: impl Into<String>) -> Self {
        Self::with_reader(name.into(), Reader::Router)
    }

    /// Adds a pattern. A path is checked against the pattern that covers it; if several patterns
    /// cover it, the most literal one applies, as in a router.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] as for [`new`](Self::new), if the pattern conflicts with another, or if the
    /// layer was created with `path_param`.
    pub fn and(mut self, pattern: &str) -> Result<Self, ConfigError> {
        if self.rules.reader != Reader::Patterns {
            let problem = "a layer created with path_param has no patterns; remove .and(…), or start with PathOwnerLayer::new(…)";
            return Err(Fault::new(problem).into());
        }
        let Rules {
            patterns,
            parameter,
            ..
        } = self.rules_mut();
        patterns.own(pattern, parameter)?;
        Ok(self)
    }

    /// Exempts the paths of a pattern from the check, for all users. Only this method and
    /// [`except_when`](Self::except_when) allow a path that does not belong to the user.
    ///
    /// If an owner's pattern also covers the path, the more literal one applies, as in a router:
    /// `/api/health` is exempt although `/api/{user_id}/{*rest}` covers it, and an exemption does
    /// not apply to paths that a more literal owner's pattern covers. Inside axum's `nest`, the
    /// pattern is matched against the rest of the path, even in a layer created with `path_param`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the pattern is invalid, or if it would exempt all other paths, as
    /// `/{*rest}` would.
    pub fn except(mut self, pattern: &str) -> Result<Self, ConfigError> {
        self.rules_mut().patterns.except(pattern)?;
        Ok(self)
    }

    /// Allows a user to access another user's path if `rule` returns `true`, for example for
    /// administrators. The rule runs only for unambiguous paths that have an owner: paths that
    /// match no pattern and ambiguous paths are still rejected. It does not run for the users of
    /// several tenants ([`issuer_template`](crate::JwtAuthBuilder::issuer_template)), in which a role
    /// may have different meanings, unless the layer names the [`issuer`](Self::issuer).
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}")?
    ///     .except_when(|user| user.roles().iter().any(|role| role == "admin"));
    /// # drop(owner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn except_when<F>(mut self, rule: F) -> Self
    where
        F: Fn(&CurrentUser) -> bool + Send + Sync + 'static,
    {
        self.rules_mut().exceptions.push(Arc::new(rule));
        self
    }

    /// Compares the parameter with this claim instead of the user's ID. `claim` is a name or, if it
    /// starts with a slash, a JSON Pointer (RFC 6901) to a nested claim. If the claim is an array
    /// of strings, one of them must match, for example for a user of several organizations. If the
    /// claim is missing or has the wrong type, the request is rejected.
    ///
    /// With several tenants ([`issuer_template`](crate::JwtAuthBuilder::issuer_template)), use only a
    /// claim whose values differ between the tenants and that no user can set, such as the claim in
    /// the template. `sub` may be equal in two tenants, and an e-mail address may be unverified.
    ///
    /// This setting parses the claims again for each request (about a microsecond).
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// let owner = PathOwnerLayer::named("org_id", "/orgs/{org_id}/{*rest}")?.owner_claim("org_id")?;
    /// # drop(owner);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `claim` is empty, or a pointer with an empty part or a stray `~`.
    pub fn owner_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.rules_mut().claim = Some(ClaimName::new(claim)?);
        Ok(self)
    }

    /// Accepts only the users of this issuer, instead of the first issuer's users: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or).
    ///
    /// A layer accepts the users of one issuer, because two issuers may assign the same ID to
    /// different people. The last call replaces the earlier ones.
    ///
    /// ```
    /// use tower_jwt_auth::PathOwnerLayer;
    ///
    /// let partners = PathOwnerLayer::new("/partner/{user_id}/{*rest}")?
    ///     .issuer("https://partner.example.com");
    /// # drop(partners);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn issuer(mut self, name: impl Into<String>) -> Self {
        self.rules_mut().users = ServedUsers::Issuers(vec![name.into()]);
        self
    }

    /// Responds with 404 instead of 403, so that other users cannot find out whether a path exists.
    pub fn not_found(mut self) -> Self {
        self.rules_mut().is_hidden = true;
        self
    }

    /// Responds to gRPC requests in plain HTTP: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.rules_mut().http_only = true;
        self
    }

    fn with_reader(parameter: String, reader: Reader) -> Self {
        Self {
            rules: Arc::new(Rules::new(parameter, reader)),
        }
    }

    /// Returns a mutable reference to the rules. If a clone of the layer shares them, they are
    /// copied first.
    fn rules_mut(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}

impl<S> Layer<S> for PathOwnerLayer {
    type Service = PathOwner<S>;

    fn layer(&self, inner: S) -> Self::Service {
        PathOwner::new(inner, Arc::clone(&self.rules))
    }
}

impl fmt::Debug for PathOwnerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathOwnerLayer")
            .field("rules", &self.rules)
            .finish()
    }
}
