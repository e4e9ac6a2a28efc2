//! Sessions of Better Auth as credentials: [`BetterAuthSessions`] configures them, and [`Sessions`]
//! finds and looks them up for the layer.
//!
//! A credential passes these steps, and each rejects it at once:
//!
//! ```text
//! cookie ─ cross-site rule ┐
//!                          ├─ kept user ─ form ─ MAC ─ kept rejection ─ lookup ─ record
//! bearer ──────────────────┘
//! ```
//!
//! A kept answer is found by the whole credential, so a hit computes no MAC. The source of a lookup
//! returns the record of the session as JSON, and `record` builds the user.

mod build;
mod cookie;
mod credential;
mod cross_site;
mod record;
mod remote;
mod settings;
mod source;
mod surrogates;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method, Uri};

pub use self::settings::BetterAuthSessions;
use self::{
    cookie::CookieNames,
    credential::{MAX_LEN, SignedToken, raw_token},
    cross_site::TrustedOrigins,
    record::RecordReader,
    source::{Place, SessionCredential, SessionSource},
};
use crate::{
    authenticator::Authentication,
    key_source::KeySource,
    lookups::{LookupError, Lookups},
    rejection::Rejection,
    user::CurrentUser,
};

/// The accepted sessions of a layer.
pub(crate) struct Sessions {
    cookie_names: CookieNames,
    trusted_origins: TrustedOrigins,
    accepts_raw_tokens: bool,
    /// `None` if the MAC is not checked before the lookup.
    secrets: Option<KeySource>,
    reader: Arc<RecordReader>,
    source: Arc<dyn SessionSource>,
    lookups: Lookups,
}

impl Sessions {
    /// Authenticates by a bearer token. Returns `None` if it does not have the form of a session token.
    pub(crate) fn bearer(&self, text: &[u8]) -> Option<Authentication> {
        let key = Key::new(Place::Bearer, text)?;
        if let Some(user) = self.kept_user(&key) {
            return Some(user);
        }
        let token = match SignedToken::parse(text) {
            Some(signed) if !self.is_signed(&signed) => {
                return Some(Authentication::rejected(Rejection::SessionSignature));
            }
            Some(signed) => signed.token,
            None => raw_token(text).filter(|_| self.accepts_raw_tokens)?,
        };
        Some(self.look_up(&key, Place::Bearer, token))
    }

    /// Authenticates by the session cookie of a request.
    pub(crate) fn cookie(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Authentication {
        let cookie = match self.cookie_names.find(headers) {
            Ok(Some(cookie)) => cookie,
            Ok(None) => return Authentication::NotMine,
            Err(rejection) => return Authentication::rejected(rejection),
        };
        // The browser attaches the cookie whichever page sends the request.
        if !self.trusted_origins.allow(method, uri, headers) {
            return Authentication::rejected(Rejection::CrossSite);
        }
        let place = Place::Cookie(cookie.name);
        let Some(key) = Key::new(place, cookie.value) else {
            return Authentication::rejected(Rejection::SessionSignature);
        };
        if let Some(user) = self.kept_user(&key) {
            return user;
        }
        match SignedToken::parse(cookie.value) {
            Some(signed) if self.is_signed(&signed) => self.look_up(&key, place, signed.token),
            _ => Authentication::rejected(Rejection::SessionSignature),
        }
    }

    #[inline]
    fn kept_user(&self, key: &Key) -> Option<Authentication> {
        let user = self.lookups.kept_user(key.as_bytes())?;
        Some(if self.reader.is_over(&user) {
            Authentication::rejected(Rejection::InvalidSession)
        } else {
            Authentication::User(user)
        })
    }

    /// Returns whether a configured secret made the MAC, or whether there is none.
    fn is_signed(&self, signed: &SignedToken<'_>) -> bool {
        let Some(secrets) = &self.secrets else {
            return true;
        };
        signed.is_signed_with(&secrets.current(self.reader.clock.now()))
    }

    fn look_up(&self, key: &Key, place: Place, token: &str) -> Authentication {
        if let Some(rejection) = self.lookups.kept_rejection(key.as_bytes()) {
            return Authentication::rejected(rejection);
        }
        self.lookups.join(key.as_bytes(), || {
            let (source, reader) = (Arc::clone(&self.source), Arc::clone(&self.reader));
            let credential =
                SessionCredential::new(place, self.cookie_name(place), key.text(), token);
            async move {
                let token = credential.token.clone();
                let record = source.find(credential).await?;
                reader.read(&record, &token).map_err(|problem| LookupError {
                    message: problem.to_owned(),
                    is_outage: false,
                })
            }
        })
    }

    fn cookie_name(&self, place: Place) -> &str {
        match place {
            Place::Bearer => "",
            Place::Cookie(name) => self.cookie_names.get(name),
        }
    }
}

impl RecordReader {
    /// Returns whether a session is over that was not when it was looked up.
    fn is_over(&self, user: &CurrentUser) -> bool {
        let now = self.clock.now();
        user.exp().is_none_or(|exp| now as f64 >= exp)
    }
}

/// A credential as the key of its answer: the place where it was found, and its text. The two are
/// never mixed, because Better Auth treats them differently.
struct Key {
    bytes: [u8; 1 + MAX_LEN],
    len: usize,
}

impl Key {
    /// Returns `None` for a text that is too long for a session token.
    fn new(place: Place, text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 1 + MAX_LEN];
        let (first, rest) = bytes.split_first_mut()?;
        *first = match place {
            Place::Bearer => 0,
            Place::Cookie(name) => 1 + name,
        };
        rest.get_mut(..text.len())?.copy_from_slice(text);
        let len = 1 + text.len();
        Some(Self { bytes, len })
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    /// Returns the text of a session token, which is ASCII.
    fn text(&self) -> &str {
        let text = self.as_bytes().get(1..).unwrap_or_default();
        std::str::from_utf8(text).unwrap_or_default()
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("cookie_names", &self.cookie_names)
            .field("reader", &self.reader)
            .field("lookups", &self.lookups)
            .finish_non_exhaustive()
    }
}
