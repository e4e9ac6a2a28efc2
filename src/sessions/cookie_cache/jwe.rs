//! The form `jwe`: an encrypted JWT (RFC 7516) with `dir` and `A256CBC-HS512` (RFC 7518 section 5.2).

use aes::Aes256;
use cbc::{
    Decryptor,
    cipher::{BlockModeDecrypt, KeyIvInit, block_padding::Pkcs7},
};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use serde::Deserialize;
use sha2::{Sha256, Sha512};
use zeroize::Zeroizing;

use super::{super::record::Record, Payload};
use crate::{base64url, key::Secret};

/// The salt and the purpose of the key that Better Auth derives from its secret (RFC 5869).
const SALT: &[u8] = b"better-auth-session";
const PURPOSE: &[u8] = b"BetterAuth.js Generated Encryption Key";

/// The length of each half of the key, in bytes: one for the MAC, and one for AES.
const HALF_LEN: usize = 32;

const IV_LEN: usize = 16;

/// The MAC is the first half of an HMAC-SHA512.
const MAC_LEN: usize = 32;

/// The key that is derived from a secret.
pub(super) struct DecryptionKey {
    mac: Hmac<Sha512>,
    aes: Zeroizing<[u8; HALF_LEN]>,
}

/// The header. `kid` is not compared, because the MAC shows which key it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
    enc: &'a str,
    #[serde(rename = "kid")]
    _kid: Option<&'a str>,
}

impl DecryptionKey {
    pub(super) fn new(secret: &Secret) -> Self {
        let mut key = Zeroizing::new([0; 2 * HALF_LEN]);
        Hkdf::<Sha256>::new(Some(SALT), secret.as_bytes())
            .expand(PURPOSE, key.as_mut_slice())
            .expect("64 bytes are within the limit of HKDF-SHA256");
        let (mac, aes) = key.split_at(HALF_LEN);
        Self {
            mac: Hmac::new_from_slice(mac).expect("HMAC accepts keys of any length"),
            aes: Zeroizing::new(std::array::from_fn(|index| aes[index])),
        }
    }

    /// Returns the content if this key encrypted it. The caller checks the expiry.
    pub(super) fn open(&self, jwe: &[u8]) -> Option<Payload> {
        let mut parts = jwe.split(|&byte| byte == b'.');
        let mut next = || parts.next();
        let (encoded_header, encrypted_key) = (next()?, next()?);
        let (iv, content, mac) = (next()?, next()?, next()?);
        let header = base64url::decode(encoded_header)?;
        let header: Header<'_> = serde_json::from_slice(&header).ok()?;
        let is_supported = header.alg == "dir" && header.enc == "A256CBC-HS512";
        if !is_supported || !encrypted_key.is_empty() {
            return None;
        }
        let iv: [u8; IV_LEN] = base64url::decode(iv)?.as_slice().try_into().ok()?;
        let mac: [u8; MAC_LEN] = base64url::decode(mac)?.as_slice().try_into().ok()?;
        let mut content = base64url::decode(content)?;
        // The length of the header in bits comes last.
        let bits = 8 * encoded_header.len() as u64;
        let state = { self.mac.clone() }
            .chain_update(encoded_header)
            .chain_update(iv)
            .chain_update(&content)
            .chain_update(bits.to_be_bytes());
        // The MAC is checked before anything is decrypted, so the padding reveals nothing.
        state.verify_truncated_left(&mac).ok()?;
        let cipher = Decryptor::<Aes256>::new((&*self.aes).into(), &iv.into());
        let json = cipher.decrypt_padded::<Pkcs7>(&mut content).ok()?;
        Record::parse(std::str::from_utf8(json).ok()?)
    }
}
