//! The settings of a key set from a URL; used by the builder and `task`.

use std::time::Duration;

use http::Uri;

use crate::{key::Algorithm, url_check};

/// A shorter `max-age` is raised to this, so that an issuer cannot cause constant fetches.
const MIN_MAX_AGE: Duration = Duration::from_secs(60);

/// The URL of a key set and the timing of its fetches.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) url: String,
    /// The algorithms for which keys without an `alg` are used, in addition to the default of their
    /// type.
    pub(crate) algorithms: Vec<Algorithm>,
    /// The maximum time for which a set is used before it is refreshed.
    pub(crate) ttl: Duration,
    /// The time for which an expired set may still be used while refreshing it fails.
    pub(crate) max_stale: Duration,
    /// The minimum interval between token-requested fetches.
    pub(crate) cooldown: Duration,
}

impl Settings {
    /// Returns how long a set with this `max-age` is used.
    pub(super) fn time_to_live(&self, max_age: Option<Duration>) -> Duration {
        max_age.map_or(self.ttl, |age| age.max(MIN_MAX_AGE).min(self.ttl))
    }
}

/// Checks that keys may be fetched from a URL. Returns the reason as an error otherwise.
pub(crate) fn check_url(url: &str, http_allowed: bool) -> Result<(), String> {
    url_check::check_url(url, http_allowed, "replace the keys")
}

/// Checks the URL of the keys in the metadata of an issuer. Fails with the reason.
pub(super) fn check_jwks_uri(url: &str, issuer: &str, http_allowed: bool) -> Result<(), String> {
    check_url(url, http_allowed)?;
    let is_https = |url: &str| {
        url.parse()
            .is_ok_and(|url: Uri| url.scheme_str() == Some("https"))
    };
    // `check_url` accepts http for this machine, which an issuer elsewhere must not choose.
    if is_https(issuer) && !is_https(url) && !http_allowed {
        return Err("is not https, unlike the issuer; call .allow_http() to accept it".into());
    }
    Ok(())
}

/// Checks that the metadata of an issuer may be fetched. Returns the reason as an error otherwise.
pub(crate) fn check_issuer(issuer: &str, http_allowed: bool) -> Result<(), String> {
    check_url(issuer, http_allowed)?;
    if issuer.contains(['?', '#']) {
        return Err(
            "has a query or a fragment, but an issuer's name never has either; remove it".into(),
        );
    }
    Ok(())
}
