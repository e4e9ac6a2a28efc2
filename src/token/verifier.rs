//! [`TokenVerifier`]: chooses the issuer of a token and verifies it; used by the layer and by
//! applications.

use std::{fmt, sync::Arc};

use super::{
    claims::Claims,
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    error::TokenError,
    explain::Explanation,
    header::Header,
    issuer::{Issuer, VerifyError},
    issuer_names::IssuerNames,
    issuers::{IssuerList, ListedIssuer},
};
use crate::{clock::Clock, json::ClaimValue, key::Keys, key_source::Waiter, user::CurrentUser};

/// A verifier that applies the rules of a [`JwtAuthLayer`](crate::JwtAuthLayer) without HTTP: for
/// WebSocket messages, queues, and tests.
///
/// [`JwtAuthLayer::verifier`](crate::JwtAuthLayer::verifier) returns a verifier that shares the
/// layer's keys. It logs nothing; log the returned error instead.
///
/// Cloning it copies one pointer.
///
/// ```
/// use tower_jwt_auth::{JwtAuthLayer, TokenError};
///
/// let layer = JwtAuthLayer::builder()
///     .secret("correct horse battery staple, and more")
///     .build()?;
/// assert_eq!(layer.verifier().verify("a.b").unwrap_err(), TokenError::Malformed);
/// # Ok::<(), tower_jwt_auth::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TokenVerifier(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) issuers: IssuerList,
    pub(super) clock: Clock,
    max_token_len: usize,
    #[cfg(feature = "cache")]
    cache: Option<super::cache::TokenCache>,
}

impl TokenVerifier {
    pub(crate) fn new(
        issuers: Vec<Issuer>,
        clock: Clock,
        max_token_len: usize,
        #[cfg(feature = "cache")] cache: Option<super::cache::TokenCache>,
    ) -> Self {
        Self(Arc::new(Inner {
            issuers: IssuerList::new(issuers),
            clock,
            max_token_len,
            #[cfg(feature = "cache")]
            cache,
        }))
    }

    #[cfg(feature = "cache")]
    pub(crate) fn cache_stats(&self) -> Option<super::cache::CacheStats> {
        self.0.cache.as_ref().map(super::cache::TokenCache::stats)
    }

    /// Verifies a token with the cached keys and returns its user.
    ///
    /// This takes a few hundred nanoseconds with HS256 and a few dozen microseconds with a public
    /// key. It does not block, except that with secrets from a file, a call reads that file every
    /// few seconds. To wait for keys that have not been fetched yet, call
    /// [`verify_waiting`](Self::verify_waiting).
    ///
    /// # Errors
    ///
    /// [`TokenError`] if the token is rejected, or if there is no key to verify it. The form of the
    /// token and its header are checked first, then the signature, and finally the claims. With
    /// several issuers, the issuer that the token names is looked up before the signature check.
    pub fn verify(&self, token: &str) -> Result<CurrentUser, TokenError> {
        // A token with an unknown key has requested a fetch, even outside a runtime, so a later
        // token can succeed.
        Ok(self.verify_or_wait(token.as_bytes(), None, None)?)
    }

    /// Verifies a token like [`verify`](Self::verify), but waits for its key if a fetch may return
    /// it: after a key rotation, or before the first fetch has finished.
    ///
    /// It waits until a fetch returns the key. It gives up when the first fetch that starts after
    /// the call has finished, and after ten seconds in any case. At most 1,024 calls and requests
    /// wait for one key set at a time; if the waiting room is full, the token is rejected
    /// immediately.
    ///
    /// # Errors
    ///
    /// The same as for [`verify`](Self::verify).
    pub async fn verify_waiting(&self, token: &str) -> Result<CurrentUser, TokenError> {
        let mut waiter = None;
        loop {
            match self.verify_or_wait(token.as_bytes(), None, waiter) {
                Err(VerifyError::Pending(pending)) => waiter = Some(pending.await?),
                Err(VerifyError::Rejected(error)) => return Err(error),
                Ok(user) => return Ok(user),
            }
        }
    }

