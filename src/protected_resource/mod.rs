//! [`ProtectedResource`]: the identity of an OAuth 2.0 resource server; used by the builder, the
//! challenge, and `require_mcp_scope`.

mod metadata;
mod service;
mod url;

use std::sync::Arc;

use self::{metadata::Metadata, url::StrictUrl};
use crate::{
    config_error::{ConfigError, Fault},
    user::check_scope,
};

/// The well-known path of the metadata (RFC 9728 section 3), to which the path of the identifier is
/// appended.
const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

/// The `basePath` of Better Auth, which is part of the issuer of its OAuth provider.
const BETTER_AUTH_PATH: &str = "/api/auth";

/// An OAuth 2.0 resource server, such as an API or an MCP server: its identifier, its authorization
/// servers, and its scopes.
///
/// Use the same value three times:
///
/// - [`JwtAuthBuilder::protected_resource`](crate::JwtAuthBuilder::protected_resource) makes the
///   layer accept only access tokens for this resource, and adds `resource_metadata` and `scope` to
///   its challenges.
/// - The value is a [`tower::Service`] that serves the metadata (RFC 9728), from which a client
///   learns where to get a token. In axum, `.routes()` returns a router for it.
/// - `RequireMcpScopeLayer::new` (feature `mcp`) requires its scopes for every request to an MCP
///   server.
///
/// The identifier is the public URL of the resource, which clients enter and authorization servers
/// write into `aud`. It is never derived from a request, whose scheme and host are wrong behind a
/// proxy. A host may have several resources with different paths.
///
/// ```
/// # #[cfg(all(feature = "axum", feature = "jwks", feature = "aws-lc-rs"))]
/// # {
/// use axum::{Router, routing::get};
/// use tower_jwt_auth::{ConfigError, JwtAuthLayer, ProtectedResource};
///
/// fn app() -> Result<Router, ConfigError> {
///     let resource = ProtectedResource::better_auth(
///         "https://app.example.com",
///         "https://api.example.com/tasks",
///     )?
///     .scopes(["tasks:read"])?;
///     let auth = JwtAuthLayer::builder().protected_resource(&resource).build()?;
///     Ok(Router::new()
///         .route("/tasks", get(async || "…"))
///         .route_layer(auth)
///         .merge(resource.routes())) // after the layer, because clients have no token yet
/// }
/// # drop(app);
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    settings: Arc<Settings>,
}

#[derive(Clone, Debug)]
struct Settings {
    identifier: StrictUrl,
    metadata_url: String,
    metadata: Metadata,
    /// The origin of Better Auth, if its OAuth provider is the authorization server.
    better_auth_origin: Option<String>,
    is_at_root: bool,
}

impl ProtectedResource {
    /// Creates a resource with this identifier, whose tokens this authorization server issues. The
    /// latter is the server's issuer identifier, as in the `iss` of its tokens.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if one of them is not an `https` URL, or `http` on this machine, without a
    /// query or a fragment. The identifier must also have a path that does not end in a slash,
    /// because clients add a slash to a URL without a path, and the `resource` that they request
    /// would differ from the identifier. For an API without a path, set the audience with
    /// [`audience`](crate::JwtAuthBuilder::audience) and the URL of its metadata with
    /// [`resource_metadata`](crate::JwtAuthBuilder::resource_metadata).
    pub fn new(
        identifier: impl Into<String>,
        authorization_server: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let identifier = identifier.into();
        let identifier = StrictUrl::resource(identifier)
            .map_err(|problem| Fault::new(format!("the identifier of the resource {problem}")))?;
        let metadata_url = format!("{}{WELL_KNOWN}{}", identifier.origin(), identifier.path());
        let resource = Self {
            settings: Arc::new(Settings {
                metadata: Metadata::new(identifier.as_str()),
                metadata_url,
                identifier,
                better_auth_origin: None,
                is_at_root: false,
            }),
        };
        resource.authorization_server(authorization_server)
    }

    /// Creates a resource whose tokens Better Auth's OAuth provider issues (the plugin
    /// `oauth-provider` or `mcp`). `origin` is Better Auth's `baseURL` without a path.
    ///
    /// The authorization server is `<origin>/api/auth`. The layer gets its issuer and its keys from
    /// the resource too (features `jwks` and a backend), and a leeway of 5 seconds. If the plugin
    /// `jwt()` has a different `jwt.issuer`, use [`new`](Self::new) with that issuer, and
    /// [`better_auth_oauth`](crate::JwtAuthLayer::better_auth_oauth).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] as for [`new`](Self::new), or if `origin` has a path.
    pub fn better_auth(
        origin: impl Into<String>,
        identifier: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let origin = origin.into();
        StrictUrl::origin_only(&origin)
            .map_err(|problem| Fault::new(format!("the origin of Better Auth {problem}")))?;
        let mut resource = Self::new(identifier, format!("{origin}{BETTER_AUTH_PATH}"))?;
        resource.settings_mut().better_auth_origin = Some(origin);
        Ok(resource)
    }

    /// Adds another authorization server whose tokens the resource accepts. Also pass a builder for
    /// it to [`or`](crate::JwtAuthBuilder::or).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] as for [`new`](Self::new).
    pub fn authorization_server(mut self, issuer: impl Into<String>) -> Result<Self, ConfigError> {
        let issuer = StrictUrl::authorization_server(issuer.into())
            .map_err(|problem| Fault::new(format!("the authorization server {problem}")))?;
        let servers = &mut self.settings_mut().metadata.authorization_servers;
        servers.push(issuer.as_str().to_owned());
        Ok(self)
    }

