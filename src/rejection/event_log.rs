//! [`EventLog`]: the events about requests, which need the feature `tracing`; used by all layers
//! and extractors. `crate::events` has the other events.
//!
//! No event contains any part of a secret, a claim, or a signature, except the user's ID and issuer if
//! `.log_user_ids()` is set. An event about a rejected token contains the escaped start of the algorithm's
//! name and of the key ID.

#[cfg(feature = "tracing")]
use super::details::RejectionDetails;
use super::{Rejection, details::Refusal};
use crate::user::CurrentUser;
#[cfg(feature = "tracing")]
use crate::{
    events::TARGET,
    token::{HeaderSummary, Hint, TokenError, has_hint},
};

/// The events of a layer, with a record of the problems that have already been logged.
#[derive(Debug, Default)]
pub(crate) struct EventLog {
    /// One bit for each [`Problem`] that has already been logged.
    #[cfg(feature = "tracing")]
    logged: std::sync::atomic::AtomicU64,
}

/// A problem that a layer logs only once.
#[cfg(feature = "tracing")]
#[derive(Clone, Copy)]
enum Problem {
    NotConfigured,
    NoUser,
    KeysUnavailable,
    OtherIssuer,
    NoParameter,
    NoPattern,
    AppliedTwice,
    MissingScheme,
    SessionsUnavailable,
    CrossSite,
    IntrospectionUnavailable,
    NoSignInClaim,
    Token(TokenError),
}

#[cfg(feature = "tracing")]
impl Problem {
    fn bit(self) -> u64 {
        let index = match self {
            Self::NotConfigured => 0,
            Self::NoUser => 1,
            Self::KeysUnavailable => 2,
            Self::OtherIssuer => 3,
            Self::NoParameter => 4,
            Self::NoPattern => 5,
            Self::AppliedTwice => 6,
            Self::MissingScheme => 7,
            Self::SessionsUnavailable => 8,
            Self::CrossSite => 9,
            Self::IntrospectionUnavailable => 10,
            Self::NoSignInClaim => 11,
            Self::Token(error) => 12 + error as u32,
        };
        1 << index
    }
}

impl EventLog {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            logged: std::sync::atomic::AtomicU64::new(0),
        }
    }
}

