//! [`JwtAuthBuilder`]: the settings of a layer, one file for each heading of its documentation, and
//! their validation in `build`.

// Rustdoc shows the builder's methods in the order of these modules, which is the order in which
// they are needed. The blank lines keep rustfmt from sorting them.
mod secrets;

mod public_keys;

mod claims;
#[cfg(feature = "authenticator")]
mod lookups;
mod requests;
mod responses;

mod operations;

mod build;

mod better_auth;
mod environment;
mod issuer_names;
mod issuer_settings;
mod layer_settings;
mod profile;
mod public_key_source;
mod resource;
mod validate;

use std::fmt;

use self::{issuer_settings::IssuerSettings, layer_settings::LayerSettings};

/// Builder for a [`JwtAuthLayer`](crate::JwtAuthLayer).
///
/// The settings are validated by [`build`](Self::build), which reports all problems at once. Every
/// claim that is configured is also required: a token without it is rejected.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let auth = JwtAuthLayer::builder()
///     .secrets(["the current secret, of 32 bytes or more", "the previous secret, of 32 bytes or more"])
///     .issuer("https://app.example.com")
///     .audience("https://api.example.com")
///     .leeway(Duration::from_secs(5))
///     .build()?;
/// # drop(auth);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Default)]
#[must_use = "a builder does nothing until it is built"]
pub struct JwtAuthBuilder {
    issuer: IssuerSettings,
    layer: LayerSettings,
    /// The builders that were passed to [`or`](Self::or).
    others: Vec<JwtAuthBuilder>,
}

impl JwtAuthBuilder {
    /// Returns the settings of the layer, so that `method` can change them.
    ///
    /// The method is recorded because a builder that is passed to `.or(…)` must have no layer
    /// settings: they would have no effect.
    fn layer_settings(&mut self, method: &'static str) -> &mut LayerSettings {
        if !self.layer.configured_by.contains(&method) {
            self.layer.configured_by.push(method);
        }
        &mut self.layer
    }
}

impl fmt::Debug for JwtAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthBuilder")
            .field("issuer", &self.issuer)
            .field("layer", &self.layer)
            .field("others", &self.others)
            .finish()
    }
}
