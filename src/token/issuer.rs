//! Verifies tokens of one issuer, with its keys and policy; used by the verifier.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::{
    compact::{Compact, INLINE_CLAIMS_LEN},
    error::TokenError,
    header::Header,
    policy::Policy,
};
use crate::{
    key::{Algorithm, Keys, SignatureCheck},
    key_source::{IssuerKeys, KeySource, KeyWait, NoOtherKeys, Waiter},
    user::{CurrentUser, IssuerRef, UserIds, VerifiedBy},
};

/// In bytes. HMAC-SHA256 signatures are 32 bytes long; those of ES256 and EdDSA are 64 bytes long.
/// The length is a multiple of three, because base64url decodes to groups of three bytes.
const INLINE_SIGNATURE_LEN: usize = 66;

/// A rule of the application that accepts or rejects a user.
pub(crate) type Check = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// A trusted issuer: its keys and the policy for its tokens.
pub(crate) struct Issuer {
    pub(crate) keys: IssuerKeys,
    /// Tokens with other algorithms are rejected, even if a key supports them.
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) policy: Policy,
    pub(crate) checks: Vec<Check>,
    /// Whom its user IDs name.
    pub(crate) user_ids: UserIds,
    /// The leeway of the policy, for `CurrentUser::expired`.
    #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
    pub(crate) leeway_millis: u32,
}

/// The reason why a token is not accepted, at least not yet.
pub(crate) enum VerifyError {
    Rejected(TokenError),
    Pending(Pending),
}

/// A token that the cached keys do not verify but that keys from another fetch may verify. The
/// future returns either the place in the waiting room, for verifying the token again, or the
/// error.
pub(crate) struct Pending {
    wait: KeyWait,
    /// The error if a fetch succeeds without returning the key.
    error: TokenError,
    /// The error for callers that cannot wait.
    without_wait: TokenError,
}

impl Future for Pending {
    type Output = Result<Box<Waiter>, TokenError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let error = self.error;
        let waited = Pin::new(&mut self.wait).poll(cx);
        waited.map(|result| {
            result
                .map_err(|NoOtherKeys { fetch_has_failed }| unavailable_if(fetch_has_failed, error))
        })
    }
}

/// While fetches fail, an unknown key may be a new key of the issuer.
fn unavailable_if(fetch_has_failed: bool, error: TokenError) -> TokenError {
    match error {
        TokenError::UnknownKey if fetch_has_failed => TokenError::KeysUnavailable,
        error => error,
    }
}

impl From<TokenError> for VerifyError {
    fn from(error: TokenError) -> Self {
        Self::Rejected(error)
    }
}

impl From<VerifyError> for TokenError {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Rejected(error) => error,
            VerifyError::Pending(pending) => pending.without_wait,
        }
    }
}

impl Issuer {
    pub(super) fn is_named(&self, iss: &str) -> bool {
        self.policy.issuers.include(iss)
    }

    /// Verifies a token with `keys`, which come from `source`. `waiter` is the token's place in the
    /// waiting room, if it has waited before.
    #[inline]
    pub(super) fn verify(
        &self,
        compact: &Compact<'_>,
        header: &Header<'_>,
        (source, keys): (&KeySource, &Keys),
        now: u64,
        waiter: Option<Box<Waiter>>,
    ) -> Result<CurrentUser, VerifyError> {
        let algorithm = header
            .alg
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(TokenError::Algorithm)?;
        self.policy.check_header(header)?;
        match verify_signature(compact, header, algorithm, keys) {
            SignatureCheck::Verified { key_issuer } => {
                Ok(self.user(compact, algorithm, key_issuer, now)?)
            }
            failed => {
                let keys = (source, keys);
                Err(self.wait_or_reject(compact, algorithm, keys, now, waiter, failed))
            }
        }
    }

    /// Returns a future that waits for other keys if a fetch may return them: the issuer may have a
    /// new key, even under an old `kid`. Otherwise, returns the error.
    ///
    /// The claims are unverified at this point, but a token with unacceptable claims does not
    /// trigger a fetch, because no key could make it valid.
    #[cold]
    fn wait_or_reject(
        &self,
        compact: &Compact<'_>,
        algorithm: Algorithm,
        (source, keys): (&KeySource, &Keys),
        now: u64,
        waiter: Option<Box<Waiter>>,
        failed: SignatureCheck<'_>,
    ) -> VerifyError {
        // A malformed token is reported as malformed, regardless of which check failed first.
        if !compact.is_well_formed() {
            return compact.form_error().into();
        }
        let is_fetched = source.is_fetched();
        let error = match failed {
            _ if keys.is_empty() => TokenError::KeysUnavailable,
            SignatureCheck::Verified { .. } | SignatureCheck::InvalidSignature => {
                TokenError::Signature
            }
            // The issuer may have published keys for other algorithms since the last fetch.
            SignatureCheck::OtherAlgorithm if !is_fetched => TokenError::Algorithm,
            SignatureCheck::OtherAlgorithm | SignatureCheck::UnknownKey => TokenError::UnknownKey,
        };
        if !is_fetched || !self.has_plausible_claims(compact, algorithm, now) {
            return error.into();
        }
        let wait = source.wait(waiter, keys);
        let without_wait = unavailable_if(source.fetch_has_failed(), error);
        match wait {
            Some(wait) => VerifyError::Pending(Pending {
                wait,
                error,
                without_wait,
            }),
            None => without_wait.into(),
        }
    }