    /// Lists every check of a token, in the order of verification: passed, failed, or not reached,
    /// with the configured value and, for each failed one, the kind of difference and the fix.
    ///
    /// This is for developers, for example in a command-line tool or a test; do not send the result
    /// to clients. The result agrees with [`verify`](Self::verify), which this method calls: it uses
    /// the cached keys, a token with an unknown key requests a fetch, and the functions set with
    /// [`check`](crate::JwtAuthBuilder::check) run. It takes some microseconds more than `verify`.
    ///
    /// ```
    /// use tower_jwt_auth::{JwtAuthLayer, TokenCheck, TokenError};
    ///
    /// let layer = JwtAuthLayer::builder()
    ///     .secret("correct horse battery staple, and more")
    ///     .issuer("https://app.example.com")
    ///     .build()?;
    /// let explanation = layer.verifier().explain("a.b");
    /// println!("{explanation}");
    /// assert_eq!(explanation.error(), Some(TokenError::Malformed));
    /// assert_eq!(explanation.failed().map(|failed| failed.check()), Some(TokenCheck::Form));
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn explain(&self, token: &str) -> Explanation {
        let error = self.verify(token).err();
        let inner = &*self.0;
        let now = inner.clock.now();
        let token = token.as_bytes();
        let issuers = inner.issuers.all();
        let issuers: Vec<&Issuer> = issuers.iter().map(|issuer| &**issuer).collect();
        Explanation::new(&issuers, inner.max_token_len, token, error, now)
    }

    /// Suggests a configuration change for a token that was rejected with this error.
    #[cfg(feature = "tracing")]
    pub(crate) fn hint(&self, token: &[u8], error: TokenError) -> Option<super::hint::Hint> {
        let is_short = token.len() <= self.0.max_token_len;
        let now = self.0.clock.now();
        let issuers = self.0.issuers.all();
        let issuers: Vec<&Issuer> = issuers.iter().map(|issuer| &**issuer).collect();
        is_short.then(|| super::hint::suggest(&issuers, token, error, now))?
    }

    /// Describes a rejected token for the log. The description is empty for a token over the length
    /// limit.
    #[cfg(feature = "tracing")]
    pub(crate) fn describe(
        &self,
        token: &[u8],
        error: TokenError,
    ) -> super::describe::HeaderSummary {
        let is_short = token.len() <= self.0.max_token_len;
        is_short
            .then(|| super::describe::HeaderSummary::from_token(token, error))
            .flatten()
            .unwrap_or_default()
    }

