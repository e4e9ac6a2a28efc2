use std::{sync::Arc, time::SystemTime};

use bytes::Bytes;
use http::Response;

use super::{JwtAuthBuilder, layer_settings::CLOCK};
use crate::{Outcome, Rejection, TokenSource, auth::token_source::TokenSources, clock::Clock};

/// # What a request gets
impl JwtAuthBuilder {
    /// Lets a request without a token go on, without a user. One with a token that does
    /// not verify is refused as ever, and [`PathOwnerLayer`](crate::PathOwnerLayer) and
    /// [`RequireScopeLayer`](crate::RequireScopeLayer) answer an anonymous request with the 401
    /// that it would have got here. A handler finds `None` for `Option<CurrentUser>`.
    pub fn allow_anonymous(mut self) -> Self {
        self.layer_settings(".allow_anonymous()").anonymous_may_pass = true;
        self
    }

    /// Names the realm in the challenge of a 401 (RFC 9110 section 11.5): visible ASCII and spaces,
    /// without `"` and `\`.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.layer_settings(".realm(…)").answers.challenge.realm = Some(realm.into());
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

    /// Names the metadata of this protected resource in each challenge (RFC 9728 section 5.1): a
    /// URL, where a client learns which issuer to get a token from.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.layer_settings(".resource_metadata(…)")
            .answers
            .challenge
            .resource_metadata = Some(url.into());
        self
    }

    /// Answers with problem details, `application/problem+json` (RFC 9457), in the place of
    /// `{"detail": "…"}`: `{"title": "Unauthorized", "status": 401, "detail": "Not
    /// authenticated"}`. Its `type` is `about:blank`, which is not written.
    ///
    /// What stands inside of this layer answers like that too: the crate's other layers and its
    /// extractors.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
    pub fn problem_json(mut self) -> Self {
        self.layer_settings(".problem_json()").answers.problem_json = true;
        self
    }

    /// Answers with what this function makes of a rejection, here and in what stands inside of this
    /// layer.
    ///
    /// What it leaves out is filled in: the challenge, `cache-control: no-store`, `retry-after`. A
    /// status of success, such as the one that `Response::new` has, is replaced by the rejection's
    /// own. Requests of gRPC are answered as ever.
    ///
    /// ```
    /// use http::Response;
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// let auth = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .answer_with(|rejection| Response::new(format!("no: {}\n", rejection.status())))
    ///     .build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn answer_with<F, T>(mut self, answer: F) -> Self
    where
        F: Fn(&Rejection) -> Response<T> + Send + Sync + 'static,
        T: Into<Bytes>,
    {
        self.layer_settings(".answer_with(…)").answers.custom =
            Some(Arc::new(move |rejection| answer(rejection).map(Into::into)));
        self
    }

    /// Tells this function what becomes of each request, for metrics. It runs while the request
    /// waits, so it should do no more than count.
    ///
    /// A request that this layer accepts, and a layer or an extractor inside of it refuses, is told
    /// twice: as [`Accepted`](Outcome::Accepted) and then as [`Refused`](Outcome::Refused).
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
    pub fn observe<F>(mut self, tell: F) -> Self
    where
        F: Fn(Outcome) + Send + Sync + 'static,
    {
        self.layer_settings(".observe(…)").answers.observer = Some(Arc::new(tell));
        self
    }

    /// Answers gRPC requests in plain HTTP too, here and in what stands inside of this layer.
    ///
    /// A refusal in gRPC has the HTTP status 200. A service whose 2xx stands for "allowed", such as
    /// the target of nginx's `auth_request`, must say this.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
    pub fn http_answers_only(mut self) -> Self {
        self.layer_settings(".http_answers_only()")
            .answers
            .http_only = true;
        self
    }

    /// Refuses tokens of more bytes than this. Default 16 KiB.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
    pub fn max_token_len(mut self, bytes: usize) -> Self {
        self.layer_settings(".max_token_len(…)").max_token_len = bytes;
        self
    }

    /// Takes the time from this function and not from the system: for tests.
    ///
    /// Example: [`JwtAuthBuilder`](crate::JwtAuthBuilder).
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
