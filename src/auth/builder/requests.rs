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
    /// rejected. [`PathOwnerLayer`](crate::PathOwnerLayer) and
    /// [`RequireScopeLayer`](crate::RequireScopeLayer) respond to an anonymous request with the 401
    /// that this layer would have sent. In a handler, `Option<CurrentUser>` is `None`.
    pub fn allow_anonymous(mut self) -> Self {
        self.layer_settings(".allow_anonymous()").anonymous_may_pass = true;
        self
    }

    /// Accepts CORS preflights, for which browsers send no token: `OPTIONS` requests with `Origin`
    /// and `Access-Control-Request-Method`. This layer, [`PathOwnerLayer`](crate::PathOwnerLayer),
    /// and [`RequireScopeLayer`](crate::RequireScopeLayer) pass them to the inner service without a
    /// user.
    ///
    /// Prefer a CORS layer outside this one, which responds to preflights before they reach it.
    /// This setting is for services that respond to preflights themselves. Their `OPTIONS` handlers
    /// must do nothing else, because any client can send such a request.
    pub fn allow_cors_preflight(mut self) -> Self {
        self.layer_settings(".allow_cors_preflight()")
            .preflight_may_pass = true;
        self
    }

    /// Rejects tokens longer than this many bytes. The default is 16 KiB.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.layer_settings(".max_token_len(…)").max_token_len = bytes;
        self
    }
}
