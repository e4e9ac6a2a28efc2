//! The settings of [`BetterAuthSessions`] for Redis, and their validation.

use std::sync::Arc;

use super::{
    BetterAuthSessions,
    build_source::NamedSource,
    redis::{Address, Columns, Redis, Tls},
};
use crate::config_error::Faults;

const DEFAULT_PREFIX: &str = "better-auth:";

/// The settings that only [`BetterAuthSessions::redis`] uses.
#[derive(Clone, Default)]
pub(super) struct RedisSettings {
    prefix: Option<String>,
    certificates: Option<Vec<u8>>,
    columns: Columns,
}

/// # Redis
#[cfg_attr(docsrs, doc(cfg(feature = "sessions-redis")))]
impl BetterAuthSessions {
    /// Sets the start of the keys in Redis, as `keyPrefix` of Better Auth's `redisStorage` does. The
    /// default is `better-auth:`.
    pub fn redis_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.redis.prefix = Some(prefix.into());
        self
    }

    /// Trusts only the CA certificates in this PEM text for `rediss://`, instead of those of the
    /// system: for a private certificate authority.
    pub fn redis_ca(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.redis.certificates = Some(pem.into());
        self
    }

    /// Adds these columns of the user to the claims, under the names that they have in Redis.
    pub fn user_columns<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into);
        self.redis.columns.user.extend(names);
        self
    }

    /// Adds these columns of the session to the claim `session`, under the names that they have in
    /// Redis.
    pub fn session_columns<I>(mut self, names: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let names = names.into_iter().map(Into::into);
        self.redis.columns.session.extend(names);
        self
    }
}

impl RedisSettings {
    pub(super) fn is_empty(&self) -> bool {
        let Self {
            prefix,
            certificates,
            columns,
        } = self;
        let has_columns = !columns.user.is_empty() || !columns.session.is_empty();
        prefix.is_none() && certificates.is_none() && !has_columns
    }

    /// Checks the settings, and returns the source.
    pub(super) fn source(self, url: &str, faults: &mut Faults) -> Option<NamedSource> {
        let address = Address::parse(url);
        let address = address.map_err(|problem| faults.add(format!("the URL of Redis {problem}")));
        let tls = match &self.certificates {
            None => Ok(Tls::default()),
            Some(pem) => Tls::with_certificates(pem).map_err(|problem| {
                faults.add(format!("the text set with .redis_ca(…) {problem}"));
            }),
        };
        let (address, tls) = (address.ok()?, tls.ok()?);
        if self.certificates.is_some() && !address.has_tls() {
            faults.add(".redis_ca(…) has no effect, because the URL of Redis does not start with rediss://; change the URL or remove the call");
        }
        let prefix = self.prefix.unwrap_or_else(|| DEFAULT_PREFIX.to_owned());
        let name = address.describe();
        let redis = Redis::new(address, tls, prefix, self.columns);
        Some(NamedSource {
            name,
            source: Some(Arc::new(redis)),
        })
    }
}
