//! [`RequireMcpScopeLayer`]: its rules and settings.

use std::sync::Arc;

use tower::Layer;

use super::{rules::Rules, service::RequireMcpScope, session::SessionKey};
use crate::{
    config_error::{ConfigError, Fault},
    key::Secret,
    protected_resource::ProtectedResource,
};

/// The shortest session key, in bytes: the length of a MAC.
const MIN_SESSION_KEY_LEN: usize = 32;

/// An empty list of scopes, for the tools, resources, and prompts of a [`RequireMcpScopeLayer`] for
/// which the base scopes suffice.
pub const NO_SCOPES: [&str; 0] = [];

/// Layer that applies the [`RequireMcpScope`] middleware: it accepts a request to an MCP server only
/// if its user has the scopes that the tool, resource, or prompt requires. Otherwise it responds
/// with 403 and `insufficient_scope` in the challenge (RFC 6750 section 3.1), which makes the client
/// request the missing scopes from the user.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside it, which identifies the user. An error
/// that a tool returns itself is too late: clients start no step-up for it.
///
/// ```
/// # #[cfg(feature = "axum")]
/// # {
/// use axum::{Router, routing::any};
/// use tower_jwt_auth::{
///     ConfigError, JwtAuthLayer, NO_SCOPES, ProtectedResource, RequireMcpScopeLayer,
/// };
///
/// fn app(auth: JwtAuthLayer, resource: &ProtectedResource) -> Result<Router, ConfigError> {
///     let tools = RequireMcpScopeLayer::new(resource)
///         .tool("add_task", ["mcp:write"])?
///         .tool("list_tasks", NO_SCOPES)?
///         .implies("mcp:write", ["mcp:read"])?;
///     # let rmcp_service = any(async || "…");
///     Ok(Router::new()
///         .route_service("/mcp", rmcp_service)
///         .layer(tools) // runs second
///         .layer(auth) // runs first
///         .merge(resource.routes()))
/// }
/// # drop(app);
/// # }
/// ```
///
/// # Rules
///
/// Every request needs the base scopes, which are the [scopes](ProtectedResource::scopes) of the
/// resource. The layer checks them before it reads the body. Scopes are read from the claims `scope`
/// and `scp`. Auth0's `permissions` grant nothing here: they are the user's own, also if the user
/// granted the client fewer scopes.
///
/// | method of the message | the rule that decides |
/// |---|---|
/// | `tools/call` | [`tool`](Self::tool) for `params.name` |
/// | `prompts/get` | [`prompt`](Self::prompt) for `params.name` |
/// | `resources/read`, `resources/subscribe`, `resources/unsubscribe`, `resources/directory/read`, `skills/get` | [`resource`](Self::resource) for `params.uri` |
/// | `subscriptions/listen` | [`resource`](Self::resource) for each of `params.notifications.resourceSubscriptions` |
/// | `completion/complete` | [`prompt`](Self::prompt) or [`resource`](Self::resource) for `params.ref` |
/// | any other method, such as `tools/list`, `tasks/get`, or one of your own; a response | the base scopes suffice |
///
/// A name without a rule gets 403 without a challenge (`mcp_unlisted`), unless
/// [`other_tools`](Self::other_tools), [`other_resources`](Self::other_resources), or
/// [`other_prompts`](Self::other_prompts) allows it. Names are compared byte for byte. If a server
/// treats different names as the same one, for example because it normalizes URIs, the stricter
/// rule does not apply to the other spellings: give all other names its scopes too, or do not allow
/// them. The template of a resource is a name of its own.
///
/// The ID of a task does not name the tool that it runs, so a server must bind tasks to their users.
///
/// # The body
///
/// Most clients send no `Mcp-Method` and `Mcp-Name` headers, and a server executes the body. The
/// layer therefore reads the body of each request except `GET`, `HEAD`, `OPTIONS`, and `DELETE`,
/// whose users need only the base scopes. Middleware that changes a request's method or body has to
/// run outside it, and it does not see the messages of a WebSocket. The inner service gets a [`McpBody`](crate::McpBody) with the same bytes.
///
/// - A body of more than 4 MiB ([`max_body_len`](Self::max_body_len)) gets 413 (`body_too_large`).
/// - A body that is not one JSON object, is nested more than 64 levels deep, has a duplicate member
///   or a member that differs from one of the protocol's only in case, or lacks a name gets 400
///   (`mcp_request`): two JSON parsers could read it differently. Batches are not allowed, as in MCP
///   since 2025-06-18. The arguments of a call are not inspected.
/// - A `Content-Type` other than JSON in UTF-8, such as a form or `charset=utf-16`, or a
///   `Content-Encoding` gets 400, because the server could read other text than the layer. Middleware
///   that decompresses bodies has to run outside the layer and to remove the header. A request without
///   a `Content-Type` is accepted.
/// - If `Mcp-Method` or `Mcp-Name` is present, it must agree with the body, or the response is 400.
///   `Mcp-Name` is ignored if the method has no name.
/// - If the body ends with an error, because the client is gone or an outer layer limits the body,
///   the response is 400.
///
/// While the body is read, the request keeps no capacity of the inner service, so a concurrency
/// limit that bounds the memory for bodies has to run outside this layer. The layer has no timer: a
/// slow client is limited by the timeouts of the server, for example by tower-http's
/// `RequestBodyTimeoutLayer` outside this layer. A token that expires while the body is read is
/// still accepted.
///
/// # Sessions
///
/// An MCP server with sessions accepts a session ID from any client that knows it. With a
/// [`session_key`](Self::session_key), only the user who got the ID can use it.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct RequireMcpScopeLayer {
    rules: Arc<Rules>,
}

