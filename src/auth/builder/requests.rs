use std::{sync::Arc, time::SystemTime};

use super::{JwtAuthBuilder, layer_settings::CLOCK};
use crate::{TokenSource, auth::token_source::TokenSources, clock::Clock};

/// # Which requests are accepted
impl JwtAuthBuilder {
    /// Looks for the token in these places, and no others; not only in the `Authorization` field.
    ///
    /// A request with tokens in two of them is answered with 400, as one with two `Authorization`
    /// fields is.
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
        self.layer_settings(".token_sources(…)").sources = TokenSources::new(sources);
        self
    }

    /// Lets a request without a token go on, without a user. One with a token that does
    /// not verify is refused as ever, and [`PathOwnerLayer`](crate::PathOwnerLayer) and
    /// [`RequireScopeLayer`](crate::RequireScopeLayer) answer an anonymous request with the 401
    /// that it would have got here. A handler finds `None` for `Option<CurrentUser>`.
    pub fn allow_anonymous(mut self) -> Self {
        self.layer_settings(".allow_anonymous()").anonymous_may_pass = true;
        self
    }

    /// Lets a browser's CORS preflight pass, which never has a token: an `OPTIONS` with `Origin` and
    /// `Access-Control-Request-Method`. It goes on without a user, through
    /// [`PathOwnerLayer`](crate::PathOwnerLayer) and
    /// [`RequireScopeLayer`](crate::RequireScopeLayer) too.
    ///
    /// It is better to put the CORS layer outside of this one, which answers preflights before they
    /// come here. This is for services that answer them further in, where what answers an `OPTIONS`
    /// must do nothing else, since anybody can send one.
    pub fn allow_cors_preflight(mut self) -> Self {
        self.layer_settings(".allow_cors_preflight()")
            .preflight_may_pass = true;
        self
    }

    /// Refuses tokens of more bytes than this. Default 16 KiB.
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.layer_settings(".max_token_len(…)").max_token_len = bytes;
        self
    }

    /// Takes the time from this function and not from the system: for tests.
    pub fn clock<F>(self, now: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.with_clock(Clock::Custom(Arc::new(now)))
    }

    pub(crate) fn with_clock(mut self, clock: Clock) -> Self {
        self.layer_settings(CLOCK).clock = clock;
        self
    }
}
