//! Proxies that make another path of one.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

pub(super) type Hop = fn(&str) -> String;

pub(super) const HOPS: [(&str, Hop); 3] = [
    ("the url crate", by_url),
    ("decoded, slashes merged", |path| decoded(path, false)),
    ("parameters cut off too", |path| decoded(path, true)),
];

/// As browsers and most clients make it: dot segments are resolved, and a backslash is a slash.
fn by_url(path: &str) -> String {
    let url = url::Url::parse(&format!("http://example.com{path}"));
    url.unwrap().path().to_owned()
}

/// As proxies do that pass on what they have decoded: encoded slashes are slashes then, several are
/// one, and dot segments are resolved. Servlet containers also cut off the parameters of segments.
fn decoded(path: &str, cuts_parameters: bool) -> String {
    let path: Vec<u8> = if cuts_parameters {
        let segments = path.split('/').map(|segment| segment.split(';').next());
        let cut: Vec<_> = segments.flatten().collect();
        percent_decode_str(&cut.join("/")).collect()
    } else {
        percent_decode_str(path).collect()
    };
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut pieces = path.split(|byte| matches!(byte, b'/' | b'\\')).peekable();
    while let Some(piece) = pieces.next() {
        match piece {
            b".." => drop(kept.pop()),
            // One at the end stays.
            b"" | b"." if pieces.peek().is_some() || piece == b"." => {}
            _ => kept.push(piece),
        }
    }
    let encode = |piece: &&[u8]| format!("/{}", percent_encode(piece, NON_ALPHANUMERIC));
    let path: String = kept.iter().map(encode).collect();
    if path.is_empty() {
        "/".to_owned()
    } else {
        path
    }
}
