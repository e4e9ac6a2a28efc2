use std::{env, sync::Arc};

use tower::Layer;

use super::{JwtAuth, JwtAuthBuilder, service::Shared};
use crate::{ConfigError, TokenVerifier};

/// Layer that applies the [`JwtAuth`] middleware: it verifies the bearer token of each request and
/// puts the [`CurrentUser`](crate::CurrentUser) into the request's extensions.
///
/// A request without a valid token is answered by the layer and never reaches the inner service;
/// the [crate's documentation](crate#what-a-client-gets) has the table of answers.
///
/// Cloning it copies one pointer; all clones share the keys.
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct JwtAuthLayer {
    shared: Arc<Shared>,
}

impl JwtAuthLayer {
    /// The layer that the environment describes:
    ///
    /// | variable | sets |
    /// |---|---|
    /// | `BETTER_AUTH_SECRET` | the secret that HS256 tokens are signed with; required |
    /// | `BETTER_AUTH_ISSUER` | the `iss` that a token must have, if set |
    /// | `BETTER_AUTH_AUDIENCE` | the `aud` that a token must have, if set |
    ///
    /// The environment is read once. Use [`JwtAuthLayer::builder`] for anything else.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] when the secret is missing, weak or well known, or when the issuer or the
    /// audience is set and empty.
    ///
    /// ```no_run
    /// # fn main() -> Result<(), tower_jwt_auth::ConfigError> {
    /// let auth = tower_jwt_auth::JwtAuthLayer::from_env()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_env() -> Result<Self, ConfigError> {
        let mut builder = Self::builder().secret_from_env("BETTER_AUTH_SECRET");
        if let Some(issuer) = variable("BETTER_AUTH_ISSUER") {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = variable("BETTER_AUTH_AUDIENCE") {
            builder = builder.audience(audience);
        }
        builder.build()
    }

    /// Starts a layer that is configured step by step.
    pub fn builder() -> JwtAuthBuilder {
        JwtAuthBuilder::default()
    }

    /// The verification of this layer without HTTP, with the same keys and rules.
    pub fn verifier(&self) -> TokenVerifier {
        self.shared.verifier.clone()
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

/// What is not UTF-8 is read as a text that no token has, and so lets none pass.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
