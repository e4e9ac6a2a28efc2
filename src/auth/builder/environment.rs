//! The settings that `from_env` reads from environment variables.

use std::env;

use super::JwtAuthBuilder;
use crate::{events, key_source::SecretSource};

const SECRET: &str = "BETTER_AUTH_SECRET";

const URL: &str = "BETTER_AUTH_URL";

impl JwtAuthBuilder {
    /// An empty secret or URL is treated as unset, because a compose file passes an empty value if
    /// the host does not set the variable.
    pub(in crate::auth) fn from_env() -> Self {
        let has_secret = env::var_os(SECRET).is_some_and(|secret| !secret.is_empty());
        let url = variable(URL).filter(|url| !url.is_empty());
        let mut builder = match url {
            Some(origin) if !has_secret => {
                let mut builder = Self::better_auth(origin);
                builder.issuer.origin_is_from_env = true;
                builder
            }
            url => {
                if url.is_some() {
                    events::url_ignored();
                }
                let alternative = cfg!(feature = "better-auth").then_some(". Set it to the secret that your issuer signs with, or set BETTER_AUTH_URL to the origin of Better Auth if its jwt() plugin issues the tokens");
                let mut builder = Self::default();
                builder.issuer.secrets.push(SecretSource::Variable {
                    name: SECRET.to_owned(),
                    alternative,
                });
                builder
            }
        };
        if let Some(issuer) = variable("BETTER_AUTH_ISSUER") {
            builder = builder.issuer(issuer);
        }
        if let Some(audience) = variable("BETTER_AUTH_AUDIENCE") {
            builder = builder.audience(audience);
        }
        builder
    }
}

/// Reads an environment variable. A value that is not UTF-8 becomes a string that no token
/// contains and that is no URL, so the setting fails closed.
fn variable(name: &str) -> Option<String> {
    env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}
