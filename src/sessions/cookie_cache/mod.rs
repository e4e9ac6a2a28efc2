//! Reads the record of a session from Better Auth's signed cookie `session_data`, without I/O; used by
//! `sessions`.
//!
//! The cookie has one of four forms, which are distinguished by their dots. A value that does not fit in
//! any way has no record, and the session is looked up.

mod chunks;
mod compact;
mod jwe;
mod jwt;

use std::{fmt, time::Duration};

use http::HeaderMap;
use serde::Deserialize;
use serde_json::{Map, Value};

use self::{chunks::join, jwe::DecryptionKey};
use super::{cookie::CookieNames, record::Record};
use crate::{
    key::{Keys, Secret},
    token::TokenVerifier,
};

/// The `version` of cookies if Better Auth's `cookieCache.version` is not set.
pub(super) const DEFAULT_VERSION: &str = "1";

/// The cookies `session_data` of a Better Auth server.
pub(super) struct CookieCache {
    pub(super) names: CookieNames,
    pub(super) version: String,
    pub(super) origin: String,
    /// Whether the layer's public keys are those of this server.
    has_public_keys: bool,
    keys: Keys,
    decryption_keys: Vec<DecryptionKey>,
}

/// The content of the cookie in each form.
#[derive(Deserialize)]
struct Payload {
    session: Map<String, Value>,
    user: Map<String, Value>,
    version: Option<String>,
    /// The claims of a JWT, and of a JWE.
    exp: Option<f64>,
    iss: Option<String>,
    aud: Option<String>,
    sub: Option<String>,
    sid: Option<String>,
}

impl CookieCache {
    pub(super) fn new(
        names: CookieNames,
        version: String,
        origin: String,
        has_public_keys: bool,
        secrets: &[Secret],
    ) -> Self {
        Self {
            names,
            version,
            origin,
            has_public_keys,
            keys: Keys::from_secrets(secrets),
            decryption_keys: secrets.iter().map(DecryptionKey::new).collect(),
        }
    }

    /// Returns the record of the session in the cookie of a request at `now`, the time since the epoch.
    /// `name` is the index of the cookie's name. The caller compares the session's token.
    pub(super) fn record(
        &self,
        headers: &HeaderMap,
        name: u8,
        verifier: &TokenVerifier,
        now: Duration,
    ) -> Option<Record> {
        let value = join(headers, self.names.get(name))?;
        let dots = value.iter().filter(|&&byte| byte == b'.').count();
        let payload = match dots {
            0 => compact::open(&value, &self.keys, now)?,
            2 => match jwt::open(&value, &self.keys) {
                Some(payload) => payload.before(now)?,
                None if self.has_public_keys => self.open_public(&value, verifier, now)?,
                None => return None,
            },
            4 => { self.decryption_keys.iter() }
                .find_map(|key| key.open(&value))?
                .before(now)?,
            _ => return None,
        };
        let has_version = match &payload.version {
            Some(version) => *version == self.version,
            // Better Auth 1.3 has no versions.
            None => self.version == DEFAULT_VERSION,
        };
        has_version.then_some(Record {
            session: payload.session,
            user: payload.user,
        })
    }

    /// Verifies a JWT with the public keys of the layer's first issuer.
    fn open_public(&self, jwt: &[u8], verifier: &TokenVerifier, now: Duration) -> Option<Payload> {
        verifier.session_data(jwt, |json| {
            let payload = Record::parse::<Payload>(json)?.before(now)?;
            self.is_ours(&payload).then_some(payload)
        })
    }

    /// Returns whether the claims are those of a cookie of this server.
    fn is_ours(&self, payload: &Payload) -> bool {
        let text = |column: Option<&Value>| column.and_then(Value::as_str).map(str::to_owned);
        let iss = payload.iss.as_deref();
        iss.is_some_and(|iss| super::is_below(iss, &self.origin))
            && payload.aud.as_deref() == Some(jwt::AUDIENCE)
            && payload.sub.is_some()
            && payload.sub == text(payload.user.get("id"))
            && payload.sid == text(payload.session.get("token"))
    }
}

impl Payload {
    /// Returns the content if its JWT or JWE has not expired.
    fn before(self, now: Duration) -> Option<Self> {
        let is_valid = self.exp.is_some_and(|exp| now.as_secs_f64() < exp);
        is_valid.then_some(self)
    }
}

impl fmt::Debug for CookieCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CookieCache")
            .field("names", &self.names)
            .finish_non_exhaustive()
    }
}
