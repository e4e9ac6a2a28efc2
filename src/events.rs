//! The events for the operator, which need the feature `tracing`; used by all layers, the builder,
//! and `jwks`. No event contains any part of a secret, a claim, or a signature. An event about a
//! rejected token contains the start of the algorithm's name and of the key ID, escaped.

#[cfg(feature = "tracing")]
use crate::token::{HeaderSummary, Hint, TokenError};
use crate::{config_error::Fault, rejection::Rejection};

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";

/// The events of a layer, with a memory of the problems that were already logged.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    /// One bit for each problem that was already logged.
    #[cfg(feature = "tracing")]
    logged: std::sync::atomic::AtomicU32,
}

impl EventLog {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            logged: std::sync::atomic::AtomicU32::new(0),
        }
    }
}

#[cfg(feature = "tracing")]
impl EventLog {
    /// Logs a rejection at DEBUG. A rejection caused by misconfiguration is also logged at WARN or
    /// ERROR, once per layer.
    pub(crate) fn log_rejection(&self, rejection: Rejection) {
        self.log_token_rejection(rejection, None);
    }

    /// Returns whether there is no subscriber at all. This check is cheaper than a check of the
    /// level.
    #[inline]
    pub(crate) fn is_off() -> bool {
        tracing::level_filters::LevelFilter::current() == tracing::level_filters::LevelFilter::OFF
    }

    /// Returns whether DEBUG is enabled. Only then is the header of a rejected token parsed.
    pub(crate) fn wants_debug() -> bool {
        tracing::enabled!(target: TARGET, tracing::Level::DEBUG)
    }

    /// Like `log_rejection`, with a summary of the token's header.
    pub(crate) fn log_token_rejection(&self, rejection: Rejection, token: Option<HeaderSummary>) {
        let reason = rejection.reason();
        match rejection {
            Rejection::NotConfigured if self.is_first(1) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            Rejection::NoUser if self.is_first(2) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authorized: {rejection}");
            }
            Rejection::KeysUnavailable if self.is_first(8) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            _ => {}
        }
        let HeaderSummary {
            algorithm,
            key_id,
            hint,
        } = token.unwrap_or_default();
        let algorithm = algorithm.map(tracing::field::display);
        let (separator, hint) = hint.map_or(("", ""), |hint| ("; ", hint));
        tracing::debug!(target: TARGET, reason, algorithm, key_id, "request rejected: {rejection}{separator}{hint}");
    }

    /// Logs, once for each reason, the fix for a rejected token. If the signature is valid, the
    /// configuration is nearly always wrong, so the level is WARN. Any other token may come from
    /// any client, so the level is INFO.
    pub(crate) fn token_hint(&self, error: TokenError, hint: impl FnOnce() -> Option<Hint>) {
        let reason_bit = match error {
            TokenError::Issuer => 1 << 16,
            TokenError::Audience => 1 << 17,
            TokenError::AudienceNotConfigured => 1 << 18,
            TokenError::User => 1 << 19,
            TokenError::Subject => 1 << 20,
            TokenError::UnknownKey => 1 << 21,
            TokenError::Signature => 1 << 22,
            TokenError::Algorithm => 1 << 23,
            TokenError::Claims => 1 << 24,
            TokenError::Expired => 1 << 25,
            TokenError::NotYetValid => 1 << 26,
            TokenError::OpaqueSessionToken => 1 << 27,
            TokenError::Malformed => 1 << 28,
            _ => return,
        };
        let is_enabled = tracing::enabled!(target: TARGET, tracing::Level::WARN);
        if !is_enabled || self.was_logged(reason_bit) {
            return;
        }
        let Some(Hint { text, is_verified }) = hint() else {
            return;
        };
        if !self.is_first(reason_bit) {
            return;
        }
        let reason = error.reason();
        if is_verified {
            tracing::warn!(target: TARGET, reason, "the issuer's tokens are rejected: {text}");
        } else {
            tracing::info!(target: TARGET, reason, "a token was rejected: {error}; {text}");
        }
    }

    /// Logs once that a layer rejects the users of another issuer. The advice names the issuers.
    pub(crate) fn other_issuer(&self, rejection: Rejection, advice: impl FnOnce() -> String) {
        let is_enabled = tracing::enabled!(target: TARGET, tracing::Level::WARN);
        if rejection == Rejection::OtherIssuer && is_enabled && self.is_first(32) {
            let reason = rejection.reason();
            tracing::warn!(target: TARGET, reason, "users are rejected: {rejection}; {}", advice());
        }
    }

    /// Logs once that a `PathOwnerLayer` finds no owner in the paths that reach it. The advice
    /// names the patterns or the parameter of the layer.
    pub(crate) fn no_owner_in_path(&self, rejection: Rejection, advice: impl FnOnce() -> String) {
        let fault = match rejection {
            Rejection::NoParameter => 64,
            Rejection::NoPattern => 128,
            _ => return,
        };
        if tracing::enabled!(target: TARGET, tracing::Level::ERROR) && self.is_first(fault) {
            let reason = rejection.reason();
            tracing::error!(target: TARGET, reason, "requests cannot be authorized: {rejection}; {}", advice());
        }
    }

    /// Logs once that clients send a token without the scheme. Returns the hint for the event of
    /// each such request.
    pub(crate) fn missing_scheme(&self) -> &'static str {
        const HINT: &str = "the Authorization header looks like a token without the Bearer scheme; send `Bearer <token>`";
        if self.is_first(1 << 12) {
            tracing::info!(target: TARGET, "a request is treated as having no token: {HINT}");
        }
        HINT
    }

    /// Logs once that this layer verified a request twice, which is harmless but doubles the work.
    pub(crate) fn applied_twice(&self) {
        if self.is_first(16) {
            tracing::warn!(
                target: TARGET,
                "a JwtAuthLayer verifies the same requests twice; apply it once, around all routes that need it"
            );
        }
    }

    fn was_logged(&self, fault: u32) -> bool {
        self.logged.load(std::sync::atomic::Ordering::Relaxed) & fault != 0
    }

    fn is_first(&self, fault: u32) -> bool {
        self.logged
            .fetch_or(fault, std::sync::atomic::Ordering::Relaxed)
            & fault
            == 0
    }
}

#[cfg(not(feature = "tracing"))]
impl EventLog {
    pub(crate) fn log_rejection(&self, _: Rejection) {}

    pub(crate) fn no_owner_in_path(&self, _: Rejection, _: impl FnOnce() -> String) {}

    pub(crate) fn other_issuer(&self, _: Rejection, _: impl FnOnce() -> String) {}

    pub(crate) fn applied_twice(&self) {}
}

/// Logs a configuration error that occurs while the layer is in use.
pub(crate) fn fault(fault: &Fault, consequence: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, "{}; {consequence}", fault.message());
    #[cfg(not(feature = "tracing"))]
    let _ = (fault, consequence);
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
            tracing::warn!(target: TARGET, url, "keys cannot be fetched; cached keys, if any, stay in use: {why}");
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
            "keys could not be fetched for too long and are no longer used; is the issuer reachable?"
        );
        #[cfg(not(feature = "tracing"))]
        let _ = url;
    }
}
