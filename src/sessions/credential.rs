//! The forms of a session token, and its MAC; used by `sessions`.

use base64::{Engine, engine::general_purpose::STANDARD};
use memchr::{memchr, memchr3};

use crate::key::{Algorithm, Keys, SignatureCheck};

/// The length of a token, in letters and digits. It is the same in all releases of Better Auth.
const TOKEN_LEN: usize = 32;

/// The length of a MAC, an HMAC-SHA256, in bytes.
const MAC_LEN: usize = 32;

/// The length of a MAC in padded base64.
const ENCODED_MAC_LEN: usize = 44;

/// The percent-encoded forms of `+`, `/` and `=`, without `%`, in each spelling.
const SPELLINGS: [[&[u8; 2]; 3]; 2] = [[b"2B", b"2F", b"3D"], [b"2b", b"2f", b"3d"]];

/// A session token with its MAC: `<token>.<MAC>`, as in the cookie and in Better Auth's
/// `set-auth-token`.
pub(super) struct SignedToken<'a> {
    pub(super) token: &'a [u8],
    mac: [u8; MAC_LEN],
}

impl<'a> SignedToken<'a> {
    /// Reads a text that has exactly this form. The MAC may be percent-encoded, as JavaScript's
    /// `encodeURIComponent` does it or in lower case, but not in part: each session has only three
    /// spellings, so that a client cannot make up many.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let (token, rest) = text.split_at_checked(TOKEN_LEN)?;
        let token = raw_token(token)?;
        let encoded = rest.strip_prefix(b".")?;
        let encoded = match encoded.try_into() {
            Ok(plain) => plain,
            Err(_) => percent_decoded(encoded)?,
        };
        // The decoder checks the unused bits, so no MAC has a second encoding.
        let mut mac = [0; ENCODED_MAC_LEN / 4 * 3];
        let len = STANDARD.decode_slice(encoded, &mut mac).ok()?;
        let mac = mac.get(..len)?.try_into().ok()?;
        Some(Self { token, mac })
    }

    /// Returns whether one of these secrets made the MAC. The comparison takes constant time.
    pub(super) fn is_signed_with(&self, secrets: &Keys) -> bool {
        matches!(
            secrets.verify(Algorithm::HS256, None, self.token, &self.mac),
            SignatureCheck::Verified { .. }
        )
    }
}

/// Returns a token without a MAC, if it is exactly 32 letters and digits. Any other text could name
/// another entry of Better Auth's storage.
pub(super) fn raw_token(text: &[u8]) -> Option<&[u8]> {
    let bytes: &[u8; TOKEN_LEN] = text.try_into().ok()?;
    // Without an early exit, the compiler checks many bytes at a time.
    let is_token = { bytes.iter() }.fold(true, |is, byte| is & byte.is_ascii_alphanumeric());
    is_token.then_some(text)
}

/// Returns the base64 text of a MAC in which all of `+`, `/` and `=` are percent-encoded in the same
/// spelling.
fn percent_decoded(text: &[u8]) -> Option<[u8; ENCODED_MAC_LEN]> {
    if memchr3(b'+', b'/', b'=', text).is_some() {
        return None;
    }
    // The padding is the last character, so it shows the spelling.
    let spelling = { SPELLINGS.iter() }.find(|[_, _, padding]| text.ends_with(*padding))?;
    let mut plain = [0; ENCODED_MAC_LEN];
    let (mut free, mut rest) = (plain.as_mut_slice(), text);
    while let Some(start) = memchr(b'%', rest) {
        let (run, [_, code @ ..]) = rest.split_at_checked(start)? else {
            return None;
        };
        let (code, after) = code.split_first_chunk::<2>()?;
        let index = spelling.iter().position(|&spelled| spelled == code)?;
        free = push(push(free, run)?, b"+/=".get(index..=index)?)?;
        rest = after;
    }
    push(free, rest)?.is_empty().then_some(plain)
}

/// Copies bytes to the start of a slice, and returns the rest of it.
fn push<'s>(free: &'s mut [u8], bytes: &[u8]) -> Option<&'s mut [u8]> {
    let (place, free) = free.split_at_mut_checked(bytes.len())?;
    place.copy_from_slice(bytes);
    Some(free)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";

    fn has_form(text: &str) -> bool {
        SignedToken::parse(text.as_bytes()).is_some()
    }

    #[test]
    fn a_signed_token_has_three_spellings() {
        let mac = STANDARD.encode([0xfb; MAC_LEN]);
        assert!(mac.contains(['+', '/']) && mac.ends_with('='));
        let upper = mac
            .replace('+', "%2B")
            .replace('/', "%2F")
            .replace('=', "%3D");
        for mac in [
            &mac,
            &upper,
            &upper
                .replace("%2F", "%2f")
                .replace("%2B", "%2b")
                .replace("%3D", "%3d"),
        ] {
            let text = format!("{TOKEN}.{mac}");
            let signed = SignedToken::parse(text.as_bytes()).expect("the form is right");
            assert_eq!(
                (signed.token, signed.mac),
                (TOKEN.as_bytes(), [0xfb; MAC_LEN])
            );
        }
        let mixed = upper.replace("%3D", "=");
        assert!(!has_form(&format!("{TOKEN}.{mixed}")));
    }

    #[test]
    fn other_forms_are_rejected() {
        let mac = STANDARD.encode([0; MAC_LEN]);
        assert!(has_form(&format!("{TOKEN}.{mac}")));
        let unused_bits = mac.replace("A=", "B=");
        for text in [
            String::new(),
            TOKEN.to_owned(),
            format!("{TOKEN}."),
            format!("{TOKEN}{mac}"),
            format!("{TOKEN}..{mac}"),
            format!("{TOKEN}.{mac}="),
            format!("{TOKEN}.{mac}\n"),
            format!(" {TOKEN}.{mac}"),
            format!("{TOKEN}.{}", &mac[1..]),
            format!("{TOKEN}.A{mac}"),
            format!("{TOKEN}.{unused_bits}"),
            format!("{TOKEN}.%41{}", &mac[1..]),
            format!("{TOKEN}.-{}", &mac[1..]),
            format!("a{TOKEN}.{mac}"),
            format!("{}-.{mac}", &TOKEN[1..]),
            format!("active-sessions-{}.{mac}", &TOKEN[16..]),
            format!("{}%61.{mac}", &TOKEN[3..]),
        ] {
            assert!(!has_form(&text), "{text}");
        }
    }

    #[test]
    fn a_raw_token_is_32_letters_and_digits() {
        assert_eq!(raw_token(TOKEN.as_bytes()), Some(TOKEN.as_bytes()));
        for text in [
            "",
            &TOKEN[1..],
            "active-sessions-qrstuvwxyz012345",
            "abcdefghijklmnopqrstuvwxyz01234é",
        ] {
            assert_eq!(raw_token(text.as_bytes()), None, "{text}");
        }
    }
}