    /// Sets the base scopes, which every request to the resource needs: the `scopes_supported` of
    /// the metadata, and a part of each challenge.
    ///
    /// List as few as possible. Clients request all of them at the first sign-in; scopes that only
    /// some operations need belong in [`RequireScopeLayer`](crate::RequireScopeLayer), whose
    /// challenge makes a client request them when they are needed. The layers check the base scopes
    /// only where `RequireScopeLayer` or `RequireMcpScopeLayer` requires them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a name is not a scope (RFC 6749 section 3.3), or is `offline_access`,
    /// which concerns the client and the authorization server alone.
    pub fn scopes<N: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let scopes: Vec<String> = scopes.into_iter().map(Into::into).collect();
        scopes.iter().try_for_each(|scope| check_scope(scope))?;
        if scopes.iter().any(|scope| scope == "offline_access") {
            return Err(Fault::new("offline_access is not a scope of a resource: it requests a refresh token from the authorization server; remove it").into());
        }
        self.settings_mut().metadata.scopes_supported = scopes;
        Ok(self)
    }

    /// Sets the name that clients show to the user (`resource_name`).
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings_mut().metadata.resource_name = Some(name.into());
        self
    }

    /// Sets the URL of documentation for developers (`resource_documentation`).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is not an absolute URL.
    pub fn documentation(mut self, url: impl Into<String>) -> Result<Self, ConfigError> {
        let url = url.into();
        let is_absolute = { url.parse::<http::Uri>() }.is_ok_and(|url| url.scheme().is_some());
        if !is_absolute {
            return Err(Fault::new("the URL of the documentation is not an absolute URL; write it in full, for example https://api.example.com/docs").into());
        }
        self.settings_mut().metadata.resource_documentation = Some(url);
        Ok(self)
    }

    /// Sets the ways in which clients may send the token (`bearer_methods_supported`): `header`,
    /// `body`, or `query`. The default is `header` alone, which is also the only way that the layer
    /// accepts by default; MCP allows no other.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for another name (RFC 9728 section 2).
    pub fn bearer_methods<N: Into<String>>(
        mut self,
        methods: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let methods: Vec<String> = methods.into_iter().map(Into::into).collect();
        let is_known = |method: &String| matches!(&**method, "header" | "body" | "query");
        if !methods.iter().all(is_known) {
            return Err(Fault::new("a bearer method is not one of header, body, and query (RFC 9728 section 2); correct .bearer_methods([…])").into());
        }
        self.settings_mut().metadata.bearer_methods_supported = methods;
        Ok(self)
    }

    /// Sets the algorithms with which the resource signs its responses
    /// (`resource_signing_alg_values_supported`), for example for FAPI. They are unrelated to the
    /// tokens.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for `none` (RFC 9728 section 2).
    pub fn signing_algorithms<N: Into<String>>(
        mut self,
        algorithms: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let algorithms: Vec<String> = algorithms.into_iter().map(Into::into).collect();
        if algorithms.iter().any(|algorithm| algorithm == "none") {
            return Err(Fault::new("the signing algorithm none is not allowed (RFC 9728 section 2); remove it from .signing_algorithms([…])").into());
        }
        let metadata = &mut self.settings_mut().metadata;
        metadata.resource_signing_alg_values_supported = algorithms;
        Ok(self)
    }

    /// Serves the metadata also at `/.well-known/oauth-protected-resource` without a path, where
    /// some clients look. Use it only if this is the only resource of its host.
    pub fn also_at_root(mut self) -> Self {
        self.settings_mut().is_at_root = true;
        self
    }

    /// Returns the identifier, which is the `aud` of the tokens.
    pub fn identifier(&self) -> &str {
        self.settings.identifier.as_str()
    }

    /// Returns the URL of the metadata, which each challenge contains as `resource_metadata`.
    pub fn metadata_url(&self) -> &str {
        &self.settings.metadata_url
    }

    /// Returns the path of the metadata, for routers other than axum's.
    pub fn metadata_path(&self) -> &str {
        let origin = self.settings.identifier.origin().len();
        self.settings.metadata_url.get(origin..).unwrap_or_default()
    }

    /// Returns a router for the metadata. Merge it after the `JwtAuthLayer` has been added, so that
    /// the layer does not wrap it.
    #[cfg(feature = "axum")]
    #[cfg_attr(docsrs, doc(cfg(feature = "axum")))]
    pub fn routes<S: Clone + Send + Sync + 'static>(&self) -> axum::Router<S> {
        // A path may start with a colon or an asterisk, which older versions of axum reserved.
        let mut router = axum::Router::new().without_v07_checks();
        router = router.route_service(self.metadata_path(), self.clone());
        if self.settings.is_at_root {
            router = router.route_service(WELL_KNOWN, self.clone());
        }
        router
    }

    /// Returns the issuers of the tokens that the resource accepts.
    pub(crate) fn authorization_servers(&self) -> &[String] {
        &self.settings.metadata.authorization_servers
    }

    pub(crate) fn base_scopes(&self) -> &[String] {
        &self.settings.metadata.scopes_supported
    }

    /// Returns the origin of Better Auth and the `iss` of its OAuth provider.
    pub(crate) fn better_auth_issuer(&self) -> Option<(&str, String)> {
        let origin = self.settings.better_auth_origin.as_deref()?;
        Some((origin, format!("{origin}{BETTER_AUTH_PATH}")))
    }

    fn settings_mut(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }
}
