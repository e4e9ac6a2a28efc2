mod better_auth;
mod build;
#[cfg(feature = "cache")]
mod cache;
mod claims;
mod issuer_settings;
mod layer_settings;
mod public_keys;
mod requests;
mod responses;
mod secrets;
mod validate;

use std::fmt;

use self::{issuer_settings::IssuerSettings, layer_settings::LayerSettings};

/// Configures a [`JwtAuthLayer`](crate::JwtAuthLayer), step by step.
///
/// Nothing is looked at before [`build`](Self::build), which event_log all faults at once. Whatever
/// a token is configured to have is also required of it.
///
/// ```
/// use std::time::Duration;
/// use tower_jwt_auth::JwtAuthLayer;
///
/// let auth = JwtAuthLayer::builder()
///     .secrets(["the current secret, of 32 bytes or more", "the one before it, as long or longer"])
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

impl fmt::Debug for JwtAuthBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtAuthBuilder")
            .field("issuer", &self.issuer)
            .field("layer", &self.layer)
            .field("others", &self.others)
            .finish()
    }
}
