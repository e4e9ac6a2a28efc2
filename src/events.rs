//! The events that do not belong to a single request, which need the feature `tracing`; used by the
//! builder, `key_source`, and `jwks`. `rejection::event_log` has the events about requests.
//!
//! No event contains any part of a secret, a claim, or a signature.

use crate::config_error::Fault;

#[cfg(feature = "tracing")]
pub(crate) const TARGET: &str = "tower_jwt_auth";

/// Logs a configuration error that occurs while the layer is in use.
pub(crate) fn fault(fault: &Fault, consequence: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, "{}; {consequence}", fault.message());
    #[cfg(not(feature = "tracing"))]
    let _ = (fault, consequence);
}

/// Logs that the content of a secret file is used, because it is new or valid again. `file` names the
/// file as in a [`fault`].
pub(crate) fn secrets_read(file: &str, secrets: usize) {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, secrets, "{file}: it was read again; its secrets are in use");
    #[cfg(not(feature = "tracing"))]
    let _ = (file, secrets);
}

/// Logs the unusable keys of a set. Keys for encryption are common, so they are logged only at
/// DEBUG.
pub(crate) fn keys_skipped(place: &str, skipped: &[String]) {
    #[cfg(feature = "tracing")]
    for problem in skipped {
        if problem.ends_with(crate::key::FOR_ENCRYPTION) {
            tracing::debug!(target: TARGET, "{place}: {problem}");
        } else {
            tracing::warn!(target: TARGET, "{place}: {problem}; the other keys are used");
        }
    }
    #[cfg(not(feature = "tracing"))]
    let _ = (place, skipped);
}

/// Logs that `from_env` uses the secret, because both variables are set. Better Auth itself needs
/// both, so this is no error.
pub(crate) fn url_ignored() {
    #[cfg(feature = "tracing")]
    tracing::info!(target: TARGET, "BETTER_AUTH_URL is ignored because BETTER_AUTH_SECRET is set; for the tokens of the jwt() plugin, unset the secret in this service");
}

/// The events about fetched keys.
#[cfg(feature = "jwks-custom")]
pub(crate) mod fetching {
    #[cfg(feature = "tracing")]
    use super::TARGET;

    pub(crate) fn allowed_over_http(url: &str) {
        #[cfg(feature = "tracing")]
        tracing::warn!(target: TARGET, url, "keys are fetched over plain http because .allow_http() is set");
        #[cfg(not(feature = "tracing"))]
        let _ = url;
    }

    /// Logs a successful fetch. After failures, which were logged at WARN, the level is INFO.
    pub(crate) fn succeeded(url: &str, keys: usize, had_failed: bool, is_first: bool) {
        #[cfg(feature = "tracing")]
        match (had_failed, is_first) {
            (true, true) => tracing::info!(target: TARGET, url, keys, "keys were fetched"),
            (true, false) => tracing::info!(target: TARGET, url, keys, "keys were fetched again"),
            (false, _) => tracing::debug!(target: TARGET, url, keys, "keys were fetched"),
        }
        #[cfg(not(feature = "tracing"))]
        let _ = (url, keys, had_failed, is_first);
    }

    /// Logs a failed fetch. Only the first of several failures in a row is logged at WARN.
    pub(crate) fn failed(url: &str, why: &str, failures_before: u32) {
        #[cfg(feature = "tracing")]
        if failures_before == 0 {
            tracing::warn!(target: TARGET, url, "keys cannot be fetched: {why}; cached keys, if any, stay in use");
        } else {
            tracing::debug!(target: TARGET, url, "keys cannot be fetched: {why}");
        }
        #[cfg(not(feature = "tracing"))]
        let _ = (url, why, failures_before);
    }

    pub(crate) fn stalled(url: &str, why: &str) {
        #[cfg(feature = "tracing")]
        tracing::error!(target: TARGET, url, "keys are not fetched: {why}");
        #[cfg(not(feature = "tracing"))]
        let _ = (url, why);
    }

    pub(crate) fn expired(url: &str) {
        #[cfg(feature = "tracing")]
        tracing::error!(
            target: TARGET,
            url,
            "the keys could not be refreshed for too long and are no longer used; check that the issuer is reachable"
        );
        #[cfg(not(feature = "tracing"))]
        let _ = url;
    }
}

/// The events about credentials that are looked up.
#[cfg(feature = "_lookups")]
pub(crate) mod lookups {
    #[cfg(feature = "tracing")]
    use super::TARGET;

    #[cfg(any(feature = "introspection", feature = "sessions"))]
    pub(crate) fn allowed_over_http(url: &str) {
        #[cfg(feature = "tracing")]
        tracing::warn!(target: TARGET, url, "credentials are looked up over plain http because .allow_http() is set");
        #[cfg(not(feature = "tracing"))]
        let _ = url;
    }

    /// Logs a lookup without an answer. Only the first of several in a row is logged at WARN.
    pub(crate) fn failed(service: &str, why: &str, is_first: bool) {
        #[cfg(feature = "tracing")]
        if is_first {
            tracing::warn!(target: TARGET, service, "credentials cannot be looked up: {why}");
        } else {
            tracing::debug!(target: TARGET, service, "a credential cannot be looked up: {why}");
        }
        #[cfg(not(feature = "tracing"))]
        let _ = (service, why, is_first);
    }

    /// Logs the first answer after failures that were logged.
    pub(crate) fn succeeded(service: &str) {
        #[cfg(feature = "tracing")]
        tracing::info!(target: TARGET, service, "credentials can be looked up again");
        #[cfg(not(feature = "tracing"))]
        let _ = service;
    }

    pub(crate) fn stalled(service: &str) {
        #[cfg(feature = "tracing")]
        tracing::error!(target: TARGET, service, "credentials cannot be looked up outside a tokio runtime; run the service in one");
        #[cfg(not(feature = "tracing"))]
        let _ = service;
    }
}
