//! Splits the cookies of a request; used by the token sources and `sessions`.

use http::{HeaderMap, header::COOKIE};

/// Returns the cookies of a request (RFC 6265 section 4.2.1), each as `name=value`.
pub(crate) fn cookies(headers: &HeaderMap) -> impl Iterator<Item = &[u8]> {
    // HTTP/2 may send each cookie in its own field (RFC 9113 section 8.2.3).
    let fields = headers.get_all(COOKIE).into_iter();
    fields
        .flat_map(|field| field.as_bytes().split(|&byte| byte == b';'))
        .map(<[u8]>::trim_ascii)
}

/// Returns the value of a cookie if it has this name.
pub(crate) fn value_of<'c>(cookie: &'c [u8], name: &str) -> Option<&'c [u8]> {
    cookie.strip_prefix(name.as_bytes())?.strip_prefix(b"=")
}

/// Returns whether a cookie can have this name: a token of RFC 9110 section 5.6.2 (RFC 6265 section
/// 4.1.1).
pub(crate) fn is_cookie_name(name: &str) -> bool {
    let is_token_char =
        |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !name.is_empty() && name.bytes().all(is_token_char)
}
