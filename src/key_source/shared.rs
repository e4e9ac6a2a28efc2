//! [`SharedKeys`]: public keys that the application replaces.

use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use crate::key::{KeySet, Keys};

/// Public keys that your code can replace while the layer is in use, for example with keys from
/// Vault or from a pushed configuration.
///
/// Clones share the keys: pass one to the builder and keep another. Replacing the keys never
/// blocks, and a request that has started keeps using the keys that it started with.
///
/// ```
/// use tower_jwt_auth::{KeySet, SharedKeys};
///
/// let keys = SharedKeys::new(KeySet::default());
/// let handle = keys.clone();
/// // let auth = JwtAuthLayer::builder().shared_keys(keys)…
/// handle.replace(KeySet::new([/* the new keys */]));
/// ```
#[derive(Clone)]
pub struct SharedKeys(Arc<ArcSwap<Keys>>);

impl SharedKeys {
    /// Creates shared keys that start with this set. While the set is empty, requests with a token
    /// get 503.
    pub fn new(keys: KeySet) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Keys::Public(keys))))
    }

    /// Replaces all keys with this set.
    pub fn replace(&self, keys: KeySet) {
        self.0.store(Arc::new(Keys::Public(keys)));
    }

    pub(super) fn current(&self) -> arc_swap::Guard<Arc<Keys>> {
        self.0.load()
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedKeys").field(&*self.0.load()).finish()
    }
}
