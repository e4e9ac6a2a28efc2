//! Splits the cookies of a request; used by the token sources and `sessions`.

use std::iter;

use http::{HeaderMap, header::COOKIE};
use memchr::{memchr, memchr_iter};

/// Returns the names and values of a request's cookies (RFC 6265 section 4.2.1).
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = (&[u8], &[u8])> {
    // HTTP/2 may send each cookie in its own field (RFC 9113 section 8.2.3).
    let fields = headers.get_all(COOKIE).into_iter();
    fields
        .flat_map(|field| pairs(field.as_bytes()))
        .filter_map(|pair| {
            let pair = pair.trim_ascii();
            let (name, value) = pair.split_at_checked(memchr(b'=', pair)?)?;
            Some((name, value.get(1..)?))
        })
}

fn pairs(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut start = 0;
    let ends = memchr_iter(b';', field).chain(iter::once(field.len()));
    ends.filter_map(move |end| {
        let pair = field.get(start..end);
        start = end + 1;
        pair
    })
}

/// Returns whether a cookie can have this name: a token of RFC 9110 section 5.6.2 (RFC 6265 section
/// 4.1.1).
pub(crate) fn is_cookie_name(name: &str) -> bool {
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_char)
}
