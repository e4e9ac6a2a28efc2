//! The cache of recently verified tokens; used by the verifier.

use std::{
    fmt,
    hash::{Hash, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use quick_cache::{
    Equivalent, UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{error::TokenError, issuer::Issuer, issuers::IssuerList};
use crate::{
    key::Algorithm,
    key_source::{Generation, Snapshot},
    user::CurrentUser,
};

/// The maximum age of a cached token, in seconds. Changing the keys invalidates their tokens
/// immediately.
const MAX_AGE_SECS: u64 = 5 * 60;

/// In bytes. Longer tokens are not cached, which bounds the memory of the cache.
const MAX_TOKEN_BYTES: usize = 4096;

/// The length of the shortest signature: 32 bytes in base64url.
const HASHED_SUFFIX_LEN: usize = 43;

/// The tokens that were verified with the keys and rules of one layer.
pub(crate) struct TokenCache {
    verified: Cache<Token, Arc<Verified>, UnitWeighter, RandomState>,
    /// The number of tokens that were found but had to be verified again.
    outdated: AtomicU64,
}

/// A verified token.
struct Verified {
    user: CurrentUser,
    /// The ID of the token's issuer.
    issuer: usize,
    algorithm: Option<Algorithm>,
    generation: Generation,
    /// In seconds since the epoch.
    since: u64,
}

impl TokenCache {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            verified: Cache::with(
                capacity,
                capacity as u64,
                UnitWeighter,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            outdated: AtomicU64::new(0),
        }
    }

    /// Returns the user of a cached token that is still valid, or the error if a rule of the
    /// application rejects the user. Returns `None` if the token must be verified.
    pub(super) fn find(
        &self,
        token: &[u8],
        issuers: &IssuerList,
        required: Option<usize>,
        now: u64,
    ) -> Option<Result<CurrentUser, TokenError>> {
        let found = self.verified.get(&Borrowed(token))?;
        if required.is_some_and(|required| required != found.issuer) {
            return None;
        }
        let issuer = issuers.get(found.issuer)?;
        if !found.is_current(&issuer, now) {
            self.outdated.fetch_add(1, Ordering::Relaxed);
            self.verified.remove(&Borrowed(token));
            return None;
        }
        let user = found.user.clone();
        Some(issuer.check(&user).map(|()| user))
    }

    /// Caches a token that these keys have just verified.
    pub(super) fn insert(
        &self,
        token: &[u8],
        user: &CurrentUser,
        (issuer, algorithm): (usize, Option<Algorithm>),
        keys: &Snapshot<'_>,
        now: u64,
    ) {
        if token.len() > MAX_TOKEN_BYTES {
            return;
        }
        let verified = Verified {
            user: user.clone(),
            issuer,
            algorithm,
            generation: keys.generation(),
            since: now,
        };
        self.verified
            .insert(Token(token.into()), Arc::new(verified));
    }

    pub(crate) fn stats(&self) -> CacheStats {
        let outdated = self.outdated.load(Ordering::Relaxed);
        CacheStats {
            hits: self.verified.hits().saturating_sub(outdated),
            misses: self.verified.misses().saturating_add(outdated),
            tokens: self.verified.len(),
        }
    }
}

impl Verified {
    /// Returns whether the entry is recent, its keys are unchanged, and the token has not expired.
    /// No other rule can change during the layer's lifetime, and `nbf` is still satisfied, because
    /// a clock that was set back makes the entry outdated.
    fn is_current(&self, issuer: &Issuer, now: u64) -> bool {
        let age = now.checked_sub(self.since);
        let exp = self.user.exp();
        age.is_some_and(|age| age < MAX_AGE_SECS)
            && exp.is_some_and(|exp| !issuer.policy.has_expired(exp, now))
            && { issuer.keys.source_for(self.algorithm) }
                .current(now)
                .is_of(&self.generation)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.stats().fmt(f)
    }
}

/// Statistics of a layer's token cache: see
/// [`JwtAuthBuilder::cache_tokens`](crate::JwtAuthBuilder::cache_tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// The number of tokens that were accepted from the cache.
    pub hits: u64,
    /// The number of tokens that had to be verified, valid or not.
    pub misses: u64,
    /// The number of cached tokens, some of which may have expired.
    pub tokens: usize,
}

/// The whole token. Its hash uses only the last bytes, which belong to the signature: two verified
/// tokens share them only if the same key signed the same content.
#[derive(PartialEq, Eq)]
struct Token(Box<[u8]>);

struct Borrowed<'a>(&'a [u8]);

impl Hash for Token {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Borrowed(&self.0).hash(state);
    }
}

impl Hash for Borrowed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let start = self.0.len().saturating_sub(HASHED_SUFFIX_LEN);
        state.write(self.0.get(start..).unwrap_or_default());
    }
}

impl Equivalent<Token> for Borrowed<'_> {
    fn equivalent(&self, token: &Token) -> bool {
        *self.0 == *token.0
    }
}
