use std::{fmt, sync::Arc};

use super::{
    Policy, TokenError,
    compact::{Compact, USUAL_CLAIMS},
    header::Header,
};
use crate::{
    json::Value,
    key::{Algorithm, Attempt, KeySource, KeyWait, Keys, Wanted},
    user::{CurrentUser, IssuerRef, VerifiedBy},
};

/// A rule of the application's own on who is let in.
pub(crate) type Check = Arc<dyn Fn(&CurrentUser) -> bool + Send + Sync>;

/// Somebody whose tokens are accepted: the keys, and what the tokens must say.
pub(crate) struct Issuer {
    pub(crate) keys: KeySource,
    /// Those of other algorithms are refused, whatever the keys.
    pub(crate) algorithms: Vec<Algorithm>,
    pub(crate) policy: Policy,
    pub(crate) checks: Vec<Check>,
    /// Whether its user IDs name other people than the first issuer's.
    pub(crate) has_own_users: bool,
}

/// Why a token is not accepted now.
pub(crate) enum Stop {
    Refused(TokenError),
    /// Its key may be had.
    Wait(KeyWait),
}

impl From<TokenError> for Stop {
    fn from(error: TokenError) -> Self {
        Self::Refused(error)
    }
}

impl Issuer {
    pub(super) fn is_named(&self, iss: &str) -> bool {
        self.policy.issuer.as_deref() == Some(iss)
    }

    #[inline]
    pub(super) fn judge(
        &self,
        compact: &Compact<'_>,
        header: &Header<'_>,
        keys: &Keys,
        now: u64,
        may_wait: bool,
    ) -> Result<CurrentUser, Stop> {
        let algorithm = header
            .alg
            .filter(|algorithm| self.algorithms.contains(algorithm))
            .ok_or(TokenError::Algorithm)?;
        self.policy.check_header(header)?;
        match verify_signature(compact, header, algorithm, keys)? {
            Attempt::Verified => Ok(self.user(compact, algorithm, now)?),
            Attempt::BadSignature => Err(TokenError::Signature.into()),
            Attempt::OtherAlgorithm => Err(TokenError::Algorithm.into()),
            Attempt::UnknownKey => {
                let wait = may_wait
                    .then(|| self.ask(compact, header, algorithm, now))
                    .flatten();
                Err(match wait {
                    Some(wait) => Stop::Wait(wait),
                    None if keys.is_empty() => TokenError::KeysUnavailable.into(),
                    None => TokenError::UnknownKey.into(),
                })
            }
        }
    }

    /// Asks for a key that is not there. The claims are nobody's word yet; but only if they would
    /// do, once they are, is the key worth asking for.
    fn ask(
        &self,
        compact: &Compact<'_>,
        header: &Header<'_>,
        algorithm: Algorithm,
        now: u64,
    ) -> Option<KeyWait> {
        let mut buffer = [0; USUAL_CLAIMS];
        let json = compact.decode_payload(&mut buffer).ok()?;
        let claims = self.policy.read_claims(&json).ok()?;
        self.policy.check_claims(&claims, algorithm, now).ok()?;
        let Value::Text(subject) = &claims.sub else {
            return None;
        };
        self.keys.ask(Wanted {
            key_id: header.kid.as_deref(),
            subject,
            age: claims.iat.map(|iat| now.saturating_sub(iat as u64)),
        })
    }

    #[inline]
    fn user(
        &self,
        compact: &Compact<'_>,
        algorithm: Algorithm,
        now: u64,
    ) -> Result<CurrentUser, TokenError> {
        let mut buffer = [0; USUAL_CLAIMS];
        let json = compact.decode_payload(&mut buffer)?;
        let claims = self.policy.read_claims(&json)?;
        let identity = self.policy.check_claims(&claims, algorithm, now)?;
        let user = CurrentUser::from_claims(
            &json,
            identity,
            VerifiedBy {
                issuer: IssuerRef::to(self),
                has_own_users: self.has_own_users,
            },
        );
        self.check(&user)?;
        Ok(user)
    }

    /// The application's own rules.
    #[inline]
    pub(super) fn check(&self, user: &CurrentUser) -> Result<(), TokenError> {
        let passes = self.checks.iter().all(|check| check(user));
        passes.then_some(()).ok_or(TokenError::Check)
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
fn verify_signature(
    compact: &Compact<'_>,
    header: &Header<'_>,
    algorithm: Algorithm,
    keys: &Keys,
) -> Result<Attempt, TokenError> {
    let mut buffer = [0; SHORT_SIGNATURE];
    let attempt = if keys.is_empty() {
        Attempt::UnknownKey
    } else {
        match compact.decode_signature(&mut buffer) {
            Some(signature) => keys.verify(
                algorithm,
                header.kid.as_deref(),
                compact.signing_input,
                &signature,
            ),
            None => Attempt::BadSignature,
        }
    };
    if attempt != Attempt::Verified && !compact.is_well_formed() {
        return Err(TokenError::Malformed);
    }
    Ok(attempt)
}

/// In bytes, with room to spare: HMAC-SHA256 has 32, ES256 and EdDSA have 64.
const SHORT_SIGNATURE: usize = 66;
