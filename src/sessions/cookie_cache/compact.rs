//! The form `compact`: base64url of JSON with the content, its expiry, and a MAC.

use std::{borrow::Cow, time::Duration};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{super::record::Record, Payload};
use crate::{
    base64url,
    key::{Algorithm, Keys, SignatureCheck},
};

/// The JSON, whose parts keep their exact text.
#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    session: &'a RawValue,
    #[serde(borrow, rename = "expiresAt")]
    expires_at: &'a RawValue,
    #[serde(borrow)]
    signature: Cow<'a, str>,
}

/// Returns the content if a key made the MAC, and if it has not expired at `now`, the time since the
/// epoch.
pub(super) fn open(value: &[u8], keys: &Keys, now: Duration) -> Option<Payload> {
    let json = base64url::decode(value)?;
    let envelope: Envelope<'_> = serde_json::from_slice(&json).ok()?;
    let (content, expires_at) = (envelope.session.get(), envelope.expires_at.get());
    // Better Auth signs the content with the expiry as its last member. Nothing is serialized again
    // here, so the bytes are those that JavaScript wrote.
    let signed = format!(
        "{},\"expiresAt\":{expires_at}}}",
        content.strip_suffix('}')?
    );
    let mac = base64url::decode(envelope.signature.as_bytes())?;
    let check = keys.verify(Algorithm::HS256, None, signed.as_bytes(), &mac);
    if !matches!(check, SignatureCheck::Verified { .. }) {
        return None;
    }
    let milliseconds: f64 = expires_at.parse().ok()?;
    let is_valid = now.as_secs_f64() * 1000.0 < milliseconds;
    is_valid.then(|| Record::parse(content))?
}
