//! Checks that a signature is encoded in the only valid way; used by `verifying_key`.

use super::material::KeyComponents;

/// The order of the Ed25519 group (RFC 8032 section 5.1), little-endian as in a signature.
const ED25519_ORDER: [u8; 32] = [
    0xED, 0xD3, 0xF5, 0x5C, 0x1A, 0x63, 0x12, 0x58, 0xD6, 0x9C, 0xF7, 0xA2, 0xDE, 0xF9, 0xDE, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// Returns whether a signature has the only valid encoding for this key.
///
/// A second encoding of the same signature would turn one token into two. Not every backend rejects
/// all of them: the `rsa` crate accepts an RSASSA-PSS signature to which the modulus was added, and
/// `ed25519-dalek` accepts S + L if any crate of the program enables its feature
/// `legacy_compatibility`. For ECDSA, both backends check the range of r and s themselves.
pub(super) fn is_canonical(signature: &[u8], key: &KeyComponents) -> bool {
    match key {
        // RFC 8017 sections 8.1.2 and 8.2.2 (length) and 5.2.2 (range).
        KeyComponents::Rsa { n, .. } => signature.len() == n.len() && signature < n.as_slice(),
        // RFC 7518 section 3.4.
        KeyComponents::Ec { curve, .. } => signature.len() == 2 * curve.width(),
        // RFC 8032 section 5.1.7.
        KeyComponents::Ed25519 { .. } => {
            signature.len() == 64
                && signature
                    .iter()
                    .skip(32)
                    .rev()
                    .lt(ED25519_ORDER.iter().rev())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::material::Curve, *};

    #[test]
    fn an_rsa_signature_is_as_long_as_the_modulus_and_below_it() {
        let n = vec![0x80, 0, 1];
        let key = KeyComponents::Rsa { n, e: vec![3] };
        for (signature, expected) in [
            (&[0x80, 0, 0][..], true),
            (&[0, 0, 0], true),
            (&[0x7F, 0xFF, 0xFF], true),
            (&[0x80, 0, 1], false),
            (&[0x80, 0, 2], false),
            (&[0xFF, 0xFF, 0xFF], false),
            (&[0, 1], false),
            (&[0, 0, 0, 1], false),
            (&[], false),
        ] {
            assert_eq!(is_canonical(signature, &key), expected, "{signature:?}");
        }
    }

    #[test]
    fn an_ecdsa_signature_is_two_coordinates_long() {
        for (curve, length) in [(Curve::P256, 64), (Curve::P384, 96), (Curve::P521, 132)] {
            let key = KeyComponents::ec(curve, &[], &[]);
            for other in 0..200 {
                let signature = vec![1; other];
                assert_eq!(is_canonical(&signature, &key), other == length, "{other}");
            }
        }
    }

    #[test]
    fn an_ed25519_s_is_below_the_group_order() {
        let key = KeyComponents::Ed25519 { x: vec![0; 32] };
        let with_s = |s: [u8; 32]| [[0xFF; 32], s].concat();
        let changed = |index: usize, byte: u8| {
            let mut s = ED25519_ORDER;
            s[index] = byte;
            with_s(s)
        };
        for (row, signature, expected) in [
            ("0", with_s([0; 32]), true),
            ("L - 1", changed(0, 0xEC), true),
            ("L", with_s(ED25519_ORDER), false),
            ("L + 1", changed(0, 0xEE), false),
            ("less in its highest byte", changed(31, 0x0F), true),
            ("more in its highest byte", changed(31, 0x11), false),
            ("all ones", with_s([0xFF; 32]), false),
            ("63 bytes", with_s([0; 32])[1..].to_vec(), false),
            ("65 bytes", [&with_s([0; 32])[..], &[0]].concat(), false),
        ] {
            assert_eq!(is_canonical(&signature, &key), expected, "{row}");
        }
    }
}
