//! Replaces lone surrogates in JSON: JavaScript strings may contain them, and Rust's cannot. Without
//! this, a user with such a name would have no session. Used by `record`.

use std::borrow::Cow;

/// Replaces each escape of a lone surrogate, such as `\ud800`, with the escape of U+FFFD, as
/// JavaScript does when it encodes such a string as UTF-8.
pub(super) fn replace_lone_surrogates(json: &str) -> Cow<'_, str> {
    let mut result = Cow::Borrowed(json);
    let mut rest = json;
    while let Some(start) = rest.find('\\') {
        let escape = &rest.as_bytes()[start..];
        let len = match surrogate(escape) {
            None => 2,
            Some(Half::High)
                if surrogate(escape.get(6..).unwrap_or_default()) == Some(Half::Low) =>
            {
                12
            }
            Some(_) => {
                let offset = json.len() - rest.len() + start;
                result.to_mut().replace_range(offset..offset + 6, "\\ufffd");
                6
            }
        };
        rest = rest.get(start + len..).unwrap_or_default();
    }
    result
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    High,
    Low,
}

/// Returns which half of a surrogate pair a text starts with, if it starts with the escape of one.
fn surrogate(text: &[u8]) -> Option<Half> {
    let digits = text.get(..6)?.strip_prefix(b"\\u")?;
    let digits = std::str::from_utf8(digits).ok()?;
    match u16::from_str_radix(digits, 16).ok()? {
        0xd800..=0xdbff => Some(Half::High),
        0xdc00..=0xdfff => Some(Half::Low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lone_surrogates_are_replaced() {
        for (json, expected) in [
            (r#""a""#, r#""a""#),
            (r#""\ud83d\ude00""#, r#""\ud83d\ude00""#),
            (r#""\ud83d""#, r#""\ufffd""#),
            (r#""\uDE00x""#, r#""\ufffdx""#),
            (r#""\ude00\ud83d""#, r#""\ufffd\ufffd""#),
            (r#""\ud83d\ud83d\ude00""#, r#""\ufffd\ud83d\ude00""#),
            (r#""\\ud83d""#, r#""\\ud83d""#),
            (r#""\\\ud83d""#, r#""\\\ufffd""#),
            (r#""é\ud83dé""#, r#""é\ufffdé""#),
            (r#""\u+123""#, r#""\u+123""#),
            (r#""\ud8""#, r#""\ud8""#),
            ("\\é", "\\é"),
            ("\\", "\\"),
        ] {
            assert_eq!(replace_lone_surrogates(json), expected, "{json}");
        }
    }
}
