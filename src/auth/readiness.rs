//! The readiness of a layer, and the health of its keys; used by applications.

use super::layer::JwtAuthLayer;

/// # Readiness and health
impl JwtAuthLayer {
    /// Waits until the first fetch of each key set from a URL has ended. Returns immediately if no
    /// keys are fetched.
    ///
    /// If a service awaits this before it starts to listen, it never responds with 503 because keys
    /// have not been fetched yet.
    ///
    /// # Errors
    ///
    /// [`JwksError`](crate::jwks::JwksError) if a first fetch failed. With several issuers, `ready`
    /// waits for every first fetch, and the error lists all failures. The layer works as soon as a
    /// later fetch succeeds; until then, only the tokens of those issuers get 503.
    ///
    /// ```no_run
    /// # async fn start(auth: tower_jwt_auth::JwtAuthLayer) {
    /// if let Err(error) = auth.ready().await {
    ///     eprintln!("{error}; retrying in the background");
    /// }
    /// # }
    /// ```
    #[cfg(feature = "jwks-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
    pub async fn ready(&self) -> Result<(), crate::jwks::JwksError> {
        let mut failed: Option<crate::jwks::JwksError> = None;
        // The fetches run concurrently, so awaiting them in turn takes no longer.
        for issuer in self.shared.verifier.issuers() {
            let Some(source) = issuer.keys.fetched() else {
                continue;
            };
            if let Err(error) = source.ready().await {
                failed = Some(match failed {
                    Some(before) => before.and(error),
                    None => error,
                });
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Like [`ready`](Self::ready), for at most this time. Outside a tokio runtime, there is no timer,
    /// so the limit does not apply.
    ///
    /// # Errors
    ///
    /// The same as for [`ready`](Self::ready), or a [`JwksError`](crate::jwks::JwksError) that lists
    /// the key sets whose first fetch has not ended in time.
    ///
    /// ```no_run
    /// # async fn start(auth: tower_jwt_auth::JwtAuthLayer) -> Result<(), tower_jwt_auth::jwks::JwksError> {
    /// auth.ready_within(std::time::Duration::from_secs(10)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "jwks-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
    pub async fn ready_within(
        &self,
        limit: std::time::Duration,
    ) -> Result<(), crate::jwks::JwksError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return self.ready().await;
        }
        match tokio::time::timeout(limit, self.ready()).await {
            Ok(result) => result,
            Err(_) => {
                let issuers = self.shared.verifier.issuers();
                let sources = issuers.iter().filter_map(|issuer| issuer.keys.fetched());
                let late = sources.filter_map(|source| source.late(limit));
                late.reduce(crate::jwks::JwksError::and).map_or(Ok(()), Err)
            }
        }
    }

    /// Returns whether each issuer has keys, so that a request whose token needs them does not get
    /// 500 or 503. It does not wait, and does not check whether the keys are current; use it for a
    /// readiness probe.
    ///
    /// ```
    /// # fn probe(auth: &tower_jwt_auth::JwtAuthLayer) -> http::StatusCode {
    /// match auth.is_ready() {
    ///     true => http::StatusCode::OK,
    ///     false => http::StatusCode::SERVICE_UNAVAILABLE,
    /// }
    /// # }
    /// ```
    pub fn is_ready(&self) -> bool {
        self.shared.verifier.has_all_keys()
    }

    /// Returns the health of each key set that is fetched from a URL.
    ///
    /// ```
    /// # fn is_healthy(auth: &tower_jwt_auth::JwtAuthLayer) -> bool {
    /// auth.jwks_health().iter().all(|source| source.keys > 0)
    /// # }
    /// ```
    #[cfg(feature = "jwks-custom")]
    #[cfg_attr(docsrs, doc(cfg(feature = "jwks-custom")))]
    pub fn jwks_health(&self) -> Vec<crate::jwks::JwksHealth> {
        let issuers = self.shared.verifier.issuers();
        let sources = issuers.iter().filter_map(|issuer| issuer.keys.fetched());
        sources.map(crate::jwks::JwksUrl::health).collect()
    }

    /// Returns the statistics of the [token cache](crate::JwtAuthBuilder::cache_tokens), or `None` if it
    /// is off.
    #[cfg(feature = "cache")]
    #[cfg_attr(docsrs, doc(cfg(feature = "cache")))]
    pub fn cache_stats(&self) -> Option<crate::token::CacheStats> {
        self.shared.verifier.cache_stats()
    }
}
