//! Introspection of opaque access tokens (RFC 7662): [`Introspection`] configures it, and
//! [`Introspector`] asks the authorization server for the layer.

mod answer;
mod build;
mod endpoint;
mod settings;

use std::{fmt, sync::Arc};

use memchr::memchr;
use serde::de::IgnoredAny;

pub(crate) use self::build::{Introspector, OtherCredentials};
pub use self::settings::Introspection;
use crate::{
    authenticator::Authentication,
    base64url,
    lookups::{Credential, LookupError},
    rejection::Rejection,
    token::{TokenError, TokenVerifier},
};

/// The maximum length of a token, in bytes. Opaque tokens are short.
const MAX_TOKEN_LEN: usize = 4096;

/// The start of a JWT or JWE whose header has no white space: the base64url form of `{"`.
const JWT_PREFIX: &[u8] = b"eyJ";

/// The form of a session token of Better Auth: 32 letters and digits.
const SESSION_TOKEN_LEN: usize = 32;

impl Introspector {
    /// Authenticates by a bearer token. Returns `None` for a token that is never introspected.
    pub(crate) fn bearer(&self, text: &[u8], verifier: &TokenVerifier) -> Option<Authentication> {
        let is_session_token =
            text.len() == SESSION_TOKEN_LEN && text.iter().all(u8::is_ascii_alphanumeric);
        if (is_jwt(text) && !self.accepts_jwts) || (is_session_token && self.session_tokens_first) {
            return None;
        }
        if text.len() > MAX_TOKEN_LEN {
            return Some(Authentication::rejected(TokenError::TooLong.into()));
        }
        if !has_form(text) {
            return None;
        }
        // The place of a token does not matter: all are sent as a form.
        let credential = Credential { place: 0, text };
        if let Some(user) = self.lookups.kept_user(credential) {
            return Some(Authentication::User(user));
        }
        Some(self.lookups.look_up(credential, || {
            let (endpoint, verifier) = (Arc::clone(&self.endpoint), verifier.clone());
            // The form is ASCII.
            let token = String::from_utf8_lossy(text).into_owned();
            async move {
                let json = endpoint.introspect(&token).await?;
                answer::read(&json, &verifier).map_err(|message| LookupError {
                    message: message.to_owned(),
                    is_outage: false,
                })
            }
        }))
    }

    /// Returns the rejection of requests whose token cannot be introspected.
    pub(crate) const UNAVAILABLE: Rejection = Rejection::IntrospectionUnavailable;
}

/// Returns whether a text is a JWT or a JWE: the part before its first dot is a JSON object, with or
/// without white space.
fn is_jwt(text: &[u8]) -> bool {
    if text.starts_with(JWT_PREFIX) {
        return true;
    }
    let header = memchr(b'.', text).and_then(|dot| text.get(..dot));
    let json = header.and_then(base64url::decode);
    // The whole object is read, because a random text may start like one.
    json.is_some_and(|json| {
        json.trim_ascii_start().starts_with(b"{")
            && serde_json::from_slice::<IgnoredAny>(&json).is_ok()
    })
}

/// Returns whether a text has the form of a bearer token (RFC 6750 section 2.1).
fn has_form(text: &[u8]) -> bool {
    let end = text
        .iter()
        .rposition(|&byte| byte != b'=')
        .map_or(0, |last| last + 1);
    let is_token_char = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
    };
    end > 0 && text.iter().take(end).all(is_token_char)
}

impl fmt::Debug for Introspector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspector")
            .field("lookups", &self.lookups)
            .finish_non_exhaustive()
    }
}
