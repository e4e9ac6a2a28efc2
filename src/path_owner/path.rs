//! What a path must not contain, and what a parameter of it stands for.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// Whether no part of the path can be read as another path.
///
/// A router takes `/api/alice/../bob` as alice's. A client library behind the service, or a proxy,
/// rewrites it to bob's. So dot segments are refused wherever they stand and however they are
/// disguised, and with them empty segments, backslashes and NUL.
pub(super) fn is_unambiguous(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else {
        return false;
    };
    if is_plain(path) {
        return true;
    }
    let mut segments = segments.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        if segment.is_empty() && !is_last || !is_unambiguous_segment(segment) {
            return false;
        }
    }
    true
}

/// Whether a path says what stands there, and no segment, nor what follows a colon, is empty or
/// starts with a dot: most paths, and quickly told, since all bytes are looked at, many at a time.
fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_odd = |pair: (&u8, &u8)| matches!(pair.0, b'/' | b':') & matches!(pair.1, b'/' | b'.');
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    !pairs.fold(false, |any, pair| any | is_odd(pair))
        && !has_any(path, |byte| matches!(byte, b'%' | b'\\' | b';' | 0))
}

/// Returns whether no reader of a segment, or of a URL made of the decoded one, finds a dot segment,
/// a backslash or NUL.
///
/// A parser of URLs drops tabs and line breaks, and control characters and spaces at the ends; it
/// reads `%2e` as a dot, ends the path at `?` or `#`, and may skip a scheme that it knows already
/// (WHATWG URL, section 4.4). Some routers cut off the parameters of a segment, which follow a `;`
/// (RFC 3986 section 3.3).
fn is_unambiguous_segment(segment: &str) -> bool {
    let once = Cow::from(percent_decode(segment.as_bytes()));
    if once.iter().any(|byte| matches!(byte, b'\\' | 0)) {
        return false;
    }
    if !once.iter().any(|byte| matches!(byte, b'.' | b'%')) {
        return true;
    }
    let is_visible = |byte: &u8| *byte > b' ';
    let visible = if once.iter().all(is_visible) {
        once
    } else {
        once.iter().copied().filter(is_visible).collect()
    };
    let twice = Cow::from(percent_decode(&visible));
    let mut pieces = twice.split(|byte| matches!(byte, b'/' | b'\\' | b':'));
    pieces.all(|piece| {
        let mut parts = piece.split(|byte| matches!(byte, b';' | b'?' | b'#'));
        !matches!(parts.next(), Some(b"." | b".."))
    })
}

/// Looks at all bytes, many at a time.
fn has_any(text: &str, is_one: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |any, byte| any | is_one(byte))
}

/// Whose a path is to be.
#[derive(Clone, Copy)]
pub(super) enum Whose<'a> {
    /// That of the owner with this id.
    Ones(&'a str),
    /// Somebody's, whoever that is.
    Anybodys,
}

impl Whose<'_> {
    /// Whether a parameter is such an id.
    #[cfg(feature = "axum")]
    pub(super) fn is(self, decoded: &str) -> bool {
        is_plain_id(decoded)
            && match self {
                Self::Ones(id) => decoded == id,
                Self::Anybodys => true,
            }
    }

    /// The same of one as it stands in the path: decoded once, byte for byte.
    pub(super) fn is_encoded(self, raw: &str) -> bool {
        let decoded = || percent_decode(raw.as_bytes());
        match self {
            Self::Ones(id) if has_any(raw, |byte| byte == b'%') => {
                decoded().eq(id.bytes()) && has_whole_escapes(raw) && is_plain_id(id)
            }
            Self::Ones(id) => raw == id && is_plain_id(id),
            Self::Anybodys => {
                has_whole_escapes(raw) && decoded().decode_utf8().is_ok_and(|id| is_plain_id(&id))
            }
        }
    }
}

/// Whether a parameter is one segment whoever reads it.
///
/// A proxy that passes on what it decoded makes two of `a%2Fb`, and a container that cuts off the
/// parameters of segments makes none of `;x`. All that follows is moved then: another segment stands
/// where the owner's id stood, or another path where one that may pass was.
pub(super) fn is_one_segment(decoded: &[u8]) -> bool {
    let is_unfit = |byte: &u8| *byte == b'/' || byte.is_ascii_control();
    !decoded.starts_with(b";") && !decoded.iter().any(is_unfit)
}

/// Whether each `%` has its two digits. One that has not is left as it is here, and dropped or
/// refused elsewhere.
fn has_whole_escapes(raw: &str) -> bool {
    raw.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Whether an id may be found in a path at all. One that is empty, or has in it what ends a
/// segment, could be read as another's.
fn is_plain_id(id: &str) -> bool {
    let is_usual = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b';');
    if !has_any(id, |byte| !is_usual(byte)) {
        return !id.is_empty();
    }
    !id.contains(|c: char| matches!(c, '/' | '\\' | ';') || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_ambiguous_by_its_shortest_part() {
        for path in [
            "/", "/a", "/a/", "/a.b/c", "/.a/b", "/a/...", "/a./b", "/a:b", "/%3F", "/%20",
        ] {
            assert!(is_unambiguous(path), "{path}");
        }
        for path in [
            "", "a", "//", "//a", "/.", "/..", "/./", "/a/.", "/a//", "/;a/..", "/%2e", "/%252e",
            "/a:..", "/.%09.", "/..%3F", "/.%20",
        ] {
            assert!(!is_unambiguous(path), "{path}");
        }
    }

    #[test]
    fn an_id_of_nothing_but_what_ends_a_segment_is_none() {
        for id in ["", "/", "\\", ";", "\n", "/;", "a/b"] {
            assert!(!is_plain_id(id), "{id:?}");
        }
        for id in ["a", ".", "é", "a b", " ", "😀"] {
            assert!(is_plain_id(id), "{id:?}");
        }
    }
}
