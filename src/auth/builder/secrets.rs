//! The settings for HS256 secrets.

use std::path::PathBuf;

use super::JwtAuthBuilder;
use crate::{key::Secret, key_source::SecretSource};

/// # Keys: secrets
///
/// Secrets from all calls are tried in order; at most eight are allowed. A token is accepted if any
/// of them signed it. Each secret needs at least 32 bytes (RFC 7518 section 3.2) and eight
/// different byte values. Published examples and PEM, JWK, and SSH keys are rejected. A secret in
/// quotes or with leading or trailing white space is also rejected, unless it is created with
/// [`Secret::from_bytes`].
impl JwtAuthBuilder {
    /// Adds a secret for HS256 tokens.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.issuer.secrets.push(SecretSource::One(secret.into()));
        self
    }

    /// Adds secrets for HS256 tokens, which are tried in order. Put the current secret first,
    /// followed by the secrets that are being rotated out.
    pub fn secrets<I>(mut self, secrets: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Secret>,
    {
        let secrets = secrets.into_iter().map(Into::into).collect();
        self.issuer.secrets.push(SecretSource::List(secrets));
        self
    }

    /// Adds the secret in this environment variable for HS256 tokens. [`build`](Self::build) reads
    /// it once. An empty value is treated as missing.
    pub fn secret_from_env(mut self, name: impl Into<String>) -> Self {
        self.issuer.secrets.push(SecretSource::Variable {
            name: name.into(),
            alternative: None,
        });
        self
    }

    /// Adds the secrets in this file for HS256 tokens: one on each non-empty line, the current one
    /// first. The path must name a regular file, or a link to one, of at most 64 KiB.
    ///
    /// [`build`](Self::build) reads the file. After that, requests check it for changes, at most
    /// once every two seconds; other requests do not wait, and no thread is started. New content is
    /// used once two checks in a row have read the same content or, on Unix, once the file's
    /// modification time is at least 10 s old, so that a half-written file is never used. Under
    /// steady traffic, a change takes effect within about four seconds; on Unix, requests that
    /// arrive 12 s after the change or later use it even without earlier traffic. To rotate a secret,
    /// put the new one before the old one, wait 15 s after the file has changed on each replica, and
    /// then configure the issuer to sign with it. If the file becomes invalid, the current secrets
    /// stay in use and the error is logged once.
    pub fn secret_from_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.issuer.secrets.push(SecretSource::File(path.into()));
        self
    }

    /// Accepts secrets of fewer than 32 bytes (48 with HS384, 64 with HS512), which an attacker
    /// can guess offline from a single token. Use it only for an issuer that cannot be changed.
    pub fn allow_short_secret(mut self) -> Self {
        self.issuer.secret_policy.allow_short = true;
        self
    }

    /// Builds the layer even if the environment variable is unset or empty, the list is empty, or
    /// the file does not exist. Requests with a token get 500 until there is a secret.
    ///
    /// Only a missing secret is allowed; a weak secret, or a file without secrets, still fails the
    /// build. The environment is not read again, so only a file can provide a secret later.
    pub fn allow_missing_secret(mut self) -> Self {
        self.issuer.secret_policy.allow_missing = true;
        self
    }
}
