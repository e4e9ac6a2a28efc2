//! Finds a token in a cookie.

use http::{HeaderMap, header::COOKIE};

use super::at_most_one;
use crate::rejection::Rejection;

/// Returns the value of the cookie with this name (RFC 6265 section 4.2.1). An empty value is
/// treated as missing, because deleting a cookie can leave one.
pub(super) fn find<'r>(headers: &'r HeaderMap, name: &str) -> Result<Option<&'r [u8]>, Rejection> {
    // HTTP/2 may send each cookie in its own field (RFC 9113 section 8.2.3).
    let cookies = headers
        .get_all(COOKIE)
        .into_iter()
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b';'));
    at_most_one(
        cookies
            .filter_map(|cookie| cookie.trim_ascii().strip_prefix(name.as_bytes()))
            .filter_map(|rest| rest.strip_prefix(b"="))
            .map(without_quotes)
            .filter(|value| !value.is_empty()),
    )
}

/// Returns the value inside the double quotes that a cookie may have (RFC 6265 section 4.1.1).
fn without_quotes(value: &[u8]) -> &[u8] {
    match value {
        [b'"', inner @ .., b'"'] => inner,
        value => value,
    }
}

/// Returns whether a cookie can have this name: a token of RFC 9110 section 5.6.2 (RFC 6265 section
/// 4.1.1).
pub(super) fn is_name(name: &str) -> bool {
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_char)
}
