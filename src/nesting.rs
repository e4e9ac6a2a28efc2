use memchr::memchr2_iter;

/// How deep the arrays and objects of a header, of claims or of a key set may nest, those included
/// that are skipped: serde_json bounds only what it builds.
const MAX_DEPTH: usize = 64;

/// Whether `json` nests deeper than [`DEEPEST`].
///
/// Most texts have fewer brackets than that in all, which is quick to count. Only the others are
/// walked.
#[inline]
pub(crate) fn is_too_deep(json: &[u8]) -> bool {
    let has_more = memchr2_iter(b'[', b'{', json).nth(MAX_DEPTH).is_some();
    has_more && depth(json) > MAX_DEPTH
}

fn depth(json: &[u8]) -> usize {
    let (mut now, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'[' | b'{' => {
                now += 1;
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
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
    fn sixty_four_levels_are_allowed_and_no_more() {
        assert!(!is_too_deep(nested(64).as_bytes()));
        assert!(is_too_deep(nested(66).as_bytes()));
    }

    #[test]
    fn brackets_side_by_side_or_inside_a_string_are_no_depth() {
        assert!(!is_too_deep("[],".repeat(1000).as_bytes()));
        assert!(!is_too_deep(
            format!("[\"\\\"{}\"]", "[".repeat(1000)).as_bytes()
        ));
    }
}
