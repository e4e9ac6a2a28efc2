//! Proxies that rewrite paths.

use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, percent_encode};

pub(super) type Rewrite = fn(&str) -> String;

pub(super) const PROXIES: [(&str, Rewrite); 3] = [
    ("the url crate", resolved_by_url),
    ("a decoding proxy", |path| decoded(path, false)),
    ("a servlet container", |path| decoded(path, true)),
];

/// Like browsers and most clients: resolves dot segments and treats a backslash as a slash.
fn resolved_by_url(path: &str) -> String {
    let url = url::Url::parse(&format!("http://example.com{path}"));
    url.unwrap().path().to_owned()
}

/// Like proxies that forward the decoded path: treats encoded slashes as slashes, merges repeated
/// slashes and resolves dot segments. Servlet containers also remove the parameters of segments.
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
            // An empty segment at the end is kept.
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
