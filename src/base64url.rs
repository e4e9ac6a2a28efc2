//! Strict base64url: no padding, no white space, no other alphabet, and no stray bits at the end
//! (RFC 7515 section 2, RFC 4648 sections 3.5 and 5). Each value has exactly one encoding, so a
//! valid token cannot be changed into another valid token. Used for tokens and keys.

#[cfg(not(feature = "simd"))]
pub(crate) use self::scalar::{decode, decode_into, is_strict};
#[cfg(feature = "simd")]
pub(crate) use self::vectors::{decode, decode_into, is_strict};

#[cfg(feature = "test-kit")]
pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, bytes)
}

#[cfg(any(test, not(feature = "simd")))]
mod scalar {
    use base64::{
        DecodeSliceError, Engine,
        engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD},
    };

    const STRICT: &GeneralPurpose = &URL_SAFE_NO_PAD;

    /// The number of encoded bytes that are checked at a time. It is a multiple of four, so only
    /// the last chunk can end inside a group.
    pub(super) const CHUNK_LEN: usize = 512;

    #[inline]
    pub(crate) fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
        STRICT.decode(encoded).ok()
    }

    /// Decodes into the start of `buffer`. Returns `None` if the input is malformed or too long.
    #[inline]
    pub(crate) fn decode_into<'a>(encoded: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        let length = STRICT.decode_slice(encoded, buffer).ok()?;
        buffer.get(..length)
    }

    /// Returns whether `encoded` can be decoded, in constant memory.
    pub(crate) fn is_strict(encoded: &[u8]) -> bool {
        let mut buffer = [0; CHUNK_LEN / 4 * 3];
        encoded.chunks(CHUNK_LEN).all(|chunk| {
            let decoded: Result<usize, DecodeSliceError> = STRICT.decode_slice(chunk, &mut buffer);
            decoded.is_ok()
        })
    }
}

/// The same functions with vector instructions.
#[cfg(feature = "simd")]
mod vectors {
    use base64_simd::{AsOut, URL_SAFE_NO_PAD};

    #[inline]
    pub(crate) fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
        URL_SAFE_NO_PAD.decode_to_vec(encoded).ok()
    }

    #[inline]
    pub(crate) fn decode_into<'a>(encoded: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
        // The decoder panics if the buffer is too small.
        if URL_SAFE_NO_PAD.decoded_length(encoded).ok()? > buffer.len() {
            return None;
        }
        let decoded = URL_SAFE_NO_PAD.decode(encoded, buffer.as_out()).ok()?;
        Some(decoded)
    }

    #[inline]
    pub(crate) fn is_strict(encoded: &[u8]) -> bool {
        URL_SAFE_NO_PAD.check(encoded).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::{scalar::CHUNK_LEN, *};

    /// Decodes with every function of both implementations, and checks that the results agree.
    fn decoded(text: &[u8]) -> Option<Vec<u8>> {
        let decoded = decode(text);
        let mut buffer = [0xAA; 3 * CHUNK_LEN];
        assert_eq!(decode_into(text, &mut buffer), decoded.as_deref());
        assert_eq!(is_strict(text), decoded.is_some(), "{text:?}");
        assert_eq!(scalar::decode(text), decoded, "{text:?}");
        let scalar = scalar::decode_into(text, &mut buffer);
        assert_eq!(scalar, decoded.as_deref());
        assert_eq!(scalar::is_strict(text), decoded.is_some(), "{text:?}");
        decoded
    }

    #[test]
    fn validating_and_decoding_agree_at_every_length() {
        for length in 0..3 * CHUNK_LEN {
            let start = "A".repeat(length);
            for last in ["", "B", "="] {
                let text = format!("{start}{last}");
                assert!(!(decoded(text.as_bytes()).is_some() && last == "="));
            }
        }
    }

    #[test]
    fn a_byte_outside_the_alphabet_is_rejected_at_any_position() {
        for length in [4, 8, 16, 43, 64, 86, 100] {
            for at in 0..length {
                for byte in 0..=u8::MAX {
                    let mut text = vec![b'A'; length];
                    text[at] = byte;
                    // In an incomplete group, the last character has unused bits.
                    let has_unused_bits = at + 1 == length && length % 4 != 0;
                    let is_digit = byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
                    let decodes = decoded(&text).is_some();
                    assert!(!decodes || is_digit, "{text:?}");
                    assert!(decodes || !is_digit || has_unused_bits, "{text:?}");
                }
            }
        }
    }

    #[test]
    fn an_incomplete_group_must_end_in_zero_bits() {
        let digits = (0..=u8::MAX)
            .filter(|byte| byte.is_ascii_alphanumeric() || *byte == b'-' || *byte == b'_');
        let digits: Vec<u8> = digits.collect();
        for start in ["", "AAAA", &"A".repeat(64)] {
            let count = |tail: &str| {
                let texts = digits
                    .iter()
                    .map(|&last| [start.as_bytes(), tail.as_bytes(), &[last]].concat());
                texts.filter(|text| decoded(text).is_some()).count()
            };
            // One byte leaves four unused bits, two bytes leave two.
            assert_eq!(count("A"), 4);
            assert_eq!(count("AA"), 16);
            assert_eq!(count("AAA"), 64);
            assert_eq!(count(""), 0);
        }
    }

    #[test]
    fn input_that_does_not_fit_the_buffer_is_not_decoded() {
        for length in 0..40 {
            let mut buffer = vec![0; length];
            let fits = decode_into(&[b'A'; 43], &mut buffer).is_some();
            assert!(!fits || length >= 32);
        }
        assert!(decode_into(&[b'A'; 43], &mut [0; 33]).is_some());
    }
}
