//! [`SessionKey`]: signs the session IDs of an MCP server, so that only the user who got an ID can
//! use it; used by `rules`.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderName, HeaderValue};
use sha2::Sha256;

use crate::{base64url, key::Secret, rejection::Rejection, user::CurrentUser};

const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");

/// Keeps these MACs apart from those of other uses of the same secret.
const LABEL: &[u8] = b"tower-jwt-auth: MCP session ID, version 1";

const MAC_LEN: usize = 32;

/// The length of a MAC in base64url.
const ENCODED_MAC_LEN: usize = 43;

/// A prepared key. Its state is wiped when it is dropped.
#[derive(Clone)]
pub(super) struct SessionKey {
    /// Has absorbed the label and the resource.
    state: Hmac<Sha256>,
}

impl SessionKey {
    /// The resource's identifier is part of each MAC, so that servers with the same key do not
    /// accept each other's sessions.
    pub(super) fn new(secret: &Secret, resource: &str) -> Self {
        let mut state =
            Hmac::new_from_slice(secret.as_bytes()).expect("HMAC accepts keys of any length");
        absorb(&mut state, LABEL);
        absorb(&mut state, resource.as_bytes());
        Self { state }
    }

    /// Removes the MAC from the session ID of a request.
    ///
    /// # Errors
    ///
    /// [`Rejection::McpSession`] if the user did not get this ID, or if there are several.
    pub(super) fn unsign(
        &self,
        user: Option<&CurrentUser>,
        headers: &mut HeaderMap,
    ) -> Result<(), Rejection> {
        let mut values = headers.get_all(&SESSION_ID).iter();
        let Some(signed) = values.next() else {
            return Ok(());
        };
        let is_only = values.next().is_none();
        let id = user.filter(|_| is_only);
        let id = id.and_then(|user| self.verified_id(user, signed.as_bytes()));
        let id = id.ok_or(Rejection::McpSession)?;
        headers.insert(SESSION_ID, id);
        Ok(())
    }

    /// Adds the MAC to the session ID of a response. An ID that cannot be signed is removed, because
    /// the layer would reject it anyway.
    pub(super) fn sign(&self, user: Option<&CurrentUser>, headers: &mut HeaderMap) {
        let mut values = headers.get_all(&SESSION_ID).iter();
        let Some(id) = values.next() else {
            return;
        };
        let is_only = values.next().is_none();
        let user = user.filter(|_| is_only && is_session_id(id.as_bytes()));
        match user.and_then(|user| self.signed_id(user, id.as_bytes())) {
            Some(signed) => drop(headers.insert(SESSION_ID, signed)),
            None => drop(headers.remove(SESSION_ID)),
        }
    }

    fn signed_id(&self, user: &CurrentUser, id: &[u8]) -> Option<HeaderValue> {
        let mac = self.mac(user, id).finalize().into_bytes();
        let mac = BASE64_URL_SAFE_NO_PAD.encode(mac);
        HeaderValue::from_bytes(&[id, b".", mac.as_bytes()].concat()).ok()
    }

    /// An ID may contain dots itself, so the last one separates it from the MAC. Compares the MAC in
    /// constant time.
    fn verified_id(&self, user: &CurrentUser, signed: &[u8]) -> Option<HeaderValue> {
        let (rest, mac) = signed.split_at_checked(signed.len().checked_sub(ENCODED_MAC_LEN)?)?;
        let id = rest.strip_suffix(b".").filter(|id| is_session_id(id))?;
        let mut decoded = [0; MAC_LEN];
        let mac = base64url::decode_into(mac, &mut decoded)?;
        self.mac(user, id).verify_slice(mac).ok()?;
        HeaderValue::from_bytes(id).ok()
    }

    fn mac(&self, user: &CurrentUser, id: &[u8]) -> Hmac<Sha256> {
        let mut state = self.state.clone();
        let issuer = user.issuer();
        state.update(&[u8::from(issuer.is_some())]);
        absorb(&mut state, issuer.unwrap_or_default().as_bytes());
        absorb(&mut state, user.user_id().as_bytes());
        absorb(&mut state, id);
        state
    }
}

/// Absorbs a field after its length, so that no two lists of fields are the same message.
fn absorb(state: &mut Hmac<Sha256>, field: &[u8]) {
    state.update(&(field.len() as u64).to_be_bytes());
    state.update(field);
}

/// Returns whether a session ID is valid (MCP 2025-11-25, "Session Management"): visible ASCII.
fn is_session_id(id: &[u8]) -> bool {
    !id.is_empty() && id.iter().all(u8::is_ascii_graphic)
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(..)")
    }
}
