//! Detects stray quotes and white space around a configured string, which come from an env file, a
//! YAML file, or copying. No issuer writes them into a token, so the string would match no token.
//! Used by the builder.

/// Returns the problem with the ends of a string, if any. A blank string is reported elsewhere.
pub(crate) fn stray_ends(text: &str) -> Option<&'static str> {
    if is_blank(text) {
        return None;
    }
    let mut inner = text.chars();
    let (first, last) = (inner.next()?, inner.next_back());
    if matches!(first, '"' | '\'') && last == Some(first) {
        Some("is in quotes")
    } else if is_blank_char(first) {
        Some("starts with white space")
    } else if last.is_some_and(is_blank_char) {
        Some("ends in white space")
    } else {
        None
    }
}

/// Returns whether a string has no visible characters.
pub(crate) fn is_blank(text: &str) -> bool {
    text.chars().all(is_blank_char)
}

/// Returns whether a character is white space, a zero-width space, or a byte order mark.
fn is_blank_char(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{200b}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stray_quotes_and_white_space_are_described() {
        for (text, expected) in [
            ("\"a\"", Some("is in quotes")),
            ("'a'", Some("is in quotes")),
            ("\" a\"", Some("is in quotes")),
            (" a", Some("starts with white space")),
            ("\u{a0}a", Some("starts with white space")),
            ("\u{feff}a", Some("starts with white space")),
            ("a ", Some("ends in white space")),
            ("a\t", Some("ends in white space")),
            ("a\r\n", Some("ends in white space")),
            ("\"a\"\n", Some("ends in white space")),
            ("a\u{200b}", Some("ends in white space")),
            ("''", Some("is in quotes")),
            ("\"", None),
            ("\"a", None),
            ("a'", None),
            ("\"a'", None),
            ("a b", None),
            ("a", None),
            ("", None),
            ("  ", None),
        ] {
            assert_eq!(stray_ends(text), expected, "{text:?}");
        }
    }
}
