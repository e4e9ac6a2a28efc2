//! Finds a bearer token in the `Authorization` header.

use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use super::at_most_one;
use crate::rejection::Rejection;

const SCHEME: &[u8] = b"Bearer";

/// The start of every JWT: the base64url form of `{"`.
#[cfg(feature = "tracing")]
const JWT_PREFIX: &[u8] = b"eyJ";

/// Returns the unverified bearer token of a request (RFC 6750 section 2.1). Marks its field as
/// sensitive, so that inner middleware does not log it.
///
/// Everything after the scheme and its spaces is the token, so a malformed token is rejected as
/// malformed, not as missing. If nothing follows the scheme, there is no token.
pub(in crate::auth) fn bearer_token(headers: &mut HeaderMap) -> Result<&[u8], Rejection> {
    // The two lengths differ only if a field is repeated, so most requests skip the lookup.
    if headers.len() > headers.keys_len() && headers.get_all(AUTHORIZATION).iter().nth(1).is_some()
    {
        mark_sensitive(headers, &AUTHORIZATION);
        return Err(Rejection::SeveralTokens);
    }
    let field = headers
        .get_mut(AUTHORIZATION)
        .ok_or(Rejection::MissingToken)?;
    field.set_sensitive(true);
    after_scheme(field.as_bytes()).ok_or(Rejection::MissingToken)
}

/// Like `bearer_token`, but for layers with several sources, where all fields have already been
/// marked.
pub(super) fn find(headers: &HeaderMap) -> Result<Option<&[u8]>, Rejection> {
    let field = at_most_one(headers.get_all(AUTHORIZATION).iter())?;
    Ok(field.and_then(|field| after_scheme(field.as_bytes())))
}

/// Returns the value of a field that has a token without a scheme. An empty value is treated as
/// missing.
pub(super) fn find_bare<'r>(
    headers: &'r HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'r [u8]>, Rejection> {
    let values = headers.get_all(name).iter().map(|value| value.as_bytes());
    at_most_one(
        values
            .map(<[u8]>::trim_ascii)
            .filter(|value| !value.is_empty()),
    )
}

/// Returns whether the field contains a JWT without the `Bearer` scheme: alone or after another
/// word. A DPoP token (RFC 9449 section 7.1) is excluded, because it is not a mistake.
#[cfg(feature = "tracing")]
pub(super) fn has_jwt_without_scheme(headers: &HeaderMap) -> bool {
    let Some(field) = headers.get(AUTHORIZATION) else {
        return false;
    };
    let field = field.as_bytes().trim_ascii();
    let last_space = field.iter().rposition(u8::is_ascii_whitespace);
    let (scheme, word) = match last_space {
        Some(space) => field.split_at(space + 1),
        None => (&[][..], field),
    };
    // Matches `Bearer:<token>`, without a space.
    let token = match word.split_at_checked(SCHEME.len()) {
        Some((start, [b':' | b'=', rest @ ..] | rest)) if start.eq_ignore_ascii_case(SCHEME) => {
            rest
        }
        _ => word,
    };
    let is_jwt_char =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    token.starts_with(JWT_PREFIX)
        && token.iter().filter(|&&byte| byte == b'.').count() >= 2
        && token.iter().all(is_jwt_char)
        && !scheme.trim_ascii().eq_ignore_ascii_case(b"DPoP")
}

pub(super) fn mark_sensitive(headers: &mut HeaderMap, name: &HeaderName) {
    if headers.len() == headers.keys_len() {
        // No field is repeated.
        if let Some(field) = headers.get_mut(name) {
            field.set_sensitive(true);
        }
        return;
    }
    for (_, field) in headers.iter_mut().filter(|(field, _)| *field == name) {
        field.set_sensitive(true);
    }
}

fn after_scheme(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(SCHEME.len())?;
    // RFC 9110 section 11.1: schemes are case-insensitive and end at white space.
    if !scheme.eq_ignore_ascii_case(SCHEME) || !matches!(rest.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let start = rest.iter().position(|&byte| byte != b' ')?;
    rest.get(start..)
}
