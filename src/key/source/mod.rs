//! Where keys come from. Every source ends in [`Keys`], which a request only reads.

mod secrets;
mod shared;
#[cfg(feature = "jwks-custom")]
pub(crate) mod url;

use std::{fmt, future::Future, ops::Deref, pin::Pin, sync::Arc};

use self::secrets::Watched;
pub(crate) use self::secrets::{SecretSource, Strictness};
pub use self::shared::SharedKeys;
use super::Keys;

/// The current keys of an issuer.
#[derive(Debug)]
pub(crate) enum KeySource {
    Fixed(Keys),
    /// Secrets of which some stand in files that may change.
    Watched(Watched),
    /// Public keys that the application replaces.
    Shared(SharedKeys),
    /// Public keys that are fetched.
    #[cfg(feature = "jwks-custom")]
    Url(url::JwksUrl),
}

impl KeySource {
    /// The keys at `now`, in seconds since the epoch.
    #[inline]
    pub(crate) fn current(&self, now: u64) -> Snapshot<'_> {
        match self {
            Self::Fixed(keys) => Snapshot::Fixed(keys),
            Self::Watched(watched) => Snapshot::Swapped(watched.current(now)),
            Self::Shared(shared) => Snapshot::Swapped(shared.current()),
            #[cfg(feature = "jwks-custom")]
            Self::Url(url) => Snapshot::Swapped(url.current()),
        }
    }

    /// Whether keys that are not there now may be had by waiting. Asks for them if so.
    pub(crate) fn ask(&self, wanted: Wanted<'_>) -> Option<KeyWait> {
        match self {
            #[cfg(feature = "jwks-custom")]
            Self::Url(url) => url.ask(wanted),
            _ => {
                let _ = wanted;
                None
            }
        }
    }
}

/// What is known of a token whose key is not there.
#[cfg_attr(
    not(feature = "jwks-custom"),
    expect(dead_code, reason = "only a URL is asked")
)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) key_id: Option<&'a str>,
    /// Whom it names, which nobody has verified.
    pub(crate) subject: &'a str,
    /// Seconds since it was issued, if it says so.
    pub(crate) age: Option<u64>,
}

/// Ends when the keys that were asked for are there, or will not be in time.
pub(crate) struct KeyWait(pub(crate) Pin<Box<dyn Future<Output = ()> + Send>>);

impl fmt::Debug for KeyWait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyWait")
    }
}

/// Keys that stay as they are while a token is judged, whatever the source does meanwhile.
pub(crate) enum Snapshot<'a> {
    Fixed(&'a Keys),
    Swapped(arc_swap::Guard<Arc<Keys>>),
}

/// Which of the keys that a source had, one after another. None for one whose keys stay.
#[cfg(feature = "cache")]
pub(crate) struct Generation(Option<std::sync::Weak<Keys>>);

#[cfg(feature = "cache")]
impl Snapshot<'_> {
    pub(crate) fn generation(&self) -> Generation {
        Generation(match self {
            Self::Fixed(_) => None,
            Self::Swapped(keys) => Some(Arc::downgrade(keys)),
        })
    }

    pub(crate) fn is_of(&self, generation: &Generation) -> bool {
        match (self, &generation.0) {
            (Self::Fixed(_), None) => true,
            // The place is not used again as long as something points there, weakly or not.
            (Self::Swapped(keys), Some(then)) => std::ptr::eq(Arc::as_ptr(keys), then.as_ptr()),
            _ => false,
        }
    }
}

impl Deref for Snapshot<'_> {
    type Target = Keys;

    #[inline]
    fn deref(&self) -> &Keys {
        match self {
            Self::Fixed(keys) => keys,
            Self::Swapped(keys) => keys,
        }
    }
}