    fn has_plausible_claims(&self, compact: &Compact<'_>, algorithm: Algorithm, now: u64) -> bool {
        let mut buffer = [0; INLINE_CLAIMS_LEN];
        let Ok(json) = compact.decode_payload(&mut buffer) else {
            return false;
        };
        self.policy.read_claims(&json).is_ok_and(|claims| {
            self.policy.check_kind(&json).is_ok()
                && self.policy.check_claims(&claims, algorithm, now).is_ok()
        })
    }

    #[inline]
    fn user(
        &self,
        compact: &Compact<'_>,
        algorithm: Algorithm,
        key_issuer: Option<&str>,
        now: u64,
    ) -> Result<CurrentUser, TokenError> {
        let mut buffer = [0; INLINE_CLAIMS_LEN];
        let json = compact.decode_payload(&mut buffer)?;
        let claims = self.policy.read_claims(&json)?;
        self.policy.check_kind(&json)?;
        let identity = self.policy.check_claims(&claims, algorithm, now)?;
        if let (Some(key_issuer), Some(iss)) = (key_issuer, identity.issuer) {
            self.policy.issuers.check_key_issuer(key_issuer, iss)?;
        }
        let user = CurrentUser::from_claims(&json, identity, self.verified_by());
        self.check(&user)?;
        Ok(user)
    }

    #[inline]
    fn verified_by(&self) -> VerifiedBy {
        VerifiedBy {
            issuer: IssuerRef::new(self),
            user_ids: self.user_ids,
            has_template: self.policy.issuers.tenant_claim().is_some(),
            #[cfg(any(feature = "jwks-custom", feature = "sessions-custom"))]
            leeway_millis: self.leeway_millis,
        }
    }

    /// Applies the rules for users to a user who was not created from a token.
    #[cfg(feature = "authenticator")]
    pub(super) fn accept_user(
        &self,
        user: CurrentUser,
        is_introspected: bool,
    ) -> Result<CurrentUser, TokenError> {
        // The claims of an introspected token have been checked by the rules for tokens. A user of an
        // authenticator may have been changed after that, even one of this issuer.
        if !is_introspected {
            self.policy.check_user(&user)?;
        }
        self.check(&user)?;
        Ok(user.accepted_by(IssuerRef::new(self)))
    }

    /// Returns the user of a token that its authorization server has introspected. The claims are the
    /// members of the response; `exp` may be missing (RFC 7662 section 2.2). `check` does not run.
    #[cfg(feature = "introspection")]
    pub(super) fn introspected(&self, json: &str, now: u64) -> Result<CurrentUser, TokenError> {
        let mut claims = self.policy.read_claims(json)?;
        let has_expiry = claims.exp.is_some();
        claims.exp.get_or_insert(now as f64 + 1.0);
        // The members have no special meaning, as those of a token under a public key.
        let mut identity = self.policy.check_claims(&claims, Algorithm::RS256, now)?;
        if !has_expiry {
            identity.expires_at = None;
        }
        Ok(CurrentUser::from_claims(json, identity, self.verified_by()))
    }

    /// Applies the application's rules.
    #[inline]
    pub(super) fn check(&self, user: &CurrentUser) -> Result<(), TokenError> {
        let is_accepted = self.checks.iter().all(|check| check(user));
        is_accepted.then_some(()).ok_or(TokenError::Check)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer")
            .field("keys", &self.keys)
            .field("algorithms", &self.algorithms)
            .field("policy", &self.policy)
            .field("checks", &self.checks.len())
            .finish()
    }
}

#[inline]
pub(super) fn verify_signature<'k>(
    compact: &Compact<'_>,
    header: &Header<'_>,
    algorithm: Algorithm,
    keys: &'k Keys,
) -> SignatureCheck<'k> {
    if keys.is_empty() {
        return SignatureCheck::UnknownKey;
    }
    let mut buffer = [0; INLINE_SIGNATURE_LEN];
    match compact.decode_signature(&mut buffer) {
        Some(signature) => keys.verify(
            algorithm,
            header.kid.as_deref(),
            compact.signing_input,
            &signature,
        ),
        None => SignatureCheck::InvalidSignature,
    }
}
