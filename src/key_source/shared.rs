use std::{fmt, sync::Arc};

use arc_swap::ArcSwap;

use crate::key::{KeySet, Keys};

/// Public keys that your code replaces while the layer is at work: from Vault, say, or when a
/// configuration is pushed.
///
/// Clones share the keys: give one to the builder and keep one. Replacing them waits for no
/// request, and a request that has begun keeps the keys that it began with.
///
/// ```
/// use tower_jwt_auth::{KeySet, SharedKeys};
///
/// let keys = SharedKeys::new(KeySet::default());
/// let handle = keys.clone();
/// // let auth = JwtAuthLayer::builder().shared_keys(keys)…
/// handle.replace(KeySet::new([/* the keys that count from now on */]));
/// ```
#[derive(Clone)]
pub struct SharedKeys(Arc<ArcSwap<Keys>>);

impl SharedKeys {
    /// Starts with these keys. As long as there are none, requests with a token are answered with
    /// 503.
    pub fn new(keys: KeySet) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Keys::Public(keys))))
    }

    /// Lets these keys count from now on, and no others.
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
