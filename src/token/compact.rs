//! Splits and decodes the compact form of a token; used by `issuer` and the verifier.

use std::borrow::Cow;

use memchr::{memchr, memrchr};

use super::error::TokenError;
use crate::base64url;

/// In bytes. Most headers are shorter.
pub(crate) const INLINE_HEADER_LEN: usize = 192;

/// In bytes. Most claims are shorter and need no allocation until the token is accepted.
pub(crate) const INLINE_CLAIMS_LEN: usize = 512;

/// The three parts of a JWS in compact serialization (RFC 7515 section 7.1), still encoded.
#[derive(Clone, Copy)]
pub(crate) struct Compact<'a> {
    pub(crate) header: &'a [u8],
    pub(crate) payload: &'a [u8],
    pub(crate) signature: &'a [u8],
    /// The signed bytes: the header and the payload, with the dot between them.
    pub(crate) signing_input: &'a [u8],
}

impl<'a> Compact<'a> {
    /// Splits at the first and the last dot. Any dot between them stays in the payload, where
    /// base64url decoding rejects it.
    #[inline]
    pub(crate) fn split(token: &'a [u8]) -> Result<Self, TokenError> {
        Self::parts(token).ok_or_else(|| {
            if is_opaque_session_token(token) {
                TokenError::OpaqueSessionToken
            } else {
                TokenError::Malformed
            }
        })
    }

    #[inline]
    fn parts(token: &'a [u8]) -> Option<Self> {
        let first = memchr(b'.', token)?;
        let last = memrchr(b'.', token)?;
        let compact = Self {
            header: token.get(..first)?,
            payload: token.get(first + 1..last)?,
            signature: token.get(last + 1..)?,
            signing_input: token.get(..last)?,
        };
        let any_empty =
            compact.header.is_empty() || compact.payload.is_empty() || compact.signature.is_empty();
        (!any_empty).then_some(compact)
    }

    /// Decodes the header, into `buffer` if it is short.
    pub(crate) fn decode_header<'b>(
        &self,
        buffer: &'b mut [u8; INLINE_HEADER_LEN],
    ) -> Result<Cow<'b, [u8]>, TokenError> {
        decode(self.header, buffer).ok_or(TokenError::Malformed)
    }

    /// Decodes the claims as JSON, into `buffer` if they are short.
    #[inline]
    pub(crate) fn decode_payload<'b>(
        &self,
        buffer: &'b mut [u8; INLINE_CLAIMS_LEN],
    ) -> Result<Cow<'b, str>, TokenError> {
        let json = decode(self.payload, buffer).ok_or_else(|| self.form_error())?;
        match json {
            Cow::Borrowed(json) => std::str::from_utf8(json).ok().map(Cow::Borrowed),
            Cow::Owned(json) => String::from_utf8(json).ok().map(Cow::Owned),
        }
        .ok_or(TokenError::Claims)
    }

    /// Decodes the signature, into `buffer` if it is short.
    #[inline]
    pub(crate) fn decode_signature<'b>(&self, buffer: &'b mut [u8]) -> Option<Cow<'b, [u8]>> {
        decode(self.signature, buffer)
    }

    /// Returns the error for a token that does not have the form of a JWS.
    #[cold]
    pub(crate) fn form_error(&self) -> TokenError {
        if self.has_jwe_form() {
            TokenError::Encrypted
        } else {
            TokenError::Malformed
        }
    }

    /// Returns the error for a token whose header is not acceptable. A header with `enc` indicates
    /// a JWE only if the token has the form of a JWE or a JWS.
    #[cold]
    pub(crate) fn header_error(&self, error: TokenError) -> TokenError {
        if error == TokenError::Encrypted && !self.is_well_formed() {
            self.form_error()
        } else {
            error
        }
    }

    /// Returns whether the token has the five parts of a JWE (RFC 7516 section 7.1), some of which
    /// may be empty.
    fn has_jwe_form(&self) -> bool {
        let mut inner = 0;
        let is_base64url = self.payload.split(|&byte| byte == b'.').all(|part| {
            inner += 1;
            inner <= 3 && base64url::is_strict(part)
        });
        is_base64url && inner == 3 && base64url::is_strict(self.signature)
    }

    /// Returns whether the payload and the signature are base64url. Called only for a token that is
    /// rejected before they are decoded, so that a malformed token is reported as malformed.
    pub(crate) fn is_well_formed(&self) -> bool {
        base64url::is_strict(self.payload) && base64url::is_strict(self.signature)
    }
}

#[inline]
fn decode<'b>(encoded: &[u8], buffer: &'b mut [u8]) -> Option<Cow<'b, [u8]>> {
    if encoded.len() <= buffer.len() / 3 * 4 {
        base64url::decode_into(encoded, buffer).map(Cow::Borrowed)
    } else {
        base64url::decode(encoded).map(Cow::Owned)
    }
}

/// Returns whether this is a session token of Better Auth, in any form that its `bearer()` plugin
/// accepts: an ID of 32 letters and digits, alone or followed by a dot and a padded base64 MAC of
/// 32 bytes. The MAC is percent-encoded if it comes from a cookie.
fn is_opaque_session_token(token: &[u8]) -> bool {
    let Some((id, mac)) = token.split_at_checked(32) else {
        return false;
    };
    let is_mac = match mac {
        [] => true,
        [b'.', mac @ ..] => {
            !mac.contains(&b'.')
                && (mac.ends_with(b"%3D") || mac.len() == 44 && mac.ends_with(b"="))
        }
        _ => false,
    };
    id.iter().all(u8::is_ascii_alphanumeric) && is_mac
}
