//! The form `jwt`: a JWT with a MAC. The JWT under a public key has the same content.

use serde::Deserialize;

use super::{super::record::Record, Payload};
use crate::{
    base64url,
    key::{Algorithm, Keys, SignatureCheck},
};

/// The audience of a JWT under a public key.
pub(super) const AUDIENCE: &str = "better-auth:session-cache";

/// The header has only this member, and no other is accepted.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header<'a> {
    alg: &'a str,
}

/// Returns the content if a key made the MAC. The caller checks the expiry.
pub(super) fn open(jwt: &[u8], keys: &Keys) -> Option<Payload> {
    let end = jwt.iter().rposition(|&byte| byte == b'.')?;
    let (signed, mac) = (jwt.get(..end)?, jwt.get(end + 1..)?);
    let split = signed.iter().position(|&byte| byte == b'.')?;
    let header = base64url::decode(signed.get(..split)?)?;
    let header: Header<'_> = serde_json::from_slice(&header).ok()?;
    let mac = base64url::decode(mac)?;
    let check = keys.verify(Algorithm::HS256, None, signed, &mac);
    if header.alg != "HS256" || !matches!(check, SignatureCheck::Verified { .. }) {
        return None;
    }
    let content = base64url::decode(signed.get(split + 1..)?)?;
    Record::parse(std::str::from_utf8(&content).ok()?)
}
