//! The interface of a store of your own for the sessions of Better Auth: [`SessionStore`].
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
mod build_source;
mod cookie;
#[cfg(feature = "sessions-cookie-cache")]
mod cookie_cache;
#[cfg(feature = "sessions-cookie-cache")]
mod cookie_cache_settings;
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

pub(crate) use self::{
    build::FirstIssuer,
    source::{SessionCredential, SessionSource},
};
#[cfg(feature = "sessions-cookie-cache")]
use self::{build::is_below, cookie::SessionCookie, cookie_cache::CookieCache};
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
#[cfg(feature = "sessions-cookie-cache")]
use crate::lookups::Answer;
use crate::{
    authenticator::Authentication,
    key::Keys,
    lookups::{LookupError, Lookups},
    rejection::Rejection,
    token::TokenVerifier,
};

/// The accepted sessions of a layer.
pub(crate) struct Sessions {
    cookie_names: CookieNames,
    trusted_origins: TrustedOrigins,
    accepts_raw_tokens: bool,
    /// `None` if the MAC is not checked before the lookup.
    secrets: Option<Keys>,
    reader: Arc<RecordReader>,
    /// `None` if sessions exist only in the cookie `session_data`.
    source: Option<Arc<dyn SessionSource>>,
    #[cfg(feature = "sessions-cookie-cache")]
    cookie_cache: Option<CookieCache>,
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

    /// Returns whether `bearer` would read this text as a session token.
    pub(crate) fn has_form(&self, text: &[u8]) -> bool {
        SignedToken::parse(text).is_some() || (self.accepts_raw_tokens && raw_token(text).is_some())
    }

    /// Authenticates by the session cookie of a request. `verifier` has the layer's public keys.
    pub(crate) fn cookie(
        &self,
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        verifier: &TokenVerifier,
    ) -> Authentication {
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
        let signed = SignedToken::parse(cookie.value).filter(|signed| self.is_signed(signed));
        let Some(signed) = signed else {
            return Authentication::rejected(Rejection::SessionSignature);
        };
        #[cfg(feature = "sessions-cookie-cache")]
        match self.cached(headers, &cookie, signed.token, verifier) {
            Some(Answer::User(user)) => return Authentication::User(user),
            Some(Answer::Rejected(rejection)) if self.source.is_none() => {
                return Authentication::rejected(rejection);
            }
            _ => {}
        }
        let _ = verifier;
        self.look_up(place, cookie.value, signed.token)
    }

    /// Returns the answer in the cookie `session_data`, if it belongs to this session cookie.
    #[cfg(feature = "sessions-cookie-cache")]
    fn cached(
        &self,
        headers: &HeaderMap,
        cookie: &SessionCookie<'_>,
        token: &[u8],
        verifier: &TokenVerifier,
    ) -> Option<Answer> {
        let now = self.reader.clock.since_epoch()?;
        let cache = self.cookie_cache.as_ref()?;
        let record = cache.record(headers, cookie.name, verifier, now)?;
        let token = std::str::from_utf8(token).ok()?;
        self.reader.read(Some(record), token).ok()
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
        let Some(source) = &self.source else {
            return Authentication::rejected(Rejection::InvalidSession);
        };
        self.lookups.look_up(place.credential(text), || {
            let (source, reader) = (Arc::clone(source), Arc::clone(&self.reader));
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
