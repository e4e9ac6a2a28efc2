use std::sync::Arc;

use bytes::Bytes;
use http::Response;

use super::JwtAuthBuilder;
use crate::{Outcome, Rejection};

/// # Responses and metrics
impl JwtAuthBuilder {
    /// Names the realm in the challenge of a 401 (RFC 9110 section 11.5): visible ASCII and spaces,
    /// without `"` and `\`.
    pub fn realm(mut self, realm: impl Into<String>) -> Self {
        self.layer_settings(".realm(…)").format.challenge.realm = Some(realm.into());
        self
    }

    /// Names the metadata of this protected resource in each challenge (RFC 9728 section 5.1): a
    /// URL, where a client learns which issuer to get a token from.
    pub fn resource_metadata(mut self, url: impl Into<String>) -> Self {
        self.layer_settings(".resource_metadata(…)")
            .format
            .challenge
            .resource_metadata = Some(url.into());
        self
    }

    /// RejectionFormat with problem details, `application/problem+json` (RFC 9457), in the place of
    /// `{"detail": "…"}`: `{"title": "Unauthorized", "status": 401, "detail": "Not
    /// authenticated"}`. Its `type` is `about:blank`, which is not written.
    ///
    /// What stands inside of this layer answers like that too: the crate's other layers and its
    /// extractors.
    pub fn problem_json(mut self) -> Self {
        self.layer_settings(".problem_json()").format.problem_json = true;
        self
    }

    /// RejectionFormat with what this function makes of a rejection, here and in what stands inside of this
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
        self.layer_settings(".answer_with(…)").format.custom =
            Some(Arc::new(move |rejection| answer(rejection).map(Into::into)));
        self
    }

    /// RejectionFormat gRPC requests in plain HTTP too, here and in what stands inside of this layer.
    ///
    /// A refusal in gRPC has the HTTP status 200. A service whose 2xx stands for "allowed", such as
    /// the target of nginx's `auth_request`, must say this.
    pub fn http_answers_only(mut self) -> Self {
        self.layer_settings(".http_answers_only()").format.http_only = true;
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
        self.layer_settings(".observe(…)").format.observer = Some(Arc::new(tell));
        self
    }
}
