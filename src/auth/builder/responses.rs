//! The settings for responses and metrics.

use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::JwtAuthBuilder;
use crate::{
    protected_resource::ProtectedResource,
    rejection::{Outcome, Rejection, RejectionDetails},
};

/// # Responses and metrics
impl JwtAuthBuilder {
    /// Sets the realm in the challenge of a 401 (RFC 9110 section 11.5): visible ASCII and spaces,
    /// without `"` and `\`.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .realm("tasks") // www-authenticate: Bearer realm="tasks"
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.layer_settings(".realm(…)").format.challenge.realm = Some(realm.into());
        self
    }

    /// Adds the URL of this protected resource's metadata to each challenge (RFC 9728 section 5.1).
    /// The metadata names the issuer from which a client can get a token. To serve the metadata too,
    /// use [`protected_resource`](Self::protected_resource) instead.
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.layer_settings(".resource_metadata(…)")
            .format
            .challenge
            .resource_metadata = Some(url.into());
        self
    }

    /// Protects this resource: accepts only access tokens that were issued for it, and tells clients
    /// how to get one.
    ///
    /// For the tokens of every issuer:
    ///
    /// - The audience is the resource's [identifier](ProtectedResource::identifier) (RFC 8707),
    ///   unless [`audience`](Self::audience) is set.
    /// - `iss` must be an [authorization server](ProtectedResource::new) of the resource, unless
    ///   [`issuer`](Self::issuer) or a profile sets it. A layer with several issuers needs the name of
    ///   each.
    /// - The type must be `at+jwt`, and the claims of RFC 9068 section 2.2 are required: `iss`, `exp`,
    ///   `aud`, `sub`, `client_id`, `iat`, and `jti`. Therefore ID tokens are rejected. For issuers
    ///   whose access tokens have no type of their own, call
    ///   [`allow_plain_jwt`](Self::allow_plain_jwt).
    /// - The email address is optional.
    ///
    /// Each challenge contains the URL of the metadata as `resource_metadata` (RFC 9728 section 5.1).
    /// The 401 of a request without a credential contains the base scopes of the resource, and a 403
    /// of [`RequireScopeLayer`](crate::RequireScopeLayer) contains them besides the required scopes,
    /// so that a client can request all of them at once. The challenge is the first
    /// `www-authenticate` field, also in a response from [`answer_with`](Self::answer_with), because
    /// many clients read only that.
    ///
    /// With a resource from [`ProtectedResource::better_auth`], the issuer, the keys, and the leeway
    /// are set too, unless they are already.
    ///
    /// Other credentials, such as sessions, are accepted if they are configured, with or without a
    /// resource; for an MCP server, configure none. Checking the claims takes about a microsecond.
    ///
    /// # Errors
    ///
    /// [`build`](Self::build) fails if [`resource_metadata`](Self::resource_metadata) or
    /// [`allow_any_audience`](Self::allow_any_audience) is set too.
    ///
    /// ```no_run
    /// use tower_jwt_auth::{JwtAuthLayer, ProtectedResource};
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let resource =
    ///     ProtectedResource::new("https://api.example.com/mcp", "https://login.example.com")?;
    /// let auth = JwtAuthLayer::discover("https://login.example.com")
    ///     .protected_resource(&resource)
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn protected_resource(mut self, resource: &ProtectedResource) -> Self {
        self.layer_settings(".protected_resource(…)")
            .format
            .challenge
            .resource = Some(resource.clone());
        match resource.better_auth_issuer() {
            Some((origin, issuer)) => self.with_better_auth(origin, issuer),
            None => self,
        }
    }

    /// Responds with problem details, `application/problem+json` (RFC 9457), instead of `{"detail":
    /// "…"}`: `{"title": "Unauthorized", "status": 401, "detail": "Not authenticated"}`. The `type`
    /// is omitted and therefore `about:blank`.
    ///
    /// The crate's other layers and extractors use the same format when they run inside this layer.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .problem_json()
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn problem_json(mut self) -> Self {
        self.layer_settings(".problem_json()").format.problem_json = true;
        self
    }

    /// Builds the response to each rejection with this function. The crate's other layers and
    /// extractors use it too when they run inside this layer. If there are any details, such as the
    /// required scopes, the function gets them too.
    ///
    /// Missing headers are added: the challenge, `cache-control: no-store`, and `retry-after`. A
    /// success status, such as the default of `Response::new`, is replaced by the rejection's own
    /// status. gRPC requests still get gRPC responses.
    ///
    /// ```
    /// use http::Response;
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .answer_with(|rejection, details| {
    ///         let scope = details.and_then(|details| details.scope()).unwrap_or("none");
    ///         Response::new(format!("{}: required scope: {scope}\n", rejection.status()))
    ///     })
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn answer_with<F, T>(mut self, respond: F) -> Self
    where
        F: Fn(&Rejection, Option<&RejectionDetails>) -> Response<T> + Send + Sync + 'static,
        T: Into<Bytes>,
    {
        self.layer_settings(".answer_with(…)").format.custom =
            Some(Arc::new(move |rejection, details| {
                respond(rejection, details).map(Into::into)
            }));
        self
    }

    /// Logs who was rejected: adds the user's ID and, if it is known,
    /// [issuer](crate::CurrentUser::issuer) to the event of each 403, and to the
    /// [`RejectionDetails`] in the extensions of its response. An audit trail needs it. The crate's
    /// other layers and extractors do the same when they run inside this layer. If another
    /// `JwtAuthLayer` runs between them and this one, its setting applies.
    ///
    /// Off by default, because a user's ID is personal data. The event of a 401 has neither, not even
    /// from [`RequireFreshLayer`](crate::RequireFreshLayer). The event has the level DEBUG; with the
    /// feature `tower-http`, `LogRejections` logs both at INFO.
    ///
    /// ```
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .log_user_ids()
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn log_user_ids(mut self) -> Self {
        self.layer_settings(".log_user_ids()").format.logs_user_ids = true;
        self
    }

    /// Responds to gRPC requests in plain HTTP. The crate's layers and extractors inside this layer
    /// do the same.
    ///
    /// A gRPC rejection has the HTTP status 200. If a 2xx response means "allowed", as with nginx's
    /// `auth_request`, this setting is required.
    pub fn http_answers_only(mut self) -> Self {
        self.layer_settings(".http_answers_only()").format.http_only = true;
        self
    }

    /// Calls this function with the outcome of each request, for metrics. It runs while the request
    /// waits, so it should only update a counter.
    ///
    /// A request that this layer accepts but an inner layer or extractor rejects is reported twice:
    /// as [`Accepted`](Outcome::Accepted) and then as [`Rejected`](Outcome::Rejected).
    ///
    /// ```
    /// use std::{collections::BTreeMap, sync::{Arc, Mutex}};
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let counts: Arc<Mutex<BTreeMap<&str, u64>>> = Arc::default();
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .observe({
    ///         let counts = Arc::clone(&counts);
    ///         // With the crate `metrics`: counter!("auth", "outcome" => outcome.label()).increment(1)
    ///         move |outcome| *counts.lock().unwrap().entry(outcome.label()).or_default() += 1
    ///     })
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn observe<F>(mut self, observer: F) -> Self
    where
        F: Fn(Outcome) + Send + Sync + 'static,
    {
        self.layer_settings(".observe(…)").format.observer = Some(Arc::new(observer));
        self
    }
}
