//! The settings that apply to the tokens of all issuers.

use std::fmt;

use crate::{auth::TokenSource, clock::Clock, rejection::RejectionFormat};

/// In bytes.
const DEFAULT_MAX_TOKEN_LEN: usize = 16 * 1024;

/// The method that configures the clock.
pub(super) const CLOCK: &str = ".clock(…)";

/// The settings of the whole layer, which apply to the tokens of every issuer.
#[derive(Clone)]
pub(super) struct LayerSettings {
    /// `None` for the default.
    pub(super) sources: Option<Vec<TokenSource>>,
    pub(super) format: RejectionFormat,
    pub(super) anonymous_may_pass: bool,
    pub(super) preflight_may_pass: bool,
    pub(super) keeps_user: bool,
    pub(super) max_token_len: usize,
    #[cfg(feature = "authenticator")]
    pub(super) authenticators: Vec<std::sync::Arc<dyn crate::authenticator::Authenticator>>,
    #[cfg(feature = "introspection")]
    pub(super) introspection: Vec<crate::introspection::Introspection>,
    #[cfg(feature = "sessions-custom")]
    pub(super) sessions: Vec<crate::sessions::BetterAuthSessions>,
    #[cfg(feature = "cache")]
    pub(super) cached_tokens: Option<usize>,
    pub(super) clock: Clock,
    /// The methods that changed these settings, such as `.realm(…)`.
    pub(super) configured_by: Vec<&'static str>,
}

impl Default for LayerSettings {
    fn default() -> Self {
        Self {
            sources: None,
            format: RejectionFormat::default(),
            anonymous_may_pass: false,
            preflight_may_pass: false,
            keeps_user: false,
            max_token_len: DEFAULT_MAX_TOKEN_LEN,
            #[cfg(feature = "authenticator")]
            authenticators: Vec::new(),
            #[cfg(feature = "introspection")]
            introspection: Vec::new(),
            #[cfg(feature = "sessions-custom")]
            sessions: Vec::new(),
            #[cfg(feature = "cache")]
            cached_tokens: None,
            clock: Clock::default(),
            configured_by: Vec::new(),
        }
    }
}

impl fmt::Debug for LayerSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerSettings")
            .field("sources", &self.sources)
            .field("format", &self.format)
            .field("clock", &self.clock)
            .finish_non_exhaustive()
    }
}
