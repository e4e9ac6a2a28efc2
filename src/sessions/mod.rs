//! Sessions of Better Auth: the interface of a store of your own. Used by the builder.
//!
//! [`BetterAuthSessions`] documents where sessions are looked up and what their users are.

// `BetterAuthSessions` configures sessions, and `Sessions` finds and looks them up for the layer. A
// credential passes these steps, and each rejects it at once:
//
// cookie ─ cross-site rule ┐
//                          ├─ kept user ─ form ─ MAC ─ kept rejection ─ lookup ─ record
// bearer ──────────────────┘
//
// A kept answer is found by the whole credential, so a hit computes no MAC. The source of a lookup
// returns the record of the session, and `record` builds the user.

mod acceptance;
mod build;
mod cookie;
mod credential;
mod cross_site;
mod record;
#[cfg(feature = "sessions-redis")]
mod redis;
#[cfg(feature = "sessions-redis")]
mod redis_settings;
#[cfg(feature = "sessions")]
mod remote;
mod settings;
mod source;
mod store;
mod surrogates;

use std::{fmt, sync::Arc};

use http::{HeaderMap, Method, Uri};

pub(crate) use self::source::{SessionCredential, SessionSource};
use self::{
    cookie::CookieNames,
    credential::{SignedToken, raw_token},
    cross_site::TrustedOrigins,
    record::RecordReader,
    source::Place,
};
#[cfg(feature = "test-kit")]
pub(crate) use self::{record::Record, source::Found};
pub use self::{
    settings::BetterAuthSessions,
    store::{SessionStore, SessionStoreError, StoredSession},
};
use crate::{
    authenticator::Authentication,
    key::Keys,
    lookups::{LookupError, Lookups},
    rejection::Rejection,
};

/// The accepted sessions of a layer.
pub(crate) struct Sessions {
    cookie_names: CookieNames,
    trusted_origins: TrustedOrigins,
    accepts_raw_tokens: bool,
    /// `None` if the MAC is not checked before the lookup.
    secrets: Option<Keys>,
    reader: Arc<RecordReader>,
    source: Arc<dyn SessionSource>,
    lookups: Lookups,
}

impl Sessions {
    /// Authenticates by a bearer token. Returns `None` if it does not have the form of a session token.
    pub(crate) fn bearer(&self, text: &[u8]) -> Option<Authentication> {
        if let Some(user) = self.kept_user(Place::Bearer, text) {
            return Some(user);
        }
        let token = match SignedToken::parse(text) {
            Some(signed) if !self.is_signed(&signed) => {
                return Some(Authentication::rejected(Rejection::SessionSignature));
            }
            Some(signed) => signed.token,
            None => raw_token(text).filter(|_| self.accepts_raw_tokens)?,
        };
        Some(self.look_up(Place::Bearer, text, token))
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
        if let Some(user) = self.kept_user(place, cookie.value) {
            return user;
        }
        match SignedToken::parse(cookie.value) {
            Some(signed) if self.is_signed(&signed) => {
                self.look_up(place, cookie.value, signed.token)
            }
            _ => Authentication::rejected(Rejection::SessionSignature),
        }
    }

    #[inline]
    fn kept_user(&self, place: Place, text: &[u8]) -> Option<Authentication> {
        let user = self.lookups.kept_user(place.credential(text))?;
        Some(Authentication::User(user))
    }

    /// Returns whether a configured secret made the MAC, or whether there is none.
    fn is_signed(&self, signed: &SignedToken<'_>) -> bool {
        let secrets = self.secrets.as_ref();
        secrets.is_none_or(|secrets| signed.is_signed_with(secrets))
    }

    /// Looks up a session token, whose `text` is the whole credential.
    fn look_up(&self, place: Place, text: &[u8], token: &[u8]) -> Authentication {
        self.lookups.look_up(place.credential(text), || {
            let (source, reader) = (Arc::clone(&self.source), Arc::clone(&self.reader));
            let credential = SessionCredential::new(place, self.cookie_name(place), text, token);
            async move {
                let token = credential.token.clone();
                let record = source.find(credential).await?;
                reader.read(record, &token).map_err(|problem| LookupError {
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

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("cookie_names", &self.cookie_names)
            .field("reader", &self.reader)
            .field("lookups", &self.lookups)
            .finish_non_exhaustive()
    }
}
