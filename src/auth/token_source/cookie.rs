//! Finds a token in a cookie.

use http::HeaderMap;

use super::at_most_one;
use crate::{cookies::cookies, rejection::Rejection};

/// Returns the value of the cookie with this name (RFC 6265 section 4.2.1). An empty value is
/// treated as missing, because deleting a cookie can leave one.
pub(super) fn find<'r>(headers: &'r HeaderMap, name: &str) -> Result<Option<&'r [u8]>, Rejection> {
    at_most_one(
        cookies(headers)
            .filter(|(found, _)| *found == name.as_bytes())
            .map(|(_, value)| without_quotes(value))
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