    pub(crate) fn issuers(&self) -> Vec<ListedIssuer<'_>> {
        self.0.issuers.all()
    }

    /// Returns the names and templates of all issuers.
    pub(crate) fn issuer_names(&self) -> Vec<String> {
        let issuers = self.issuers();
        let names = issuers
            .iter()
            .flat_map(|issuer| issuer.policy.issuers.texts());
        names.map(str::to_owned).collect()
    }

    /// Adds the issuers that `make` builds from the names of the others and from the clock.
    pub(crate) fn add_issuers<E>(
        &self,
        make: impl FnOnce(&[&IssuerNames], &Clock) -> Result<Vec<Issuer>, E>,
    ) -> Result<(), E> {
        let clock = &self.0.clock;
        self.0.issuers.add(|names| make(names, clock))
    }

    pub(crate) fn remove_issuer(&self, name: &str) -> bool {
        self.0.issuers.remove(name)
    }

    /// Returns whether each issuer whose tokens are accepted has keys.
    pub(crate) fn has_all_keys(&self) -> bool {
        let now = self.0.clock.now();
        let issuers = self.issuers();
        { issuers.iter() }
            .all(|issuer| issuer.algorithms.is_empty() || issuer.keys.are_available(now))
    }

    /// Returns the user of an introspected token, by the rules of the first issuer. The application's
    /// rules are applied by `check_user`.
    #[cfg(feature = "introspection")]
    pub(crate) fn introspected(&self, json: &str) -> Result<CurrentUser, TokenError> {
        let first = self.0.issuers.first().ok_or(TokenError::NotConfigured)?;
        first.introspected(json, self.0.clock.now())
    }

    /// Applies the rules of the first issuer to a user without a token, or to one of `introspected`.
    #[cfg(feature = "authenticator")]
    pub(crate) fn check_user(
        &self,
        user: CurrentUser,
        is_introspected: bool,
    ) -> Result<CurrentUser, TokenError> {
        let first = self.0.issuers.first();
        let first = first.ok_or(TokenError::NotConfigured)?;
        first.accept_user(user, is_introspected)
    }

    /// Verifies a token with the cached keys, or returns a future that waits for other keys.
    /// `required` is the issuer to which the token's source belongs, if any. `waiter` is the
    /// token's place in the waiting room, if it has waited before.
    pub(crate) fn verify_or_wait(
        &self,
        token: &[u8],
        required: Option<usize>,
        waiter: Option<Box<Waiter>>,
    ) -> Result<CurrentUser, VerifyError> {
        let inner = &*self.0;
        let now = inner.clock.now();
        #[cfg(feature = "cache")]
        if let Some(cache) = &inner.cache
            && let Some(found) = cache.find(token, &inner.issuers, required, now)
        {
            return Ok(found?);
        }
        let only = inner.issuers.only();
        let only_source = only.and_then(|issuer| issuer.keys.only_source());
        let keys = only_source.map(|source| source.current(now));
        if let Some(keys) = &keys {
            // Without a secret, no token can be verified, so the missing secret is reported even
            // for a malformed token.
            check_configured(keys)?;
        }
        if token.len() > inner.max_token_len {
            return Err(TokenError::TooLong.into());
        }
        let compact = Compact::split(token)?;
        let (mut buffer, decoded);
        let header = match Header::well_known(compact.header) {
            Some(header) => header,
            None => {
                buffer = [0; INLINE_HEADER_LEN];
                decoded = compact.decode_header(&mut buffer)?;
                Header::parse(&decoded).map_err(|error| compact.header_error(error))?
            }
        };
        let issuer = match only {
            Some(only) => ListedIssuer::Built(0, only),
            None => inner.issuer_of(&compact, required)?,
        };
        let source = issuer.keys.source_for(header.alg);
        let keys = match keys {
            Some(keys) => keys,
            None => {
                let keys = source.current(now);
                check_configured(&keys)?;
                keys
            }
        };
        let user = issuer.verify(&compact, &header, (source, &keys), now, waiter)?;
        #[cfg(feature = "cache")]
        if let Some(cache) = &inner.cache {
            cache.insert(token, &user, (issuer.id(), header.alg), &keys, now);
        }
        Ok(user)
    }
}

impl Inner {
    /// Returns the issuer whose keys and rules apply to a token. With several issuers, the
    /// unverified `iss` selects it. A token is verified only with the keys of that issuer, so a
    /// forged `iss` gains nothing.
    fn issuer_of(
        &self,
        compact: &Compact<'_>,
        required: Option<usize>,
    ) -> Result<ListedIssuer<'_>, TokenError> {
        let mut buffer = [0; INLINE_CLAIMS_LEN];
        let json = compact.decode_payload(&mut buffer)?;
        let claims = Claims::parse(&json)?;
        let ClaimValue::Text(iss) = &claims.iss else {
            return Err(TokenError::Issuer);
        };
        let issuer = self.issuers.named(iss).ok_or(TokenError::Issuer)?;
        let is_required = required.is_none_or(|required| required == issuer.id());
        is_required.then_some(issuer).ok_or(TokenError::Issuer)
    }
}

fn check_configured(keys: &Keys) -> Result<(), TokenError> {
    match keys {
        Keys::Secrets(secrets) if secrets.is_empty() => Err(TokenError::NotConfigured),
        _ => Ok(()),
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("issuers", &self.issuers)
            .field("clock", &self.clock)
            .field("max_token_len", &self.max_token_len)
            .finish_non_exhaustive()
    }
}
