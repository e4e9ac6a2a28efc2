//! Describes a rejected token for the log; used by the verifier.

use serde::Deserialize;

use super::{
    claims::Claims,
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    error::TokenError,
    header::Header,
    hint,
};
use crate::json::ClaimValue;

/// In characters. All registered signature algorithms have shorter names.
const MAX_ALGORITHM_LEN: usize = 16;

/// In characters. Key IDs are usually shorter.
const MAX_KEY_ID_LEN: usize = 64;

/// The description of a rejected token for the log. The header is unverified.
#[derive(Default)]
pub(crate) struct HeaderSummary {
    /// Escaped and shortened unless it is a known algorithm.
    pub(crate) algorithm: Option<String>,
    /// Escaped and shortened.
    pub(crate) key_id: Option<String>,
    /// The likely cause, if the error does not show it.
    pub(crate) hint: Option<&'static str>,
}

impl HeaderSummary {
    pub(crate) fn hint(hint: &'static str) -> Self {
        Self {
            hint: Some(hint),
            ..Self::default()
        }
    }

    pub(super) fn from_token(token: &[u8], error: TokenError) -> Option<Self> {
        let compact = Compact::split(token).ok()?;
        let mut buffer = [0; INLINE_HEADER_LEN];
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
            hint: wrong_time(&compact, error),
        })
    }
}

/// Returns the problem with the token's times. The claims are read only for errors about a time,
/// which occur after the signature has been verified.
fn wrong_time(compact: &Compact<'_>, error: TokenError) -> Option<&'static str> {
    if !matches!(
        error,
        TokenError::Claims | TokenError::Expired | TokenError::NotYetValid
    ) {
        return None;
    }
    let mut buffer = [0; INLINE_CLAIMS_LEN];
    let json = compact.decode_payload(&mut buffer).ok()?;
    hint::wrong_time(&Claims::parse(&json).ok()?, error)
}

/// Returns the escaped start of the `alg` in a header that has already been parsed. Spaces are
/// escaped too: fields are logged without quotes, so text after a space would look like another
/// field.
fn unknown_algorithm(json: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Algorithm<'a> {
        #[serde(borrow, default)]
        alg: ClaimValue<'a>,
    }

    let ClaimValue::Text(name) = serde_json::from_slice::<Algorithm<'_>>(json).ok()?.alg else {
        return None;
    };
    let escaped: String = escape_start(&name, MAX_ALGORITHM_LEN).collect();
    Some(escaped.replace(' ', "\\u{20}"))
}

fn escape_start(text: &str, max_chars: usize) -> impl Iterator<Item = char> {
    text.chars().take(max_chars).flat_map(char::escape_default)
}
