//! The limits and checks of secrets; used by all sources of secrets.

/// The maximum number of secrets of a layer: each costs one HMAC for every invalid token.
pub(super) const MAX_SECRETS: usize = 8;

/// The checks that the builder relaxes.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SecretPolicy {
    pub(crate) allow_short: bool,
    pub(crate) allow_missing: bool,
    /// The length that the accepted algorithms need, in bytes.
    pub(crate) needed_len: usize,
}

impl SecretPolicy {
    pub(super) fn min_len(self) -> usize {
        if self.allow_short { 0 } else { self.needed_len }
    }
}
