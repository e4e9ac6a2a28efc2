//! What the operator is told, as `tracing` events where that feature is on. No event holds any
//! part of a token, a secret or a claim.

use crate::{Rejection, config_error::Fault};

#[cfg(feature = "tracing")]
const TARGET: &str = "tower_jwt_auth";

/// What a layer tells of the requests that it refuses.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    /// A bit for each fault that was told of.
    #[cfg(feature = "tracing")]
    said: std::sync::atomic::AtomicU8,
}

#[cfg(feature = "tracing")]
impl Reports {
    /// Every refusal is told at DEBUG. One that shows a fault of the operator's, and not the
    /// client's, is told once more at WARN or ERROR, the first time.
    pub(crate) fn refused(&self, rejection: Rejection) {
        use crate::TokenError;

        let reason = rejection.reason();
        match rejection {
            Rejection::NotConfigured if self.is_first(1) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            Rejection::NoUser if self.is_first(2) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authorized: {rejection}");
            }
            Rejection::InvalidToken(TokenError::AudienceNotConfigured) if self.is_first(4) => {
                tracing::warn!(target: TARGET, reason, "a token was refused: {rejection}");
            }
            _ => {}
        }
        tracing::debug!(target: TARGET, reason, "request refused: {rejection}");
    }

    fn is_first(&self, fault: u8) -> bool {
        self.said
            .fetch_or(fault, std::sync::atomic::Ordering::Relaxed)
            & fault
            == 0
    }
}

#[cfg(not(feature = "tracing"))]
impl Reports {
    pub(crate) fn refused(&self, _: Rejection) {}
}

/// A fault of the configuration that showed while the layer was at work.
pub(crate) fn fault(fault: &Fault, consequence: &'static str) {
    #[cfg(feature = "tracing")]
    tracing::error!(target: TARGET, "{}; {consequence}", fault.message());
    #[cfg(not(feature = "tracing"))]
    let _ = (fault, consequence);
}
