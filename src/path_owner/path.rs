//! The checks of a path and of its owner parameter; used by the patterns and the service.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// Returns whether every program that reads the path resolves it to the same path.
///
/// A router may treat `/api/alice/../bob` as alice's path, while a proxy or a client library behind
/// the service rewrites it to bob's. Therefore dot segments are rejected anywhere and in every
/// encoding, and so are empty segments, backslashes, and NUL.
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

/// Returns whether a path is unambiguous without decoding it: it contains no `%`, `\`, `;`, `:`, or
/// NUL, and no segment is empty or starts with a dot. Most paths are plain, and this check reads
/// many bytes at a time.
fn is_plain(path: &str) -> bool {
    let bytes = path.as_bytes();
    let is_suspect = |pair: (&u8, &u8)| (*pair.0 == b'/') & matches!(pair.1, b'/' | b'.');
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    !pairs.fold(false, |any, pair| any | is_suspect(pair))
        && !has_any(path, |byte| matches!(byte, b'%' | b'\\' | b';' | b':' | 0))
}

/// Returns whether every program agrees that a segment, and any URL or file path built from its
/// decoded form, contains no dot segment, backslash, NUL, or leading slash.
///
/// A URL parser removes tabs and line breaks, and control characters and spaces at the ends; it
/// reads `%2e` as a dot, ends the path at `?` or `#`, and may skip a repeated scheme (WHATWG URL,
/// section 4.4). Some routers remove the parameters of a segment, which follow a `;` (RFC 3986
/// section 3.3).
fn is_unambiguous_segment(segment: &str) -> bool {
    let once = Cow::from(percent_decode(segment.as_bytes()));
    if once.iter().any(|byte| matches!(byte, b'\\' | 0)) {
        return false;
    }
    let is_visible = |byte: &u8| *byte > b' ';
    match once.iter().find(|byte| is_visible(byte)) {
        // Joined to a folder or a URL, an absolute path would replace the base.
        Some(b'/') => return false,
        // A parser that removes invisible bytes finds an empty segment. An empty last segment is
        // only a trailing slash.
        None => return segment.is_empty(),
        Some(_) => {}
    }
    if !once.iter().any(|byte| matches!(byte, b'.' | b'%')) {
        return true;
    }
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

/// Returns whether a byte matches. Reads all bytes without an early return, so that the compiler
/// can vectorize the loop.
fn has_any(text: &str, matches: impl Fn(u8) -> bool) -> bool {
    text.bytes().fold(false, |any, byte| any | matches(byte))
}

/// The ID in a path's owner parameter. It is decoded and checked once, regardless of how many IDs
/// it is compared with.
pub(super) struct Owner<'a> {
    id: Cow<'a, str>,
    /// False if the parameter appears several times with different values.
    is_single: bool,
}

impl<'a> Owner<'a> {
    /// Decodes a parameter as it appears in the path. Returns `None` if a path cannot contain this
    /// ID.
    #[inline]
    pub(super) fn from_encoded(raw: &'a str) -> Option<Self> {
        if !has_any(raw, |byte| byte == b'%') {
            return Self::from_decoded(raw.into());
        }
        let decoded = percent_decode(raw.as_bytes()).decode_utf8().ok()?;
        has_whole_escapes(raw)
            .then(|| Self::from_decoded(decoded))
            .flatten()
    }

    /// Accepts a decoded parameter. Returns `None` if a path cannot contain this ID.
    #[inline]
    pub(super) fn from_decoded(id: Cow<'a, str>) -> Option<Self> {
        is_plain_id(&id).then_some(Self {
            id,
            is_single: true,
        })
    }

    /// Adds another value of the same parameter.
    #[cfg(feature = "axum")]
    pub(super) fn and(self, other: &Self) -> Self {
        Self {
            is_single: self.is_single && other.is_single && self.id == other.id,
            ..self
        }
    }

    /// Returns whether this is the ID of the only owner. The lengths are compared first, then the
    /// bytes.
    #[inline]
    pub(super) fn matches(&self, id: &str) -> bool {
        self.is_single && self.id == id
    }
}

/// Returns whether every program finds exactly one segment in a parameter.
///
/// A proxy that forwards the decoded path turns `a%2Fb` into two segments, and a container that
/// removes path parameters turns `;x` into none. Either moves all later segments: another segment
/// is then at the owner's position, or an exempt path becomes a different path.
pub(super) fn is_one_segment(decoded: &[u8]) -> bool {
    let is_separator_or_control = |byte: &u8| *byte == b'/' || byte.is_ascii_control();
    !decoded.starts_with(b";") && !decoded.iter().any(is_separator_or_control)
}

/// Returns whether each `%` is followed by two hex digits. Programs disagree about other escapes:
/// some keep them, others drop or reject them.
fn has_whole_escapes(raw: &str) -> bool {
    raw.split('%').skip(1).all(|after| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    })
}

/// Returns whether a path can contain this ID. An ID that is empty, or that contains the end of a
/// segment, could be read as another user's.
#[inline]
fn is_plain_id(id: &str) -> bool {
    let is_plain_byte = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\' | b';');
    if !has_any(id, |byte| !is_plain_byte(byte)) {
        return !id.is_empty();
    }
    !id.contains(|c: char| matches!(c, '/' | '\\' | ';') || c.is_control())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ambiguous_paths_are_recognized() {
        for path in [
            "/", "/a", "/a/", "/a.b/c", "/.a/b", "/a/...", "/a./b", "/a:b", "/%3F", "/%20a",
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
    fn an_empty_id_or_an_id_with_a_delimiter_is_not_plain() {
        for id in ["", "/", "\\", ";", "\n", "/;", "a/b"] {
            assert!(!is_plain_id(id), "{id:?}");
        }
        for id in ["a", ".", "é", "a b", " ", "😀"] {
            assert!(is_plain_id(id), "{id:?}");
        }
    }

    #[test]
    fn an_owner_matches_the_id_that_its_parameter_decodes_to() {
        let matches = |raw, id| Owner::from_encoded(raw).is_some_and(|owner| owner.matches(id));
        for (raw, id) in [("a", "a"), ("%61", "a"), ("%2561", "%61"), ("%C3%A9", "é")] {
            assert!(matches(raw, id), "{raw} {id}");
        }
        for (raw, id) in [
            ("a", "b"),
            ("a", "ab"),
            ("%61", "%61"),
            ("%", "%"),
            ("%FF", "\u{FFFD}"),
        ] {
            assert!(!matches(raw, id), "{raw} {id}");
        }
    }

    #[cfg(feature = "axum")]
    #[test]
    fn several_values_name_an_owner_only_if_they_are_equal() {
        let owner = |ids: [&'static str; 2]| {
            let [one, other] = ids.map(|id| Owner::from_decoded(id.into()).unwrap());
            one.and(&other)
        };
        assert!(owner(["a", "a"]).matches("a"));
        for id in ["a", "b"] {
            assert!(!owner(["a", "b"]).matches(id), "{id}");
        }
    }

    /// If each comparison decoded the parameter, the test would read 180 GB and never end.
    #[test]
    fn a_parameter_is_decoded_once_for_any_number_of_ids() {
        let parameter = "%78".repeat(20_000);
        let owner = Owner::from_encoded(&parameter).unwrap();
        let ids = ["x", "y", ""].into_iter().cycle();
        assert!(!ids.take(3_000_000).any(|id| owner.matches(id)));
        assert!(owner.matches(&"x".repeat(20_000)));
    }
}
