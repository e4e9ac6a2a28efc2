//! Checks that a claim cannot end a header, a log line, or a C string early; used by `policy`.

/// Returns whether the string contains no control character.
#[inline(always)]
pub(super) fn has_no_control(text: &str) -> bool {
    is_printable_ascii(text.as_bytes()) || !text.contains(char::is_control)
}

/// Returns whether the string contains no control character and is not blank.
#[inline(always)]
pub(super) fn is_visible(text: &str) -> bool {
    let starts_visibly = text.as_bytes().first().is_some_and(u8::is_ascii_graphic);
    has_no_control(text) && (starts_visibly || !text.trim_start().is_empty())
}

/// Returns whether all bytes are printable ASCII, from the space to the tilde, as in most claims.
///
/// It checks eight bytes at a time: adding 1 sets the high bit of DEL, and subtracting a space sets
/// the high bit of a control character.
#[inline(always)]
fn is_printable_ascii(bytes: &[u8]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
    const SPACES: u64 = u64::from_ne_bytes([b' '; 8]);
    const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);
    let mark_unprintable = |chunk: &[u8; 8]| {
        let word = u64::from_le_bytes(*chunk);
        word | word.wrapping_add(ONES) | word.wrapping_sub(SPACES)
    };
    match (bytes.as_chunks::<8>().0, bytes.last_chunk::<8>()) {
        // The last eight bytes overlap the previous chunks, so no remainder is left.
        (chunks, Some(last)) => {
            let marks = chunks.iter().fold(mark_unprintable(last), |marks, chunk| {
                marks | mark_unprintable(chunk)
            });
            marks & HIGH_BITS == 0
        }
        _ => bytes.iter().all(|byte| matches!(byte, b' '..=b'~')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_of_any_length_is_checked_to_its_last_byte() {
        for len in 0..40 {
            let text = "a ~".chars().cycle().take(len).collect::<String>();
            assert!(has_no_control(&text), "{len}");
            assert_eq!(is_visible(&text), len > 0, "{len}");
            for position in 0..len {
                for code in 0..0x180_u32 {
                    let c = char::from_u32(code).unwrap();
                    let mut chars: Vec<char> = text.chars().collect();
                    chars[position] = c;
                    let text = String::from_iter(chars);
                    assert_eq!(has_no_control(&text), !c.is_control(), "{text:?}");
                }
            }
        }
    }

    #[test]
    fn a_blank_string_is_not_visible() {
        for blank in ["", " ", "         ", "\u{a0}", "\u{2003}\u{3000}"] {
            assert!(has_no_control(blank) && !is_visible(blank), "{blank:?}");
        }
        for visible in ["a", " a", "\u{a0}é", "é"] {
            assert!(is_visible(visible), "{visible:?}");
        }
    }
}
