//! Turns the configured public keys of an issuer into a key source; used by `build`.

use super::issuer_settings::{IssuerSettings, KeySetLocation, PublicSource};
use crate::{
    config_error::Faults,
    key::{Algorithm, KeySet, Keys, MISSING_BACKEND, VerifyingKey},
    key_source::KeySource,
};

const MISSING_BETTER_AUTH: &str = "the keys of Better Auth's jwt() plugin require the feature `better-auth` of tower-jwt-auth; enable it in Cargo.toml";

impl IssuerSettings {
    pub(super) fn public_key_source(
        &mut self,
        algorithms: &[Algorithm],
        faults: &mut Faults,
    ) -> Option<KeySource> {
        let mut sources = std::mem::take(&mut self.public_keys);
        let is_exclusive = |source: &PublicSource| {
            matches!(source, PublicSource::Shared(_) | PublicSource::Fetched(_))
        };
        if sources.len() > 1 && sources.iter().any(is_exclusive) {
            faults.add("keys from a URL or shared keys are combined with other public keys; keep one of the sources, or configure each as its own issuer with .or(…)");
            for source in sources {
                match source {
                    PublicSource::Fetched(from) => {
                        drop(self.fetched_keys(from, algorithms, faults));
                    }
                    PublicSource::Shared(_) => {}
                    given => drop(given_keys(vec![given], faults)),
                }
            }
            return None;
        }
        match sources.pop() {
            Some(PublicSource::Fetched(from)) => self.fetched_keys(from, algorithms, faults),
            Some(PublicSource::Shared(keys)) => Some(KeySource::Shared(keys)),
            Some(other) => {
                sources.push(other);
                let keys = given_keys(sources, faults).with_algorithms(algorithms);
                Some(KeySource::Fixed(Keys::Public(keys)))
            }
            None => None,
        }
    }

    /// Returns the error for a missing feature: the feature of Better Auth for its origin, which
    /// includes the others.
    fn missing_feature(&self, otherwise: &'static str) -> &'static str {
        if self.origin.is_some() {
            MISSING_BETTER_AUTH
        } else {
            otherwise
        }
    }

    #[cfg(feature = "jwks-custom")]
    fn fetched_keys(
        &self,
        from: KeySetLocation,
        algorithms: &[Algorithm],
        faults: &mut Faults,
    ) -> Option<KeySource> {
        use std::sync::Arc;

        use crate::{
            jwks::{Discovery, JwksUrl, Settings, check_issuer, check_url},
            redact::{describe_url, redact_url},
        };

        if cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto"))) {
            faults.add(self.missing_feature(MISSING_BACKEND));
            if self.origin.is_some() {
                return None;
            }
        }
        if self.fetching.ttl < std::time::Duration::from_secs(1) {
            faults.add("the time to live set with .jwks_ttl(…) is less than a second; omit the call for the default of ten minutes");
        }
        if self.fetching.cooldown < std::time::Duration::from_secs(1) {
            faults.add("the interval set with .jwks_cooldown(…) is less than a second; omit the call for the default of five seconds");
        }
        let http_allowed = self.fetching.http_allowed;
        let is_issuer = matches!(from, KeySetLocation::MetadataOf(_));
        let (KeySetLocation::Url(url) | KeySetLocation::MetadataOf(url)) = from;
        let (what, checked) = if is_issuer {
            (
                "the issuer passed to discover(…)",
                check_issuer(&url, http_allowed),
            )
        } else {
            ("the URL of the keys", check_url(&url, http_allowed))
        };
        if let Err(problem) = checked {
            faults.add(format!("{} {problem}", describe_url(what, &url)));
            return None;
        }
        let is_https = { url.get(..6) }.is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        if !is_https && http_allowed {
            crate::events::fetching::allowed_over_http(&redact_url(&url).unwrap_or_default());
        }
        let fetcher = match &self.fetching.fetcher {
            Some(fetcher) => Arc::clone(fetcher),
            None => builtin_fetcher(self, faults)?,
        };
        let fetcher = if is_issuer {
            Arc::new(Discovery {
                fetcher,
                http_allowed,
            })
        } else {
            fetcher
        };
        let settings = Settings {
            url,
            algorithms: algorithms.to_vec(),
            ttl: self.fetching.ttl,
            max_stale: self.fetching.max_stale,
            cooldown: self.fetching.cooldown,
        };
        // If `build` fails, nothing may fetch keys.
        faults
            .is_empty()
            .then(|| KeySource::Url(JwksUrl::new(settings, fetcher)))
    }

    #[cfg(not(feature = "jwks-custom"))]
    fn fetched_keys(
        &self,
        _: KeySetLocation,
        _: &[Algorithm],
        faults: &mut Faults,
    ) -> Option<KeySource> {
        faults.add(self.missing_feature("keys from a URL require the feature `jwks` of tower-jwt-auth; enable it in Cargo.toml, or pass the keys to .jwks_text(…)"));
        let needs_backend = cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto")));
        if needs_backend && self.origin.is_none() {
            faults.add(MISSING_BACKEND);
        }
        None
    }
}

fn given_keys(sources: Vec<PublicSource>, faults: &mut Faults) -> KeySet {
    let mut keys = Vec::new();
    let mut all_are_readable = true;
    for source in sources {
        let parsed = match source {
            PublicSource::Key(key) => Ok(vec![key]),
            PublicSource::Set(set) => Ok(set.keys().to_vec()),
            PublicSource::Pem(pem) => VerifyingKey::from_pem(pem).map(|key| vec![key]),
            PublicSource::Text(json) => KeySet::from_jwks(&json).map(|set| {
                crate::events::keys_skipped("the JWK Set passed to .jwks_text(…)", set.skipped());
                set.keys().to_vec()
            }),
            PublicSource::Shared(_) | PublicSource::Fetched(_) => Ok(Vec::new()),
        };
        match parsed {
            Ok(parsed) => keys.extend(parsed),
            Err(error) => {
                all_are_readable = false;
                faults.take(error);
            }
        }
    }
    let set = KeySet::new(keys);
    // An unreadable key has already been reported and explains the empty set.
    if set.keys().is_empty() && all_are_readable {
        let mut reason = set.skipped().join("; ");
        if reason.is_empty() {
            reason.push_str("the key sets are empty");
        }
        faults.add(format!(
            "no public key can be used: {reason}; add a usable key"
        ));
    }
    set
}

#[cfg(feature = "jwks")]
fn builtin_fetcher(
    _: &IssuerSettings,
    _: &mut Faults,
) -> Option<std::sync::Arc<dyn crate::jwks::JwksFetch>> {
    Some(std::sync::Arc::new(crate::jwks::HttpFetch::new()))
}

#[cfg(all(feature = "jwks-custom", not(feature = "jwks")))]
fn builtin_fetcher(
    issuer: &IssuerSettings,
    faults: &mut Faults,
) -> Option<std::sync::Arc<dyn crate::jwks::JwksFetch>> {
    faults.add(issuer.missing_feature("no client is available to fetch the keys; call .jwks_fetcher(…), or enable the feature `jwks` of tower-jwt-auth"));
    None
}
