use http::{HeaderMap, header::AUTHORIZATION};

use crate::rejection::Rejection;

const SCHEME: &[u8] = b"Bearer";

/// The bearer token of a request (RFC 6750 section 2.1), not yet looked at.
///
/// All that follows the scheme and its spaces is the token, so that a malformed one is refused as
/// malformed. Only where nothing follows is there none.
pub(super) fn bearer_token(headers: &HeaderMap) -> Result<&[u8], Rejection> {
    let mut fields = headers.get_all(AUTHORIZATION).iter();
    let field = fields.next().ok_or(Rejection::MissingToken)?;
    if fields.next().is_some() {
        return Err(Rejection::SeveralTokens);
    }
    after_scheme(field.as_bytes()).ok_or(Rejection::MissingToken)
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
