//! [`RequireFreshLayer`]: its requirements and settings.

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use tower::Layer;

use super::{service::RequireFresh, sign_in::SignIn};
use crate::{clock::Clock, config_error::ConfigError, user_rules::UserRules};

/// Layer that applies the [`RequireFresh`] middleware: it accepts a request only if its user signed
/// in recently, or in a certain way, for example with a second factor (step-up authentication, RFC
/// 9470). Otherwise it responds with 401 and `insufficient_user_authentication` in the challenge, in
/// gRPC with status 16. `max_age` and `acr_values` in the challenge are the parameters with which
/// the client starts a new sign-in at the authorization server.
///
/// It needs a [`JwtAuthLayer`](crate::JwtAuthLayer) outside it, which identifies the user.
/// Anonymous requests get the 401 of a request without a token, except CORS preflights if
/// [`allow_cors_preflight`](crate::JwtAuthBuilder::allow_cors_preflight) is set.
///
/// | | claim | value |
/// |---|---|---|
/// | the time of the sign-in | `auth_time`, or [`time_claim`](Self::time_claim) | seconds since the epoch, with or without a fraction |
/// | the authentication context class | `acr`, or [`acr_claim`](Self::acr_claim) | a string, or an array of strings that contains the class |
///
/// A user is rejected if a required claim is missing, appears twice, or has another type, and if
/// the time is further in the future than the [`leeway`](Self::leeway). An issuer that does not
/// write these claims into access tokens must be configured to do so.
///
/// ```
/// use std::time::Duration;
/// use axum::{Router, routing::post};
/// use tower_jwt_auth::{ConfigError, JwtAuthLayer, RequireFreshLayer};
///
/// fn router(auth: JwtAuthLayer) -> Result<Router, ConfigError> {
///     let payouts = Router::new()
///         .route("/payouts", post(async || "…"))
///         .route_layer(RequireFreshLayer::within(Duration::from_secs(300))?);
///     Ok(payouts.route_layer(auth))
/// }
/// ```
#[doc(alias = "step-up")]
#[doc(alias = "max_age")]
#[derive(Clone, Debug)]
#[must_use = "a layer does nothing until it is applied to a service"]
pub struct RequireFreshLayer {
    rules: Arc<UserRules<SignIn>>,
}

impl RequireFreshLayer {
    /// Creates a layer that requires a sign-in at most this long ago.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] unless the time consists of whole seconds, at least one, because the challenge
    /// contains it as a whole number.
    pub fn within(max_age: Duration) -> Result<Self, ConfigError> {
        Ok(Self::with(SignIn::within(max_age)?))
    }

    /// Creates a layer that requires one of these authentication context classes (`acr`), at any
    /// time since the sign-in.
    ///
    /// ```
    /// use tower_jwt_auth::RequireFreshLayer;
    ///
    /// let second_factor = RequireFreshLayer::any_acr(["urn:example:mfa"])?;
    /// # drop(second_factor);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the list is empty, or if a class is not visible ASCII without spaces,
    /// quotes, or backslashes.
    pub fn any_acr<N: Into<String>>(
        classes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        Ok(Self::with(SignIn::any_class(classes)?))
    }

    /// Also requires one of these authentication context classes (`acr`). Further calls add
    /// classes, of which one suffices. List the preferred one first, as in `acr_values`.
    ///
    /// # Errors
    ///
    /// The same as for [`any_acr`](Self::any_acr).
    pub fn acr<N: Into<String>>(
        mut self,
        classes: impl IntoIterator<Item = N>,
    ) -> Result<Self, ConfigError> {
        self.sign_in_mut().accept_classes(classes)?;
        Ok(self)
    }

    /// Reads the time of the sign-in from this claim instead of `auth_time`: its name, or a JSON
    /// Pointer (RFC 6901) to a nested claim.
    ///
    /// Do not use `iat`: when a client refreshes a token, the new one has a new `iat`, although the
    /// user did not sign in.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `claim` is empty, or a pointer with an empty part or a stray `~`, or if the
    /// layer was created with [`any_acr`](Self::any_acr).
    pub fn time_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.sign_in_mut().read_time_from(claim)?;
        Ok(self)
    }

    /// Reads the authentication context class from this claim instead of `acr`: its name, or a JSON
    /// Pointer (RFC 6901) to a nested claim.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `claim` is empty, or a pointer with an empty part or a stray `~`, or if no
    /// class is required yet.
    pub fn acr_claim(mut self, claim: &str) -> Result<Self, ConfigError> {
        self.sign_in_mut().read_class_from(claim)?;
        Ok(self)
    }

    /// Sets the leeway for differences between the clocks of the issuer and this service. The
    /// sign-in may be that much older than `max_age`, and its time that far in the future. The
    /// default is 5 seconds.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is more than 5 minutes, or if the layer was created with
    /// [`any_acr`](Self::any_acr).
    pub fn leeway(mut self, leeway: Duration) -> Result<Self, ConfigError> {
        self.sign_in_mut().set_leeway(leeway)?;
        Ok(self)
    }

    /// Reads the time from this function instead of the system clock. Use it in tests, together with
    /// [`JwtAuthBuilder::clock`](crate::JwtAuthBuilder::clock).
    pub fn clock<F>(mut self, now: F) -> Self
    where
        F: Fn() -> SystemTime + Send + Sync + 'static,
    {
        self.sign_in_mut().clock = Clock::Custom(Arc::new(now));
        self
    }

    /// Accepts only the users of these issuers, instead of the first issuer's users: see
    /// [`JwtAuthBuilder::or`](crate::JwtAuthBuilder::or). Each of these issuers then decides what
    /// its `acr` means. An empty list rejects every user.
    pub fn issuers<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.rules_mut().serve_issuers(names);
        self
    }

    /// Responds to gRPC requests in plain HTTP: see
    /// [`JwtAuthBuilder::http_answers_only`](crate::JwtAuthBuilder::http_answers_only).
    pub fn http_answers_only(mut self) -> Self {
        self.rules_mut().respond_in_http_only();
        self
    }

    fn sign_in_mut(&mut self) -> &mut SignIn {
        &mut self.rules_mut().requirement
    }

    /// Returns a mutable reference to the rules. If a clone of the layer shares them, they are
    /// copied first.
    fn rules_mut(&mut self) -> &mut UserRules<SignIn> {
        Arc::make_mut(&mut self.rules)
    }

    fn with(sign_in: SignIn) -> Self {
        Self {
            rules: Arc::new(UserRules::new(sign_in)),
        }
    }
}

impl<S> Layer<S> for RequireFreshLayer {
    type Service = RequireFresh<S>;

    fn layer(&self, inner: S) -> Self::Service {
        RequireFresh::new(inner, Arc::clone(&self.rules))
    }
}
