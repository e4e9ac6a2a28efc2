//! `JwtAuthConfig`: each field reaches the layer, and errors name the field.

mod errors;
mod guide;
mod issuer;
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
mod keys;
mod layer;
#[cfg(all(
    feature = "jwks-custom",
    any(feature = "aws-lc-rs", feature = "rust-crypto")
))]
mod profiles;

use std::fs;

use serde_json::Value;
use tower_jwt_auth::{ConfigError, JwtAuthBuilder, JwtAuthConfig, JwtAuthLayer};

use crate::{key_source::secret_file::Folder, support::*};

/// Reads a configuration from JSON.
fn config(json: &Value) -> JwtAuthConfig {
    serde_json::from_str(&json.to_string()).unwrap()
}

fn convert(json: &Value) -> Result<JwtAuthBuilder, ConfigError> {
    JwtAuthBuilder::try_from(config(json))
}

/// Builds the layer at the time [`NOW`].
#[track_caller]
fn build(json: &Value) -> JwtAuthLayer {
    let builder = convert(json).unwrap_or_else(|error| panic!("{json}: {error}"));
    let layer = builder.clock(|| at(NOW)).build();
    layer.unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// The error of `TryFrom`.
#[track_caller]
fn conversion_error(json: &Value) -> String {
    match convert(json) {
        Ok(_) => panic!("accepted: {json}"),
        Err(error) => error.to_string(),
    }
}

/// A folder with the file `secret`, which contains [`SECRET`].
struct Secrets(Folder);

impl Secrets {
    fn new() -> Self {
        let folder = Folder::new("config");
        fs::write(folder.path("secret"), SECRET).unwrap();
        Self(folder)
    }

    /// An issuer for [`SECRET`] with these fields, which may replace others.
    fn issuer(&self, fields: Value) -> Value {
        let mut issuer = serde_json::json!({ "secret_from_file": self.0.path("secret") });
        for (name, value) in fields.as_object().unwrap() {
            issuer[name] = value.clone();
        }
        issuer
    }

    /// A configuration with one such issuer.
    fn config(&self, fields: Value) -> Value {
        serde_json::json!({ "issuers": [self.issuer(fields)] })
    }
}
