use std::path::PathBuf;

use super::JwtAuthBuilder;
use crate::{Secret, key_source::SecretSource};

/// # Where secrets come from
///
/// Sources add up, in the order of the calls: a token is accepted when any of at most eight
/// secrets signed it. Each must have at least 32 bytes (RFC 7518 section 3.2) and eight different
/// ones; published examples, PEM, JWK and SSH keys are refused, and so is a text in quotes or with
/// white space at an end, unless it is given as [`Secret::from_bytes`].
impl JwtAuthBuilder {
    /// Verifies HS256 tokens with this secret.
    pub fn secret(mut self, secret: impl Into<Secret>) -> Self {
        self.issuer.secrets.push(SecretSource::One(secret.into()));
        self
    }

    /// Verifies HS256 tokens with any of these secrets, tried in order: put the current one first
    /// and those that are being rotated out after it.
    pub fn secrets<I>(mut self, secrets: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<Secret>,
    {
        let secrets = secrets.into_iter().map(Into::into).collect();
        self.issuer.secrets.push(SecretSource::List(secrets));
        self
    }

    /// Verifies HS256 tokens with the secret in this environment variable, which
    /// [`build`](Self::build) reads, once. An empty value counts as none.
    pub fn secret_from_env(mut self, name: impl Into<String>) -> Self {
        self.issuer
            .secrets
            .push(SecretSource::Variable(name.into()));
        self
    }

    /// Verifies HS256 tokens with the secrets in this file: one in each line that is not empty,
    /// the current one first. It must be a regular file, or a link to one, of at most 64 KiB.
    ///
    /// The file is read by [`build`](Self::build), and while requests come, by one of them every
    /// two seconds at most; the others do not wait, and there is no thread. New content counts
    /// when two such looks saw the same, so that a file that is being written is never used: under
    /// steady traffic a change takes effect within about four seconds, under little traffic at the
    /// second request. To rotate, put the new secret before the old one, wait, and then let the
    /// issuer sign with it. When the file turns bad, the secrets that are held stay in use and the
    /// fault is logged once.
    pub fn secret_from_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.issuer.secrets.push(SecretSource::File(path.into()));
        self
    }

    /// Admits secrets of fewer than 32 bytes, which can be guessed offline from a single token.
    /// For an issuer that cannot be changed.
    pub fn allow_short_secret(mut self) -> Self {
        self.issuer.secret_policy.allow_short = true;
        self
    }

    /// Builds the layer even if the environment variable is unset or empty, the list is empty, or
    /// the file is not there, and answers requests that carry a token with a 500 until there is a
    /// secret.
    ///
    /// Only an absent secret is let pass; one that is weak, and a file that has none in it, still
    /// fails the build. The environment is not read again, so it is a file that may bring a secret
    /// later.
    pub fn allow_missing_secret(mut self) -> Self {
        self.issuer.secret_policy.allow_missing = true;
        self
    }
}
