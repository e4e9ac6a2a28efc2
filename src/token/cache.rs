//! Tokens that verified a little while ago.

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

use super::{Issuer, TokenError};
use crate::{
    key::Algorithm,
    key_source::{Generation, Snapshot},
    user::CurrentUser,
};

/// In seconds. A key that is gone takes its tokens with it at once; this bounds the rest.
const MAX_AGE_SECS: u64 = 5 * 60;

/// In bytes. Longer tokens are verified each time.
const MAX_TOKEN_BYTES: usize = 4096;

/// In bytes: the base64url of 32, which is the shortest signature.
const HASHED_SUFFIX_LEN: usize = 43;

/// The tokens that verified with the keys and rules of one layer.
pub(crate) struct TokenCache {
    verified: Cache<Token, Arc<Verified>, UnitWeighter, RandomState>,
    /// How many were found and had to be verified again.
    outdated: AtomicU64,
}

/// A token that verified.
struct Verified {
    user: CurrentUser,
    /// Which of the layer's issuers it is of.
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

    /// The user of a token that verified a little while ago and would verify now, unless a rule of
    /// the application's own refuses it. `None` for one that is to be verified.
    pub(super) fn find(
        &self,
        token: &[u8],
        issuers: &[Issuer],
        now: u64,
    ) -> Option<Result<CurrentUser, TokenError>> {
        let found = self.verified.get(&Borrowed(token))?;
        let issuer = issuers.get(found.issuer)?;
        if !found.holds(issuer, now) {
            self.outdated.fetch_add(1, Ordering::Relaxed);
            self.verified.remove(&Borrowed(token));
            return None;
        }
        let user = found.user.clone();
        Some(issuer.check(&user).map(|()| user))
    }

    /// Keeps a token that verified now, with these keys.
    pub(super) fn keep(
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
    /// Whether it was not long ago, the keys are the same, and it has not expired. What else it was
    /// judged by is the same for the layer's whole life; and as the time has only gone on, `nbf`
    /// holds as it did.
    fn holds(&self, issuer: &Issuer, now: u64) -> bool {
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

/// How a layer's token cache does: see
/// [`JwtAuthBuilder::cache_tokens`](crate::JwtAuthBuilder::cache_tokens).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// How many tokens were answered from the cache.
    pub hits: u64,
    /// How many were looked for and had to be verified, whether they were valid or not.
    pub misses: u64,
    /// How many are kept now, some of which may have expired.
    pub tokens: usize,
}

/// The whole token. Its hash is that of its last bytes, which are of the signature: no two tokens
/// that verified have the same one, unless the same key signed the same text.
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
