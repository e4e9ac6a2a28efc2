//! [`JwtAuthLayer`]: its constructors and its use without tower.

use std::{future::poll_fn, sync::Arc};

use tower::Layer;

use super::{
    builder::JwtAuthBuilder,
    issuers::Issuers,
    service::{Decision, JwtAuth, Shared},
};
use crate::{config_error::ConfigError, token::TokenVerifier, user::CurrentUser};

/// Layer that applies the [`JwtAuth`] middleware: it verifies the bearer token of each request and
/// inserts the [`CurrentUser`](crate::CurrentUser) into the request's extensions.
///
/// Requests without a valid token never reach the inner service; [the crate's
/// documentation](crate#responses) lists the responses.
///
/// Apply the layer once, around all routes that need it. If the layer is applied twice, which is
/// easy to do with nested routers, each token is verified twice. The layer warns about this once.
/// Different layers may be nested, for example one that accepts anonymous requests around one that
/// does not.
///
/// Cloning it copies one pointer; all clones share the keys.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct JwtAuthLayer {
    pub(super) shared: Arc<Shared>,
}

impl JwtAuthLayer {
    /// Builds a layer from environment variables:
    ///
    /// | variable | sets |
    /// |---|---|
    /// | `BETTER_AUTH_SECRET` | the secret that HS256 tokens are signed with |
    /// | `BETTER_AUTH_URL` | without `BETTER_AUTH_SECRET`: the origin of Better Auth, whose `jwt()` plugin issues the tokens, as for [`better_auth`](Self::better_auth) (feature `better-auth`) |
    /// | `BETTER_AUTH_ISSUER` | the `iss` that a token must have, if set |
    /// | `BETTER_AUTH_AUDIENCE` | the `aud` that a token must have, if set |
    ///
    /// One of the first two is required; an empty one is treated as unset. If both are set, the
    /// secret is used, and an event at INFO reports that the URL is ignored.
    ///
    /// The environment is read once. To change other settings as well, use
    /// [`builder_from_env`](Self::builder_from_env); to ignore the environment, use
    /// [`builder`](Self::builder).
    ///
    /// A service that has `BETTER_AUTH_SECRET` can forge the sessions of Better Auth. Prefer a secret
    /// for API tokens alone, with
    /// [`secret_from_env("API_TOKEN_SECRET")`](JwtAuthBuilder::secret_from_env).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the secret and the URL are missing, if the secret is weak or well known,
    /// if the URL is not an origin, or if the issuer or the audience is set but empty. Without the
    /// features for fetched public keys, the URL alone is also an error.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = tower_jwt_auth::JwtAuthLayer::from_env()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::builder_from_env().build()
    }

    /// Starts a builder with the settings that [`from_env`](Self::from_env) reads, so that others
    /// can be added.
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::builder_from_env().allow_anonymous().build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder_from_env() -> JwtAuthBuilder {
        JwtAuthBuilder::from_env()
    }

    /// Starts a builder for the tokens of Better Auth's `jwt()` plugin (feature `better-auth`). The
    /// issuer and the audience are this origin, the keys are fetched from `<origin>/api/auth/jwks`,
    /// and the leeway is 5 seconds.
    ///
    /// The origin is Better Auth's `baseURL` without a path and without a trailing slash. Each
    /// default can be overridden: [`issuer`](JwtAuthBuilder::issuer),
    /// [`audience`](JwtAuthBuilder::audience), [`jwks_url`](JwtAuthBuilder::jwks_url).
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::better_auth("https://app.example.com").build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn better_auth(origin: impl Into<String>) -> JwtAuthBuilder {
        JwtAuthBuilder::better_auth(origin.into())
    }

    /// Starts a builder for the tokens of an issuer that publishes its metadata (feature `jwks`): see
    /// [`JwtAuthBuilder::discover`].
    ///
    /// ```no_run
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = JwtAuthLayer::discover("https://login.example.com")
    ///     .audience("https://api.example.com")
    ///     .build()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn discover(issuer: impl Into<String>) -> JwtAuthBuilder {
        Self::builder().discover(issuer)
    }

    /// Starts a builder without any settings.
    pub fn builder() -> JwtAuthBuilder {
        JwtAuthBuilder::default()
    }

    /// Authenticates a request as the middleware does, for a framework that is not built on tower.
    ///
    /// Returns the user, or `None` for a request that the layer accepts without one
    /// ([`allow_anonymous`](JwtAuthBuilder::allow_anonymous),
    /// [`allow_cors_preflight`](JwtAuthBuilder::allow_cors_preflight)). It waits for keys and lookups
    /// as the middleware does, and copies the head of the request (about a microsecond).
    ///
    /// # Errors
    ///
    /// Returns the response for a rejected request, with the [`Rejection`](crate::Rejection) in its
    /// extensions. The rejection has already been logged and passed to the
    /// [observer](JwtAuthBuilder::observe). Send the response unchanged.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Response, request::Parts};
    /// use tower_jwt_auth::JwtAuthLayer;
    ///
    /// async fn handle(auth: &JwtAuthLayer, request: &Parts) -> Response<Bytes> {
    ///     match auth.authenticate(request).await {
    ///         Ok(user) => {
    ///             let name = user.as_ref().map_or("guest", |user| user.user_id());
    ///             Response::new(Bytes::from(format!("Hello {name}")))
    ///         }
    ///         Err(rejected) => *rejected,
    ///     }
    /// }
    /// # drop(handle);
    /// ```
    pub async fn authenticate(
        &self,
        request: &http::request::Parts,
    ) -> Result<Option<CurrentUser>, Box<http::Response<bytes::Bytes>>> {
        let mut request = http::Request::from_parts(request.clone(), ());
        let mut decision = self.shared.authenticate(&mut request, None);
        let (rejection, details) = loop {
            decision = match decision {
                Decision::Accept { .. } => return Ok(request.extensions_mut().remove()),
                Decision::Reject(rejection, details) => break (rejection, details),
                Decision::Wait(mut wait) => {
                    poll_fn(|cx| wait.poll(&self.shared, &mut request, cx)).await
                }
            };
        };
        let response = self
            .shared
            .reject(rejection, details.as_deref(), &mut request);
        Err(Box::new(response))
    }

    /// Builds this layer's response for a request that your code rejects after
    /// [`authenticate`](Self::authenticate). Also logs the rejection and passes it to the observer.
    /// Inside the middleware, use [`Rejection::respond`](crate::Rejection::respond).
    ///
    /// If [`log_user_ids`](JwtAuthBuilder::log_user_ids) is set, insert the user into the extensions
    /// of `request` first.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use http::{Response, request::Parts};
    /// use tower_jwt_auth::{JwtAuthLayer, Rejection};
    ///
    /// async fn staff_only(auth: &JwtAuthLayer, request: &Parts) -> Response<Bytes> {
    ///     match auth.authenticate(request).await {
    ///         Ok(Some(user)) if user.scopes().iter().any(|scope| scope == "staff") => {
    ///             Response::new(Bytes::from("Hello"))
    ///         }
    ///         Ok(_) => auth.reject(Rejection::InsufficientScope, request),
    ///         Err(rejected) => *rejected,
    ///     }
    /// }
    /// # drop(staff_only);
    /// ```
    pub fn reject(
        &self,
        rejection: crate::rejection::Rejection,
        request: &http::request::Parts,
    ) -> http::Response<bytes::Bytes> {
        self.shared.reject_by_application(rejection, request)
    }

    /// Returns a verifier for tokens outside HTTP, with this layer's keys and rules.
    pub fn verifier(&self) -> TokenVerifier {
        self.shared.verifier.clone()
    }

    /// Returns a handle with which issuers are added and removed while the layer is in use.
    pub fn issuers(&self) -> Issuers {
        let resource = &self.shared.format.challenge.resource;
        Issuers::new(self.verifier(), resource.clone())
    }

    pub(super) fn new(shared: Shared) -> Self {
        Self {
            shared: Arc::new(shared),
        }
    }
}

impl<S> Layer<S> for JwtAuthLayer {
    type Service = JwtAuth<S>;

    fn layer(&self, inner: S) -> Self::Service {
        JwtAuth::new(inner, Arc::clone(&self.shared))
    }
}
