//! Limits the nesting depth of JSON; used by `token` and `key`.

use memchr::memchr2_iter;

/// The maximum depth of arrays and objects in a header, in claims, or in a key set, including
/// skipped values, for which serde_json has no limit.
const MAX_DEPTH: usize = 64;

/// Returns whether `json` is nested deeper than [`MAX_DEPTH`].
///
/// Most documents contain no more brackets than that in total, and counting brackets is fast. Only
/// the others are scanned.
#[inline]
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    let has_more = memchr2_iter(b'[', b'{', json).nth(MAX_DEPTH).is_some();
    has_more && depth(json) > MAX_DEPTH
}

fn depth(json: &[u8]) -> usize {
    let (mut current, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                current += 1;
                deepest = deepest.max(current);
            }
            b']' | b'}' => current = current.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn skip_string<'a>(bytes: &mut impl Iterator<Item = &'a u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> String {
        "[{\"a\":".repeat(depth / 2) + "0" + &"}]".repeat(depth / 2)
    }

    #[test]
    fn at_most_64_levels_are_allowed() {
        assert!(!is_too_deep(nested(64).as_bytes()));
        assert!(is_too_deep(nested(66).as_bytes()));
    }

    #[test]
    fn only_nested_brackets_outside_strings_add_depth() {
        assert!(!is_too_deep("[],".repeat(1000).as_bytes()));
        assert!(!is_too_deep(
            format!("[\"\\\"{}\"]", "[".repeat(1000)).as_bytes()
        ));
    }
}
