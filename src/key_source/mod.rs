//! The sources of keys: fixed, read from files, shared with the application, or fetched. Each
//! source provides [`Keys`], which the verifier only reads.

mod secrets;
mod shared;

use std::{ops::Deref, sync::Arc};

#[cfg(feature = "sessions-custom")]
pub(crate) use self::secrets::load_secrets;
use self::secrets::{LoadedSecrets, WatchedSecrets};
pub(crate) use self::secrets::{SecretPolicy, SecretSource};
pub use self::shared::SharedKeys;
#[cfg(feature = "jwks-custom")]
pub(crate) use crate::jwks::{KeyWait, Waiter};
use crate::{
    config_error::Faults,
    key::{Algorithm, Keys},
};

/// The keys of an issuer: secrets, public keys, or both during a migration.
///
/// Secrets and public keys are never mixed. The `alg` of a token selects the kind of keys, and a
/// key of that kind verifies the token only if the key is for that algorithm.
#[derive(Debug)]
pub(crate) enum IssuerKeys {
    One(KeySource),
    Both {
        secrets: KeySource,
        public: KeySource,
    },
}

impl IssuerKeys {
    /// Returns the source if there is only one, in which case the `alg` of a token is not needed to
    /// choose it.
    #[inline]
    pub(crate) fn only_source(&self) -> Option<&KeySource> {
        match self {
            Self::One(source) => Some(source),
            Self::Both { .. } => None,
        }
    }

    /// Returns the source that may have a key for this algorithm.
    #[inline]
    pub(crate) fn source_for(&self, algorithm: Option<Algorithm>) -> &KeySource {
        match self {
            Self::One(source) => source,
            Self::Both { secrets, .. } if algorithm.is_some_and(Algorithm::is_hmac) => secrets,
            Self::Both { public, .. } => public,
        }
    }

    /// Returns whether there are keys of each kind at `now`, in seconds since the epoch.
    pub(crate) fn are_available(&self, now: u64) -> bool {
        let has_keys = |source: &KeySource| !source.current(now).is_empty();
        match self {
            Self::One(source) => has_keys(source),
            Self::Both { secrets, public } => has_keys(secrets) && has_keys(public),
        }
    }

    #[cfg(feature = "jwks-custom")]
    pub(crate) fn fetched(&self) -> Option<&crate::jwks::JwksUrl> {
        match self.source_for(None) {
            KeySource::Url(url) => Some(url),
            _ => None,
        }
    }
}

/// A source of keys.
#[derive(Debug)]
pub(crate) enum KeySource {
    Fixed(Keys),
    /// Secrets, some of which are in files that may change.
    WatchedSecrets(WatchedSecrets),
    /// Public keys that the application replaces.
    Shared(SharedKeys),
    /// Public keys that are fetched from a URL.
    #[cfg(feature = "jwks-custom")]
    Url(crate::jwks::JwksUrl),
}

impl KeySource {
    /// Loads the secrets of all sources, in order. Adds problems to `faults`.
    pub(crate) fn from_secrets(
        sources: Vec<SecretSource>,
        policy: SecretPolicy,
        now: u64,
        faults: &mut Faults,
    ) -> Self {
        let loaded = secrets::load(sources, policy, faults);
        if loaded.iter().any(LoadedSecrets::is_file) {
            Self::WatchedSecrets(WatchedSecrets::new(loaded, now))
        } else {
            Self::Fixed(secrets::keys(&loaded))
        }
    }

    /// Returns the keys at `now`, in seconds since the epoch.
    #[inline]
    pub(crate) fn current(&self, now: u64) -> Snapshot<'_> {
        match self {
            Self::Fixed(keys) => Snapshot::Fixed(keys),
            Self::WatchedSecrets(watched) => Snapshot::Swapped(watched.current(now)),
            Self::Shared(shared) => Snapshot::Swapped(shared.current()),
            #[cfg(feature = "jwks-custom")]
            Self::Url(url) => Snapshot::Swapped(url.current()),
        }
    }

    /// Returns whether the keys are fetched, in which case waiting may help.
    pub(crate) fn is_fetched(&self) -> bool {
        match self {
            #[cfg(feature = "jwks-custom")]
            Self::Url(_) => true,
            _ => false,
        }
    }

    /// Returns whether the last fetch failed.
    pub(crate) fn fetch_has_failed(&self) -> bool {
        match self {
            #[cfg(feature = "jwks-custom")]
            Self::Url(url) => url.fetch_has_failed(),
            _ => false,
        }
    }

    /// Returns a future that waits for keys other than `tried`, if a fetch may return them. A
    /// request that has waited before keeps its place in the waiting room.
    pub(crate) fn wait(&self, waiter: Option<Box<Waiter>>, tried: &Keys) -> Option<KeyWait> {
        match self {
            #[cfg(feature = "jwks-custom")]
            Self::Url(url) => url.wait(waiter, tried),
            _ => {
                let _ = (waiter, tried);
                None
            }
        }
    }
}

/// The result of a wait that returned no other keys.
pub(crate) struct NoOtherKeys {
    pub(crate) fetch_has_failed: bool,
}

/// Without the feature `jwks-custom`, no request ever waits for keys.
#[cfg(not(feature = "jwks-custom"))]
mod never {
    use std::{
        future::Future,
        pin::Pin,
        task::{Context, Poll},
    };

    #[derive(Debug)]
    pub(crate) enum Waiter {}

    #[derive(Debug)]
    pub(crate) enum KeyWait {}

    impl Future for KeyWait {
        type Output = Result<Box<Waiter>, super::NoOtherKeys>;

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
            match *self {}
        }
    }
}
#[cfg(not(feature = "jwks-custom"))]
pub(crate) use self::never::{KeyWait, Waiter};

/// Keys that do not change while a token is verified, even if the source is updated in the
/// meantime.
pub(crate) enum Snapshot<'a> {
    Fixed(&'a Keys),
    Swapped(arc_swap::Guard<Arc<Keys>>),
}

/// Identifies the keys that a source had at a given time; `None` for a source that never changes.
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
            // The address is not reused while a weak reference to it exists.
            (Self::Swapped(keys), Some(earlier)) => {
                std::ptr::eq(Arc::as_ptr(keys), earlier.as_ptr())
            }
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
