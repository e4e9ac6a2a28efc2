//! Joins a cookie that Better Auth has split because it is too long: `NAME.0`, `NAME.1`, and so on.

use std::borrow::Cow;

use http::HeaderMap;

use crate::cookies::cookies;

/// The maximum length of the whole value, in bytes.
const MAX_LEN: usize = 64 * 1024;

/// Better Auth's chunks have about 4,000 bytes, so the maximum length needs a quarter of this.
const MAX_CHUNKS: usize = 64;

/// Returns the value of a cookie, joined if it is split. Returns `None` if it is missing, too long, or
/// ambiguous, or if a chunk is missing.
pub(super) fn join<'r>(headers: &'r HeaderMap, name: &str) -> Option<Cow<'r, [u8]>> {
    let mut whole = None;
    let mut chunks = [None; MAX_CHUNKS];
    for (found, value) in cookies(headers) {
        let place = match found.strip_prefix(name.as_bytes()) {
            Some([]) => &mut whole,
            // Better Auth also ignores a name whose end is not a number.
            Some([b'.', index @ ..]) => match number(index) {
                Some(index) => chunks.get_mut(index)?,
                None => continue,
            },
            _ => continue,
        };
        if *place.get_or_insert(value) != value {
            return None;
        }
    }
    if let Some(whole) = whole.filter(|whole| !whole.is_empty()) {
        return (whole.len() <= MAX_LEN).then_some(Cow::Borrowed(whole));
    }
    let count = chunks.iter().take_while(|chunk| chunk.is_some()).count();
    let has_gap = chunks.iter().skip(count).any(Option::is_some);
    let joined: Vec<u8> = chunks.into_iter().flatten().flatten().copied().collect();
    (count > 0 && !has_gap && joined.len() <= MAX_LEN).then_some(Cow::Owned(joined))
}

/// Returns the number of a chunk, as JavaScript writes it.
fn number(digits: &[u8]) -> Option<usize> {
    match digits {
        [digit @ b'0'..=b'9'] => Some(usize::from(digit - b'0')),
        [first @ b'1'..=b'9', second @ b'0'..=b'9'] => {
            Some(usize::from(first - b'0') * 10 + usize::from(second - b'0'))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::COOKIE};

    use super::*;

    fn joined(cookies: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(COOKIE, HeaderValue::from_str(cookies).unwrap());
        let value = join(&headers, "x")?;
        Some(String::from_utf8(value.into_owned()).unwrap())
    }

    #[test]
    fn a_split_cookie_is_joined_by_number() {
        for (cookies, expected) in [
            ("", None),
            ("y=1", None),
            ("x=", None),
            ("x=ab", Some("ab")),
            ("x.0=a; x.1=b", Some("ab")),
            ("x.1=b; x.0=a", Some("ab")),
            (
                "x.10=k; x.9=j; x.8=i; x.7=h; x.6=g; x.5=f; x.4=e; x.3=d; x.2=c; x.1=b; x.0=a",
                Some("abcdefghijk"),
            ),
            ("x.0=a; x.2=c", None),
            ("x.1=b", None),
            ("x.0=a; x.0=a", Some("a")),
            ("x.0=a; x.0=b", None),
            ("x=a; x=b", None),
            ("x=a; x.0=b", Some("a")),
            ("x.00=a", None),
            ("x.0=a; x.64=b", None),
            ("x.0=a; x.1e0=b; x.01=b; x.=b; x.1.=b", Some("a")),
            ("x=a; x.b=c", Some("a")),
            ("xy=1; x=a", Some("a")),
        ] {
            assert_eq!(joined(cookies).as_deref(), expected, "{cookies}");
        }
    }

    #[test]
    fn at_most_64_kib_are_joined() {
        let chunk = "a".repeat(4096);
        let cookies = |count: usize| {
            let chunks = (0..count).map(|index| format!("x.{index}={chunk}"));
            chunks.collect::<Vec<_>>().join("; ")
        };
        assert_eq!(joined(&cookies(16)).map(|value| value.len()), Some(MAX_LEN));
        assert_eq!(joined(&cookies(17)), None);
        assert_eq!(joined(&format!("x={}", "a".repeat(MAX_LEN + 1))), None);
    }
}
