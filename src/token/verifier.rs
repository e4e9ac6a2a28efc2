use std::{fmt, sync::Arc};

use super::{Policy, TokenError, base64url, claims::Claims, compact::Compact, header::Header};
use crate::{
    clock::Clock,
    key::{Algorithm, KeySet, KeySource},
    user::CurrentUser,
};

/// A rule of the application's own on who is let in.
pub(crate) type Check = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// Verifies tokens as a [`JwtAuthLayer`](crate::JwtAuthLayer) does, without HTTP: for the messages
/// of a WebSocket, for queues, for tests. Get it from
/// [`JwtAuthLayer::verifier`](crate::JwtAuthLayer::verifier); it shares the layer's keys.
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
pub struct TokenVerifier(Arc<Inner>);

struct Inner {
    keys: KeySource,
    policy: Policy,
    checks: Vec<Check>,
    clock: Clock,
    max_token_len: usize,
}

impl TokenVerifier {
    pub(crate) fn new(
        keys: KeySource,
        policy: Policy,
        checks: Vec<Check>,
        clock: Clock,
        max_token_len: usize,
    ) -> Self {
        Self(Arc::new(Inner {
            keys,
            policy,
            checks,
            clock,
            max_token_len,
        }))
    }

    /// Verifies a token and returns the user whom it names.
    ///
    /// A few hundred nanoseconds with HS256, and no waiting, unless secrets are read from a file:
    /// then a call every few seconds reads that file.
    ///
    /// # Errors
    ///
    /// [`TokenError`] when the token is refused, or when no secret is there to judge it with. The
    /// form of the token and its header are looked at first, then the signature, and only when
    /// that verified the claims.
    pub fn verify(&self, token: &str) -> Result<CurrentUser, TokenError> {
        self.verify_bytes(token.as_bytes())
    }

    pub(crate) fn verify_bytes(&self, token: &[u8]) -> Result<CurrentUser, TokenError> {
        let inner = &*self.0;
        let now = inner.clock.now();
        let keys = inner.keys.current(now);
        if keys.is_empty() {
            return Err(TokenError::NotConfigured);
        }
        if token.len() > inner.max_token_len {
            return Err(TokenError::TooLong);
        }
        let compact = Compact::split(token)?;
        inner.verify_signature(&compact, &keys)?;

        let json = base64url::decode(compact.payload).ok_or(TokenError::Malformed)?;
        let json = String::from_utf8(json).map_err(|_| TokenError::Claims)?;
        let claims = Claims::parse(&json)?;
        let identity = inner.policy.check_claims(&claims, &json, now)?;
        let user = CurrentUser::from_claims(json, identity);
        if !inner.checks.iter().all(|check| check(&user)) {
            return Err(TokenError::Check);
        }
        Ok(user)
    }
}

impl Inner {
    fn verify_signature(&self, compact: &Compact<'_>, keys: &KeySet) -> Result<(), TokenError> {
        let algorithm = self.algorithm(compact.header, keys)?;
        let mut buffer = [0; LONGEST_SIGNATURE];
        let verified = base64url::decode_into(compact.signature, &mut buffer)
            .is_some_and(|signature| keys.verify(algorithm, compact.signing_input, signature));
        if verified {
            Ok(())
        } else if compact.is_well_formed() {
            Err(TokenError::Signature)
        } else {
            Err(TokenError::Malformed)
        }
    }

    /// Judges the header and returns the algorithm, which is one that a key has.
    fn algorithm(&self, encoded: &[u8], keys: &KeySet) -> Result<Algorithm, TokenError> {
        if let Some(header) = Header::usual(encoded) {
            return self.judge(&header, keys);
        }
        let json = base64url::decode(encoded).ok_or(TokenError::Malformed)?;
        self.judge(&Header::parse(&json)?, keys)
    }

    fn judge(&self, header: &Header<'_>, keys: &KeySet) -> Result<Algorithm, TokenError> {
        let algorithm = header
            .alg
            .as_deref()
            .and_then(Algorithm::from_name)
            .filter(|&algorithm| keys.has(algorithm))
            .ok_or(TokenError::Algorithm)?;
        self.policy.check_header(header)?;
        Ok(algorithm)
    }
}

impl fmt::Debug for Inner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inner")
            .field("keys", &self.keys)
            .field("policy", &self.policy)
            .field("checks", &self.checks.len())
            .field("clock", &self.clock)
            .field("max_token_len", &self.max_token_len)
            .finish()
    }
}

/// In bytes, with room to spare: an HMAC-SHA256 tag has 32.
const LONGEST_SIGNATURE: usize = 64;
