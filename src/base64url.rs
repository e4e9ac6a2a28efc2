//! Strict base64url: no padding, no white space, no other alphabet, no stray bits at the end
//! (RFC 7515 section 2, RFC 4648 sections 3.5 and 5). One text for one value, so that a token
//! cannot be changed and still verify.

use base64::{
    DecodeSliceError, Engine,
    engine::general_purpose::{GeneralPurpose, URL_SAFE_NO_PAD},
};

const STRICT: &GeneralPurpose = &URL_SAFE_NO_PAD;

/// Encoded bytes that are judged at a time; a multiple of four, so that only the last piece can
/// end inside a group.
const PIECE: usize = 512;

#[inline]
pub(crate) fn decode(encoded: &[u8]) -> Option<Vec<u8>> {
    STRICT.decode(encoded).ok()
}

/// Decodes to the front of `buffer`; `None` when it is malformed or does not fit.
#[inline]
pub(crate) fn decode_into<'a>(encoded: &[u8], buffer: &'a mut [u8]) -> Option<&'a [u8]> {
    let length = STRICT.decode_slice(encoded, buffer).ok()?;
    buffer.get(..length)
}

/// Whether `encoded` would decode. Takes constant memory.
pub(crate) fn is_strict(encoded: &[u8]) -> bool {
    let mut buffer = [0; PIECE / 4 * 3];
    encoded.chunks(PIECE).all(|piece| {
        let decoded: Result<usize, DecodeSliceError> = STRICT.decode_slice(piece, &mut buffer);
        decoded.is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn judging_and_decoding_agree_at_every_length_around_a_piece() {
        for length in 0..3 * PIECE {
            let start = "A".repeat(length);
            for last in ["", "B", "="] {
                let text = format!("{start}{last}");
                let decodes = decode(text.as_bytes()).is_some();
                assert_eq!(is_strict(text.as_bytes()), decodes, "{length} and {last:?}");
                assert!(!(decodes && last == "="));
            }
        }
    }
}
