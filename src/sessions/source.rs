//! [`SessionSource`]: the place where sessions are looked up; used by `sessions`.

use std::{fmt, future::Future, pin::Pin, sync::Arc};

use super::record::Record;
use crate::lookups::{Credential, LookupError};

/// The source of session records.
pub(crate) trait SessionSource: Send + Sync + 'static {
    /// Returns the record of a session, or `None` if there is no session.
    fn find(self: Arc<Self>, credential: SessionCredential) -> Found;
}

pub(crate) type Found = Pin<Box<dyn Future<Output = Result<Option<Record>, LookupError>> + Send>>;

/// The place where a session token was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Bearer,
    /// The cookie with the name of this index.
    Cookie(u8),
}

/// A session token that may be looked up: its form, and its MAC if a secret is configured, have been
/// checked.
// Only Better Auth itself reads the place and the whole text.
#[cfg_attr(not(feature = "sessions"), allow(dead_code))]
pub(crate) struct SessionCredential {
    /// `None` for a bearer token.
    pub(super) cookie_name: Option<String>,
    /// The token as it came, with its MAC if it had one.
    pub(super) text: String,
    /// The token without its MAC: 32 letters and digits.
    pub(crate) token: String,
}

impl Place {
    /// Returns the credential with this text. Better Auth treats a bearer token and each cookie
    /// differently.
    pub(super) fn credential(self, text: &[u8]) -> Credential<'_> {
        let place = match self {
            Self::Bearer => 0,
            Self::Cookie(name) => 1 + name,
        };
        Credential { place, text }
    }
}

impl SessionCredential {
    /// `text` and `token` have the form of a session token, which is ASCII.
    pub(super) fn new(place: Place, cookie_name: &str, text: &[u8], token: &[u8]) -> Self {
        let owned = |text| String::from_utf8_lossy(text).into_owned();
        let is_cookie = place != Place::Bearer;
        Self {
            cookie_name: is_cookie.then(|| cookie_name.to_owned()),
            text: owned(text),
            token: owned(token),
        }
    }
}

/// Omits the token.
impl fmt::Debug for SessionCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionCredential")
            .field("cookie_name", &self.cookie_name)
            .finish_non_exhaustive()
    }
}
