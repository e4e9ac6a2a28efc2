use http::{HeaderMap, HeaderName, header::AUTHORIZATION};

use super::at_most_one;
use crate::rejection::Rejection;

const SCHEME: &[u8] = b"Bearer";

/// What the base64url of a JSON object starts with.
#[cfg(feature = "tracing")]
const START_OF_A_JWT: &[u8] = b"eyJ";

/// The bearer token of a request (RFC 6750 section 2.1), not yet looked at. Its field is marked, so
/// that whoever prints the headers from here on does not print it.
///
/// All that follows the scheme and its spaces is the token, so that a malformed one is refused as
/// malformed. Only where nothing follows is there none.
pub(in crate::auth) fn bearer_token(headers: &mut HeaderMap) -> Result<&[u8], Rejection> {
    // Mostly no field stands there twice, which the map knows without looking for this one.
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

/// The same, where tokens are looked for in other places too and all fields were marked.
pub(super) fn find(headers: &HeaderMap) -> Result<Option<&[u8]>, Rejection> {
    let field = at_most_one(headers.get_all(AUTHORIZATION).iter())?;
    Ok(field.and_then(|field| after_scheme(field.as_bytes())))
}

/// Returns whether the field, which has no bearer token, has what looks like a JWT all the same: alone,
/// or after another word than `Bearer`. A token under DPoP (RFC 9449 section 7.1) is not sent by
/// mistake.
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
    // `Bearer:<token>`, without a space.
    let token = match word.split_at_checked(SCHEME.len()) {
        Some((start, [b':' | b'=', rest @ ..] | rest)) if start.eq_ignore_ascii_case(SCHEME) => {
            rest
        }
        _ => word,
    };
    let is_in_a_jwt =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    token.starts_with(START_OF_A_JWT)
        && token.iter().filter(|&&byte| byte == b'.').count() >= 2
        && token.iter().all(is_in_a_jwt)
        && !scheme.trim_ascii().eq_ignore_ascii_case(b"DPoP")
}

pub(super) fn mark_sensitive(headers: &mut HeaderMap, name: &HeaderName) {
    for (_, field) in headers.iter_mut().filter(|(field, _)| *field == name) {
        field.set_sensitive(true);
    }
}

fn after_scheme(field: &[u8]) -> Option<&[u8]> {
    let (scheme, rest) = field.split_at_checked(SCHEME.len())?;
    // RFC 9110 section 11.1: schemes are compared without case, and end at white space.
    if !scheme.eq_ignore_ascii_case(SCHEME) || !matches!(rest.first(), Some(b' ' | b'\t')) {
        return None;
    }
    let start = rest.iter().position(|&byte| byte != b' ')?;
    rest.get(start..)
}
