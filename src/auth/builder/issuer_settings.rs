//! The settings of one issuer.

use std::{fmt, time::Duration};

use crate::{
    auth::TokenSource,
    key::{Algorithm, KeySet, VerifyingKey},
    key_source::{SecretPolicy, SecretSource, SharedKeys},
    redact::redact_url,
    token::{Check, Policy},
};

const DEFAULT_TTL: Duration = Duration::from_secs(10 * 60);

const DEFAULT_MAX_STALE: Duration = Duration::from_secs(60 * 60);

const DEFAULT_COOLDOWN: Duration = Duration::from_secs(5);

/// The settings of one issuer: its keys and the policy for its tokens.
#[derive(Clone, Default)]
pub(super) struct IssuerSettings {
    pub(super) secrets: Vec<SecretSource>,
    pub(super) secret_policy: SecretPolicy,
    pub(super) public_keys: Vec<PublicSource>,
    pub(super) fetching: Fetching,
    pub(super) algorithms: Option<Vec<Algorithm>>,
    /// The origin of Better Auth, from which the defaults of the issuer, the audience, and the key
    /// set's URL are derived.
    pub(super) origin: Option<String>,
    /// Whether `from_env` read the origin.
    pub(super) origin_is_from_env: bool,
    /// The `iss` that is required if no other name is set.
    pub(super) default_issuer: Option<String>,
    /// The values of `iss` of which one is required if there is no other default either.
    pub(super) resource_issuers: Vec<String>,
    /// Unparsed, so that `build` reports an invalid one together with all other problems.
    pub(super) issuer_templates: Vec<String>,
    pub(super) tenants: Option<Vec<String>>,
    pub(super) any_tenant: bool,
    pub(super) policy: Policy,
    /// Whether access tokens for a protected resource may have the type of any JWT.
    pub(super) allows_plain_jwt: bool,
    /// Whether `build` accepts public keys without an audience; only for the test kit.
    pub(super) audience_may_be_missing: bool,
    /// Whether `build` accepts an issuer without keys, whose tokens are then rejected: the layer
    /// accepts other credentials.
    pub(super) keys_may_be_missing: bool,
    /// Unparsed, so that `build` reports an invalid name together with all other problems.
    pub(super) user_id_claim: Option<String>,
    pub(super) email_claim: Option<String>,
    pub(super) checks: Vec<Check>,
    /// The places where this issuer's tokens are found; empty for those of the layer.
    pub(super) sources: Vec<TokenSource>,
    /// Whether the issuer's user IDs name the same people as the first issuer's.
    pub(super) has_same_users: bool,
}

/// A source of public keys, as configured.
#[derive(Clone)]
pub(super) enum PublicSource {
    Key(VerifyingKey),
    Set(KeySet),
    Pem(Vec<u8>),
    Text(String),
    Shared(SharedKeys),
    Fetched(KeySetLocation),
}

/// The place from which a key set is fetched.
#[derive(Clone)]
pub(super) enum KeySetLocation {
    Url(String),
    /// The URL is in the metadata of this issuer.
    MetadataOf(String),
}

impl fmt::Debug for PublicSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => key.fmt(f),
            Self::Set(set) => set.fmt(f),
            Self::Pem(_) => f.write_str("Pem"),
            Self::Text(_) => f.write_str("Text"),
            Self::Shared(keys) => keys.fmt(f),
            Self::Fetched(KeySetLocation::Url(url) | KeySetLocation::MetadataOf(url)) => {
                f.debug_tuple("Fetched").field(&redact_url(url)).finish()
            }
        }
    }
}

/// The settings for fetching a key set.
#[derive(Clone)]
pub(super) struct Fetching {
    pub(super) ttl: Duration,
    pub(super) max_stale: Duration,
    pub(super) cooldown: Duration,
    pub(super) http_allowed: bool,
    #[cfg(feature = "jwks-custom")]
    pub(super) fetcher: Option<std::sync::Arc<dyn crate::jwks::JwksFetch>>,
}

impl Default for Fetching {
    fn default() -> Self {
        Self {
            ttl: DEFAULT_TTL,
            max_stale: DEFAULT_MAX_STALE,
            cooldown: DEFAULT_COOLDOWN,
            http_allowed: false,
            #[cfg(feature = "jwks-custom")]
            fetcher: None,
        }
    }
}

impl fmt::Debug for IssuerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuerSettings")
            .field("secrets", &self.secrets)
            .field("public_keys", &self.public_keys)
            .field("policy", &self.policy)
            .field("checks", &self.checks.len())
            .finish_non_exhaustive()
    }
}
