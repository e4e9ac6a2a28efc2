//! Finds the check with which the verifier rejected a token; used by `explain`.

use super::{
    claims::Claims,
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    error::TokenError,
    header::Header,
    issuer::Issuer,
    token_check::TokenCheck,
};
use crate::json::ClaimValue;

/// Returns the issuer that the token selects, and the check that failed with this error. `token` is
/// `None` if it is too long to be read.
pub(super) fn find<'i>(
    issuers: &[&'i Issuer],
    token: Option<&[u8]>,
    error: Option<TokenError>,
) -> (Option<&'i Issuer>, Option<TokenCheck>) {
    let only = match issuers {
        [only] => Some(*only),
        _ => None,
    };
    let Some(compact) = token.and_then(|token| Compact::split(token).ok()) else {
        let of_form = |error| match error {
            TokenError::NotConfigured => TokenCheck::Secret,
            _ => TokenCheck::Form,
        };
        return (only, error.map(of_form));
    };
    let mut buffer = [0; INLINE_CLAIMS_LEN];
    let json = compact.decode_payload(&mut buffer).ok();
    let claims = json.as_deref().and_then(|json| Claims::parse(json).ok());
    let issuer = only.or_else(|| match &claims.as_ref()?.iss {
        ClaimValue::Text(iss) => issuers.iter().copied().find(|issuer| issuer.is_named(iss)),
        _ => None,
    });
    let failed = error.map(|error| match issuer {
        Some(issuer) => of_issuer(issuer, &compact, json.as_deref(), error),
        None => of_selection(&compact, error),
    });
    (issuer, failed)
}

/// Returns the check for an error that needs no issuer, or for which no issuer was found.
fn of_selection(compact: &Compact<'_>, error: TokenError) -> TokenCheck {
    match error {
        TokenError::NotConfigured => TokenCheck::Secret,
        TokenError::TooLong | TokenError::OpaqueSessionToken | TokenError::Malformed => {
            TokenCheck::Form
        }
        // Only the `enc` of a header makes a token with three parts an encrypted one.
        TokenError::Encrypted if !compact.is_well_formed() => TokenCheck::Form,
        TokenError::Encrypted | TokenError::Header | TokenError::CriticalHeader => {
            TokenCheck::Header
        }
        _ => TokenCheck::IssuerSelection,
    }
}

/// Returns the check for an error. If several checks have the same error, repeats the earlier one.
fn of_issuer(
    issuer: &Issuer,
    compact: &Compact<'_>,
    json: Option<&str>,
    error: TokenError,
) -> TokenCheck {
    let policy = &issuer.policy;
    let mut buffer = [0; INLINE_HEADER_LEN];
    let decoded = compact.decode_header(&mut buffer);
    let header = { decoded.as_deref().ok() }.and_then(|json| Header::read(json).ok());
    let claims = json.and_then(|json| policy.read_claims(json).ok());
    match error {
        TokenError::NotConfigured
        | TokenError::TooLong
        | TokenError::OpaqueSessionToken
        | TokenError::Malformed
        | TokenError::Encrypted
        | TokenError::Header
        | TokenError::CriticalHeader => of_selection(compact, error),
        TokenError::Algorithm => {
            let alg = header.and_then(|header| header.alg);
            let is_listed = alg.is_some_and(|alg| issuer.algorithms.contains(&alg));
            if is_listed {
                TokenCheck::Key
            } else {
                TokenCheck::Algorithm
            }
        }
        TokenError::TokenType => {
            if header.is_some_and(|header| policy.check_header(&header).is_ok()) {
                TokenCheck::Claims
            } else {
                TokenCheck::Type
            }
        }
        TokenError::UnknownKey | TokenError::KeysUnavailable => TokenCheck::Key,
        TokenError::Signature => TokenCheck::Signature,
        TokenError::BoundToken => TokenCheck::Claims,
        TokenError::Claims if json.is_some_and(|json| policy.check_kind(json).is_err()) => {
            TokenCheck::Claims
        }
        TokenError::Claims if claims.is_some() => TokenCheck::Times,
        TokenError::Claims => TokenCheck::Claims,
        TokenError::Expired | TokenError::NotYetValid => TokenCheck::Times,
        TokenError::Issuer => {
            let is_accepted = claims.is_some_and(|claims| {
                let tenant = claims.extra.as_deref().map(|extra| &extra.tenant);
                policy.issuers.check(&claims.iss, tenant).is_ok()
            });
            if is_accepted {
                TokenCheck::KeyIssuer
            } else {
                TokenCheck::Issuer
            }
        }
        TokenError::Audience | TokenError::AudienceNotConfigured => TokenCheck::Audience,
        TokenError::AuthorizedParty => TokenCheck::AuthorizedParty,
        // Reading the claims fails with this error for an ID that is reserved for services.
        TokenError::Subject if claims.is_none() => TokenCheck::Claims,
        TokenError::Subject => TokenCheck::UserId,
        TokenError::User => TokenCheck::Email,
        TokenError::Check => TokenCheck::OwnChecks,
    }
}
