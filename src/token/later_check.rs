//! Applies the checks that need neither a key nor the application to a token that an earlier check
//! has rejected; used by `explain`.

use super::{
    claims::Claims,
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    error::TokenError,
    header::Header,
    hint,
    issuer::Issuer,
    token_check::TokenCheck,
};
use crate::key::Algorithm;

/// Returns the result of this check alone, or `None` if the check cannot be applied. The signature
/// is not verified.
pub(super) fn apply(
    check: TokenCheck,
    issuer: &Issuer,
    token: &[u8],
    now: u64,
) -> Option<Result<(), TokenError>> {
    let policy = &issuer.policy;
    let compact = Compact::split(token).ok()?;
    let mut buffer = [0; INLINE_HEADER_LEN];
    let decoded = compact.decode_header(&mut buffer).ok()?;
    let header = Header::read(&decoded).ok()?;
    if check == TokenCheck::Type {
        return Some(policy.check_header(&header));
    }
    let mut buffer = [0; INLINE_CLAIMS_LEN];
    let json = compact.decode_payload(&mut buffer).ok()?;
    let claims = match policy.read_claims(&json) {
        Ok(claims) => claims,
        Err(error) => return (check == TokenCheck::Claims).then_some(Err(error)),
    };
    let extra = policy.extra.as_deref().zip(claims.extra.as_deref());
    Some(match check {
        TokenCheck::Claims => policy.check_kind(&json).and_then(|()| {
            // To a token with an unknown algorithm, the rules for public keys apply.
            let algorithm = header.alg.unwrap_or(Algorithm::RS256);
            match policy.check_claims(&claims, algorithm, now) {
                Err(error @ (TokenError::TokenType | TokenError::BoundToken)) => Err(error),
                _ => Ok(()),
            }
        }),
        TokenCheck::Times => policy.check_times(&claims, now).map(drop),
        TokenCheck::Issuer => {
            let tenant = extra.map(|(_, claims)| &claims.tenant);
            policy.issuers.check(&claims.iss, tenant).map(drop)
        }
        TokenCheck::Audience => policy.check_audience(&claims.aud),
        TokenCheck::AuthorizedParty => extra.map_or(Ok(()), |(rules, claims)| {
            rules.check_authorized_party(claims)
        }),
        TokenCheck::UserId => policy.user_id(&claims.sub).map(drop),
        TokenCheck::Email => policy.check_email(&claims),
        _ => return None,
    })
}

/// Describes an error of [`TokenCheck::Times`], with the rounded time since the token expired or
/// until it becomes valid.
pub(super) fn wrong_time(token: &[u8], error: TokenError, now: u64) -> Option<String> {
    let compact = Compact::split(token).ok()?;
    let mut buffer = [0; INLINE_CLAIMS_LEN];
    let json = compact.decode_payload(&mut buffer).ok()?;
    let claims = Claims::parse(&json).ok()?;
    if let Some(text) = hint::wrong_time(&claims, error) {
        return Some(text.to_owned());
    }
    match error {
        TokenError::Expired => Some(format!(
            "the token expired {} ago; the client must get a new one; if it is new, check that the clocks agree, or allow for a difference with .leeway(…)",
            rounded(now as f64 - claims.exp?)
        )),
        TokenError::NotYetValid => Some(format!(
            "the token becomes valid in {}; check that the clocks agree, or allow for a difference with .leeway(…)",
            rounded(claims.nbf? - now as f64)
        )),
        _ => None,
    }
}

/// Returns a number of seconds in the largest unit of which there are at least two, rounded down.
fn rounded(seconds: f64) -> String {
    const UNITS: [(f64, &str); 3] = [(86_400.0, "days"), (3_600.0, "h"), (60.0, "min")];

    let mut units = UNITS.into_iter();
    let (size, unit) = { units.find(|(size, _)| seconds >= 2.0 * size) }.unwrap_or((1.0, "s"));
    format!("{} {unit}", (seconds / size).floor())
}
