//! Turns the configured public keys of an issuer into a key source; used by `build`.

use super::issuer_settings::{IssuerSettings, PublicSource};
use crate::{
    config_error::Faults,
    key::{Algorithm, KeySet, Keys, MISSING_BACKEND, VerifyingKey},
    key_source::KeySource,
};

impl IssuerSettings {
    pub(super) fn public_key_source(
        &mut self,
        algorithms: &[Algorithm],
        faults: &mut Faults,
    ) -> Option<KeySource> {
        let mut sources = std::mem::take(&mut self.public_keys);
        let stands_alone = |source: &PublicSource| {
            matches!(source, PublicSource::Shared(_) | PublicSource::Url(_))
        };
        if sources.len() > 1 && sources.iter().any(stands_alone) {
            faults.add("keys from a URL, or shared keys, are configured beside others; keep one of them, or give each an issuer of its own with .or(…)");
            for source in sources {
                match source {
                    PublicSource::Url(url) => drop(self.fetched_keys(url, algorithms, faults)),
                    PublicSource::Shared(_) => {}
                    given => drop(given_keys(vec![given], faults)),
                }
            }
            return None;
        }
        match sources.pop() {
            Some(PublicSource::Url(url)) => self.fetched_keys(url, algorithms, faults),
            Some(PublicSource::Shared(keys)) => Some(KeySource::Shared(keys)),
            Some(other) => {
                sources.push(other);
                let keys = given_keys(sources, faults).with_algorithms(algorithms);
                Some(KeySource::Fixed(Keys::Public(keys)))
            }
            None => None,
        }
    }

    #[cfg(feature = "jwks-custom")]
    fn fetched_keys(
        &self,
        url: String,
        algorithms: &[Algorithm],
        faults: &mut Faults,
    ) -> Option<KeySource> {
        use std::sync::Arc;

        use crate::{
            jwks::{JwksUrl, Settings, check_url},
            redact::{describe_url, redact_url},
        };

        if cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto"))) {
            faults.add(MISSING_BACKEND);
        }
        if self.fetching.ttl < std::time::Duration::from_secs(1) {
            faults.add("the time to live given with .jwks_ttl(…) is less than a second; leave it out for ten minutes");
        }
        if self.fetching.cooldown < std::time::Duration::from_secs(1) {
            faults.add("the interval given with .jwks_cooldown(…) is less than a second; leave it out for five seconds");
        }
        if let Err(wrong) = check_url(&url, self.fetching.http_allowed) {
            let url = describe_url("the URL of the keys", &url);
            faults.add(format!("{url} {wrong}"));
            return None;
        }
        let is_https = { url.get(..6) }.is_some_and(|start| start.eq_ignore_ascii_case("https:"));
        if !is_https && self.fetching.http_allowed {
            crate::events::fetching::allowed_over_http(&redact_url(&url).unwrap_or_default());
        }
        let fetcher = match &self.fetching.fetcher {
            Some(fetcher) => Arc::clone(fetcher),
            None => builtin_fetcher(faults)?,
        };
        let settings = Settings {
            url,
            algorithms: algorithms.to_vec(),
            ttl: self.fetching.ttl,
            max_stale: self.fetching.max_stale,
            cooldown: self.fetching.cooldown,
        };
        // A layer that is not built must not fetch keys.
        faults
            .is_empty()
            .then(|| KeySource::Url(JwksUrl::new(settings, fetcher)))
    }

    #[cfg(not(feature = "jwks-custom"))]
    fn fetched_keys(&self, _: String, _: &[Algorithm], faults: &mut Faults) -> Option<KeySource> {
        faults.add("keys from a URL need the feature `jwks` of tower-jwt-auth; switch it on in Cargo.toml, or give the keys with .jwks_text(…)");
        if cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto"))) {
            faults.add(MISSING_BACKEND);
        }
        None
    }
}

fn given_keys(sources: Vec<PublicSource>, faults: &mut Faults) -> KeySet {
    let mut keys = Vec::new();
    let mut all_were_read = true;
    for source in sources {
        let read = match source {
            PublicSource::Key(key) => Ok(vec![key]),
            PublicSource::Set(set) => Ok(set.keys().to_vec()),
            PublicSource::Pem(pem) => VerifyingKey::from_pem(pem).map(|key| vec![key]),
            PublicSource::Text(json) => KeySet::from_jwks(&json).map(|set| {
                crate::events::keys_skipped("the JWK Set given with .jwks_text(…)", set.skipped());
                set.keys().to_vec()
            }),
            PublicSource::Shared(_) | PublicSource::Url(_) => Ok(Vec::new()),
        };
        match read {
            Ok(read) => keys.extend(read),
            Err(error) => {
                all_were_read = false;
                faults.take(error);
            }
        }
    }
    let set = KeySet::new(keys);
    // A key that could not be read has been reported already and explains the empty set.
    if set.keys().is_empty() && all_were_read {
        let mut why = set.skipped().join("; ");
        if why.is_empty() {
            why.push_str("the sets that were given are empty");
        }
        faults.add(format!(
            "no public key is left to verify with: {why}; give one that can be used"
        ));
    }
    set
}

#[cfg(feature = "jwks")]
fn builtin_fetcher(_: &mut Faults) -> Option<std::sync::Arc<dyn crate::jwks::JwksFetch>> {
    Some(std::sync::Arc::new(crate::jwks::HttpClient::default()))
}

#[cfg(all(feature = "jwks-custom", not(feature = "jwks")))]
fn builtin_fetcher(faults: &mut Faults) -> Option<std::sync::Arc<dyn crate::jwks::JwksFetch>> {
    faults.add("nothing fetches the keys; give .jwks_fetcher(…), or switch on the feature `jwks` of tower-jwt-auth");
    None
}
