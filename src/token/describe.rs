use serde::Deserialize;

use super::{
    compact::{Compact, USUAL_HEADER},
    header::Header,
};
use crate::json::Value;

/// In characters. No registered algorithm for signatures has a longer name.
const MAX_ALGORITHM_LEN: usize = 16;

/// In characters: more than any key id that an issuer would choose.
const MAX_KEY_ID_LEN: usize = 64;

/// What the header of a token says of it, for whoever reads the log. Nobody has verified it.
#[derive(Default)]
pub(crate) struct Described {
    /// Escaped and cut, if it is not a known one.
    pub(crate) algorithm: Option<String>,
    /// Escaped and cut.
    pub(crate) key_id: Option<String>,
}

impl Described {
    pub(super) fn of(token: &[u8]) -> Option<Self> {
        let compact = Compact::split(token).ok()?;
        let mut buffer = [0; USUAL_HEADER];
        let json = compact.decode_header(&mut buffer).ok()?;
        let header = Header::read(&json).ok()?;
        Some(Self {
            algorithm: match header.alg {
                Some(known) => Some(known.to_string()),
                None => unknown_algorithm(&json),
            },
            key_id: header
                .kid
                .map(|kid| escape_start(&kid, MAX_KEY_ID_LEN).collect()),
        })
    }
}

/// Returns the start of the `alg` in a header that was read before, escaped. A space is escaped too:
/// fields are logged without quotes, so what follows a space would look like another field.
fn unknown_algorithm(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Algorithm<'a> {
        #[serde(borrow, default)]
        alg: Value<'a>,
    }

    let Value::Text(name) = serde_json::from_slice::<Algorithm<'_>>(json).ok()?.alg else {
        return None;
    };
    let escaped: String = escape_start(&name, MAX_ALGORITHM_LEN).collect();
    Some(escaped.replace(' ', "\\u{20}"))
}

fn escape_start(text: &str, max_chars: usize) -> impl Iterator<Item = char> {
    text.chars().take(max_chars).flat_map(char::escape_default)
}
