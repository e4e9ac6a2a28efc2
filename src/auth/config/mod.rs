//! [`JwtAuthConfig`]: the settings of a layer as data, which needs the feature `config`.

mod field;
mod file;
mod issuer;
mod layer;
mod profile;
mod reader;
mod token_source;

use std::fmt;

use serde::{Deserialize, Deserializer};

use self::{
    field::{Field, Many},
    layer::LayerTable,
    reader::Reader,
};
use super::JwtAuthBuilder;
use crate::config_error::{ConfigError, Fault, Faults};

/// The settings of a [`JwtAuthLayer`](crate::JwtAuthLayer) as data: from TOML, JSON, YAML, or another
/// self-describing format of serde.
///
/// Each field has the name of the builder's method that it calls. `issuers` has one table for each
/// issuer, the first issuer first. [The guide] lists all fields. A secret is set only by the name of
/// its environment variable (`secret_from_env`) or by its file (`secret_from_file`).
///
/// `TryFrom` turns the configuration into a [`JwtAuthBuilder`], to which functions such as
/// [`check`](JwtAuthBuilder::check) and [`observe`](JwtAuthBuilder::observe) can be added. They apply
/// to the first issuer or to the layer.
///
/// ```
/// use tower_jwt_auth::{JwtAuthBuilder, JwtAuthConfig};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let config: JwtAuthConfig = serde_json::from_str(
///     r#"{
///         "issuers": {
///             "issuer": "https://app.example.com",
///             "audience": "https://api.example.com",
///             "secret_from_env": "API_TOKEN_SECRET",
///             "leeway": 5
///         },
///         "realm": "tasks"
///     }"#,
/// )?;
/// let builder = JwtAuthBuilder::try_from(config)?.check(|user| user.name().is_some());
/// let error = builder.build().unwrap_err();
/// assert_eq!(error.to_string(), "API_TOKEN_SECRET environment variable is required");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Deserializing fails if the text has a syntax error or a field twice. `TryFrom` returns a
/// [`ConfigError`] that lists every unknown field, every value of the wrong type, and every key file
/// that cannot be read, each with the path of its field, such as `issuers[1].leeway`, and none with
/// the value. [`build`](JwtAuthBuilder::build) reports the other problems.
///
/// `TryFrom` reads the files in `jwks_file` and `public_key_file`; it blocks while it does.
///
/// [The guide]: https://docs.rs/tower-jwt-auth/latest/tower_jwt_auth/guide/configuration/index.html
#[derive(Clone)]
pub struct JwtAuthConfig {
    layer: Field<LayerTable>,
}

impl<'de> Deserialize<'de> for JwtAuthConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let layer = Field::deserialize(deserializer)?;
        Ok(Self { layer })
    }
}

impl TryFrom<JwtAuthConfig> for JwtAuthBuilder {
    type Error = ConfigError;

    fn try_from(config: JwtAuthConfig) -> Result<Self, ConfigError> {
        let mut faults = Faults::default();
        let layer = match config.layer {
            Field::Set(layer) => layer,
            Field::Unset => LayerTable::default(),
            Field::Wrong(found) => {
                let problem = format!("the configuration is {found}; write a table of settings");
                return Err(Fault::new(problem).into());
            }
        };
        let builder = layer.into_builder(&mut Reader::new(&mut faults));
        faults.into_result()?;
        Ok(builder)
    }
}

/// Shows only the number of issuers: a value in the wrong field may be a secret.
impl fmt::Debug for JwtAuthConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let issuers = match &self.layer {
            Field::Set(layer) => match &layer.issuers {
                Field::Set(Many::One(_)) => 1,
                Field::Set(Many::List(issuers)) => issuers.len(),
                Field::Unset | Field::Wrong(_) => 0,
            },
            Field::Unset | Field::Wrong(_) => 0,
        };
        f.debug_struct("JwtAuthConfig")
            .field("issuers", &issuers)
            .finish_non_exhaustive()
    }
}