impl RequireMcpScopeLayer {
    /// Creates a layer that requires the [scopes](ProtectedResource::scopes) of the resource and
    /// allows no tool, resource, or prompt.
    pub fn new(resource: &ProtectedResource) -> Self {
        Self {
            rules: Arc::new(Rules::new(resource)),
        }
    }

    /// Allows a tool to users who have the base scopes and all of these. If the list is empty
    /// ([`NO_SCOPES`]), the base scopes suffice.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the name is empty or already has a rule, or if a scope is invalid (RFC
    /// 6749 section 3.3).
    pub fn tool<N: Into<String>>(
        mut self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.rules_mut().tools.add("tool", name.into(), scopes)?;
        Ok(self)
    }

    /// Allows a resource, by its URI, to users who have the base scopes and all of these.
    ///
    /// # Errors
    ///
    /// The same as for [`tool`](Self::tool).
    pub fn resource<N: Into<String>>(
        mut self,
        uri: impl Into<String>,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let rules = self.rules_mut();
        rules.resources.add("resource", uri.into(), scopes)?;
        Ok(self)
    }

    /// Allows a prompt to users who have the base scopes and all of these.
    ///
    /// # Errors
    ///
    /// The same as for [`tool`](Self::tool).
    pub fn prompt<N: Into<String>>(
        mut self,
        name: impl Into<String>,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        let rules = self.rules_mut();
        rules.prompts.add("prompt", name.into(), scopes)?;
        Ok(self)
    }

    /// Allows all tools without a rule of their own to users who have the base scopes and all of
    /// these.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a scope is invalid.
    pub fn other_tools<N: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.rules_mut().tools.allow_others(scopes)?;
        Ok(self)
    }

    /// Allows all resources without a rule of their own, such as those of a template, to users who
    /// have the base scopes and all of these.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a scope is invalid.
    pub fn other_resources<N: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.rules_mut().resources.allow_others(scopes)?;
        Ok(self)
    }

    /// Allows all prompts without a rule of their own to users who have the base scopes and all of
    /// these.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a scope is invalid.
    pub fn other_prompts<N: Into<String>>(
        mut self,
        scopes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.rules_mut().prompts.allow_others(scopes)?;
        Ok(self)
    }

    /// Accepts a user with `scope` as if the token also had the `implied` scopes, and those that they
    /// imply in turn. MCP requires this of servers whose scopes include each other ("Scope
    /// Challenge Handling").
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if a scope is invalid, or if the list is empty.
    pub fn implies<N: Into<String>>(
        mut self,
        scope: impl Into<String>,
        implied: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.rules_mut().implied.add(scope.into(), implied)?;
        Ok(self)
    }

    /// Sets the length of the longest accepted body, in bytes. The default is 4 MiB, as in rmcp.
    /// Reading a body takes up to three times its length of memory.
    pub fn max_body_len(mut self, bytes: usize) -> Self {
        self.rules_mut().max_body_len = bytes;
        self
    }

    /// Binds the session IDs of the server to their users. In responses, `mcp-session-id` becomes
    /// `<id>.<MAC>`, an HMAC-SHA256 over the resource, the user's issuer and ID, and the session ID.
    /// In requests, the layer checks the MAC and removes it. Another user's ID, an altered one, or a
    /// second header gets 404 (`mcp_session`), for which clients start a new session.
    ///
    /// A request without the header is accepted, because the first one has none. Replicas share
    /// the key. A new key ends all sessions. The layer does not bind the event IDs with which
    /// clients resume a stream, or session IDs in a query.
    ///
    /// If the server sends an invalid ID, which contains anything but visible ASCII, or several IDs,
    /// the header is removed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the key is not a strong secret of at least 32 bytes, such as the output of
    /// `openssl rand -base64 32`.
    pub fn session_key(mut self, key: impl Into<Secret>) -> Result<Self, ConfigError> {
        let key = key.into();
        if key.as_bytes().is_empty() {
            return Err(Fault::new(
                "the session key is empty; generate one with `openssl rand -base64 32`",
            )
            .into());
        }
        if let Some(weakness) = key.weakness(MIN_SESSION_KEY_LEN) {
            return Err(Fault::new(format!("the session key {weakness}")).into());
        }
        let rules = self.rules_mut();
        rules.session_key = Some(SessionKey::new(&key, rules.resource.identifier()));
        Ok(self)
    }

    /// Accepts only the users of these issuers, instead of the first issuer's users: see
    /// [`RequireScopeLayer::issuers`](crate::RequireScopeLayer::issuers). An empty list rejects every
    /// user.
    pub fn issuers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.rules_mut().user_rules.serve_issuers(names);
        self
    }

    /// Responds to gRPC requests in plain HTTP: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.rules_mut().user_rules.respond_in_http_only();
        self
    }

    /// Returns a mutable reference to the rules. If a clone of the layer shares them, they are
    /// copied first.
    fn rules_mut(&mut self) -> &mut Rules {
        Arc::make_mut(&mut self.rules)
    }
}

impl<S> Layer<S> for RequireMcpScopeLayer {
    type Service = RequireMcpScope<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireMcpScope::new(inner, Arc::clone(&self.rules))
    }
}