#[cfg(feature = "tracing")]
impl EventLog {
    /// Logs a rejection at DEBUG, with the application's own reason, and with the user's ID and
    /// issuer if the application allows it. A rejection caused by misconfiguration is also logged at
    /// WARN or ERROR, once per layer.
    pub(crate) fn log_refusal(&self, refusal: Refusal<'_>, user: Option<&CurrentUser>) {
        self.log(refusal, None, user);
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

    /// Like `log_refusal`, with a summary of the token's header.
    pub(crate) fn log_token_rejection(&self, rejection: Rejection, token: Option<HeaderSummary>) {
        self.log(rejection.into(), token, None);
    }

    fn log(&self, refusal: Refusal<'_>, token: Option<HeaderSummary>, user: Option<&CurrentUser>) {
        let rejection = refusal.rejection;
        let reason = rejection.reason();
        match rejection {
            Rejection::NotConfigured if self.is_first(Problem::NotConfigured) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            Rejection::NoUser if self.is_first(Problem::NoUser) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authorized: {rejection}");
            }
            Rejection::KeysUnavailable if self.is_first(Problem::KeysUnavailable) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            Rejection::SessionsUnavailable if self.is_first(Problem::SessionsUnavailable) => {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            Rejection::IntrospectionUnavailable
                if self.is_first(Problem::IntrospectionUnavailable) =>
            {
                tracing::error!(target: TARGET, reason, "requests cannot be authenticated: {rejection}");
            }
            // Any other site can cause it, so the level is INFO.
            Rejection::CrossSite if self.is_first(Problem::CrossSite) => {
                tracing::info!(target: TARGET, reason, "a request was rejected: {rejection}");
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
        let own_reason = refusal.details.and_then(RejectionDetails::reason);
        let user_id = user.map(CurrentUser::user_id);
        let issuer = user.and_then(CurrentUser::issuer);
        tracing::debug!(target: TARGET, reason, own_reason, algorithm, key_id, user_id, issuer, "request rejected: {rejection}{separator}{hint}");
    }

    /// Logs, once for each reason, the fix for a rejected token. If the signature is valid, the
    /// configuration is nearly always wrong, so the level is WARN. Any other token may come from
    /// any client, so the level is INFO.
    pub(crate) fn token_hint(&self, error: TokenError, hint: impl FnOnce() -> Option<Hint>) {
        let problem = Problem::Token(error);
        let is_enabled = tracing::enabled!(target: TARGET, tracing::Level::WARN);
        if !has_hint(error) || !is_enabled || self.was_logged(problem) {
            return;
        }
        let Some(Hint { text, is_verified }) = hint() else {
            return;
        };
        if !self.is_first(problem) {
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
        if rejection == Rejection::OtherIssuer && is_enabled && self.is_first(Problem::OtherIssuer)
        {
            let reason = rejection.reason();
            tracing::warn!(target: TARGET, reason, "users are rejected: {rejection}; {}", advice());
        }
    }

    /// Logs once that a credential lacks a claim about the sign-in, which a new sign-in rarely adds.
    /// The advice names the claim, or is `None` if the credential has it.
    pub(crate) fn no_sign_in_claim(
        &self,
        rejection: Rejection,
        advice: impl FnOnce() -> Option<String>,
    ) {
        let problem = Problem::NoSignInClaim;
        let is_enabled = tracing::enabled!(target: TARGET, tracing::Level::WARN);
        if rejection != Rejection::InsufficientAuthentication
            || !is_enabled
            || self.was_logged(problem)
        {
            return;
        }
        if let Some(advice) = advice()
            && self.is_first(problem)
        {
            let reason = rejection.reason();
            tracing::warn!(target: TARGET, reason, "users are rejected and cannot fix it by signing in again: {advice}");
        }
    }

    /// Logs once that a `PathOwnerLayer` finds no owner in the paths that reach it. The advice
    /// names the patterns or the parameter of the layer.
    pub(crate) fn no_owner_in_path(&self, rejection: Rejection, advice: impl FnOnce() -> String) {
        let problem = match rejection {
            Rejection::NoParameter => Problem::NoParameter,
            Rejection::NoPattern => Problem::NoPattern,
            _ => return,
        };
        if tracing::enabled!(target: TARGET, tracing::Level::ERROR) && self.is_first(problem) {
            let reason = rejection.reason();
            tracing::error!(target: TARGET, reason, "requests cannot be authorized: {rejection}; {}", advice());
        }
    }

    /// Logs once that clients send a token without the scheme. Returns the hint for the event of
    /// each such request.
    pub(crate) fn missing_scheme(&self) -> &'static str {
        const HINT: &str = "the Authorization header looks like a token without the Bearer scheme; send `Bearer <token>`";
        if self.is_first(Problem::MissingScheme) {
            tracing::info!(target: TARGET, "a request is treated as having no token: {HINT}");
        }
        HINT
    }

    /// Logs once that this layer verified a request twice, which is harmless but doubles the work.
    pub(crate) fn applied_twice(&self) {
        if self.is_first(Problem::AppliedTwice) {
            tracing::warn!(
                target: TARGET,
                "a JwtAuthLayer verifies the same requests twice; apply it once, around all routes that need it"
            );
        }
    }

    fn was_logged(&self, problem: Problem) -> bool {
        self.logged.load(std::sync::atomic::Ordering::Relaxed) & problem.bit() != 0
    }

    fn is_first(&self, problem: Problem) -> bool {
        let bit = problem.bit();
        self.logged
            .fetch_or(bit, std::sync::atomic::Ordering::Relaxed)
            & bit
            == 0
    }
}

#[cfg(not(feature = "tracing"))]
impl EventLog {
    pub(crate) fn log_refusal(&self, _: Refusal<'_>, _: Option<&CurrentUser>) {}

    pub(crate) fn no_owner_in_path(&self, _: Rejection, _: impl FnOnce() -> String) {}

    pub(crate) fn other_issuer(&self, _: Rejection, _: impl FnOnce() -> String) {}

    pub(crate) fn no_sign_in_claim(&self, _: Rejection, _: impl FnOnce() -> Option<String>) {}

    pub(crate) fn applied_twice(&self) {}
}
