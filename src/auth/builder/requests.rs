//! The settings for token sources and for requests without a token.

use super::JwtAuthBuilder;
use crate::auth::TokenSource;

/// # Token sources and requests
impl JwtAuthBuilder {
    /// Sets the places where the layer looks for the token, instead of only the `Authorization`
    /// header.
    ///
    /// A request with tokens in two of these places gets 400, like a request with two
    /// `Authorization` fields, unless [`TokenSource::first_of`] sets an order.
    ///
    /// ```
    /// use tower_jwt_auth::{JwtAuthLayer, TokenSource};
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .token_sources([TokenSource::header(), TokenSource::websocket_protocol()])
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn token_sources(mut self, sources: impl IntoIterator<Item = TokenSource>) -> Self {
        self.layer_settings(".token_sources(…)").sources = Some(sources.into_iter().collect());
        self
    }

    /// Accepts requests without a token, as anonymous. Requests with an invalid token are still
    /// rejected; only an invalid session cookie (feature `sessions-custom`) makes a request anonymous.
    /// [`PathOwnerLayer`](crate::PathOwnerLayer), [`RequireScopeLayer`](crate::RequireScopeLayer), and
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) respond to an anonymous request with the 401
    /// that this layer would have sent. In a handler, `Option<CurrentUser>` is `None`.
    pub fn allow_anonymous(mut self) -> Self {
        self.layer_settings(".allow_anonymous()").anonymous_may_pass = true;
        self
    }

    /// Accepts CORS preflights, for which browsers send no token: `OPTIONS` requests with `Origin`
    /// and `Access-Control-Request-Method`. This layer, [`PathOwnerLayer`](crate::PathOwnerLayer),
    /// [`RequireScopeLayer`](crate::RequireScopeLayer), and
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) pass them to the inner service without a user.
    ///
    /// Prefer a CORS layer outside this one, which responds to preflights before they reach it.
    /// This setting is for services that respond to preflights themselves. Their `OPTIONS` handlers
    /// must do nothing else, because any client can send such a request.
    pub fn allow_cors_preflight(mut self) -> Self {
        self.layer_settings(".allow_cors_preflight()")
            .preflight_may_pass = true;
        self
    }

    /// Keeps a [`CurrentUser`](crate::CurrentUser) that an outer layer has inserted: the request is
    /// accepted as that user, and its token, if any, is not verified. All other requests are
    /// verified as usual. Without this setting, the layer always requires a token and replaces the
    /// user.
    ///
    /// Use it inside a layer of your own that authenticates some requests in another way, for example
    /// with an API key. Neither the rules of this layer nor [`check`](Self::check) apply to its users.
    /// Authorization layers treat a user from [`CurrentUser::new`](crate::CurrentUser::new) as one of
    /// the first issuer's users. [`RequireScopeLayer`](crate::RequireScopeLayer) rejects it unless the user
    /// has scopes or roles, which [`with_scopes`](crate::CurrentUser::with_scopes) and
    /// [`with_roles`](crate::CurrentUser::with_roles) add, or its
    /// [`rule`](crate::RequireScopeLayer::rule) accepts the user.
    /// [`RequireFreshLayer`](crate::RequireFreshLayer) always rejects it, because it has no sign-in.
    ///
    /// **All middleware outside this layer can then decide who the user is.** Set it only if you
    /// trust all of it, and if it inserts a user only after it has authenticated the request.
    ///
    /// ```
    /// use axum::{Router, extract::Request, middleware::{from_fn, Next}, response::Response, routing::get};
    /// use tower_jwt_auth::{ConfigError, CurrentUser, JwtAuthBuilder};
    ///
    /// /// Requests with a valid API key run as a service. All others need a token.
    /// async fn api_key(mut request: Request, next: Next) -> Response {
    ///     # fn service_with(_: &[u8]) -> Option<&'static str> { None }
    ///     let key = request.headers().get("x-api-key");
    ///     if let Some(service) = key.and_then(|key| service_with(key.as_bytes())) {
    ///         request.extensions_mut().insert(CurrentUser::new(service, ""));
    ///     }
    ///     next.run(request).await
    /// }
    ///
    /// fn app(auth: JwtAuthBuilder) -> Result<Router, ConfigError> {
    ///     Ok(Router::new()
    ///         .route("/reports", get(async || "…"))
    ///         .route_layer(auth.keep_user().build()?)
    ///         .route_layer(from_fn(api_key))) // runs first
    /// }
    /// # drop(app);
    /// ```
    pub fn keep_user(mut self) -> Self {
        self.layer_settings(".keep_user()").keeps_user = true;
        self
    }

    /// Rejects tokens longer than this many bytes. The default is 16 KiB.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.layer_settings(".max_token_len(…)").max_token_len = bytes;
        self
    }
}
