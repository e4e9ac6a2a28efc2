//! [`IssuerList`]: the issuers of a layer, some of which are added while it is in use; used by the
//! verifier.

use std::{
    fmt,
    ops::Deref,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{issuer::Issuer, issuer_names::IssuerNames};

/// The issuers of a layer.
pub(super) struct IssuerList {
    /// Never empty. If there are several, their `iss` values differ.
    built: Vec<Issuer>,
    added: ArcSwap<Vec<Added>>,
    /// Whether the list of added issuers must be searched. Most layers have none.
    has_added: AtomicBool,
    /// The ID of the next issuer that is added. It also prevents concurrent changes.
    next_id: Mutex<usize>,
}

#[derive(Clone)]
struct Added {
    /// Never used again, even for an issuer with the same name.
    id: usize,
    issuer: Arc<Issuer>,
}

/// An issuer of the list, and its ID.
pub(crate) enum ListedIssuer<'l> {
    Built(usize, &'l Issuer),
    Added(usize, Arc<Issuer>),
}

impl ListedIssuer<'_> {
    pub(super) fn id(&self) -> usize {
        match self {
            Self::Built(id, _) | Self::Added(id, _) => *id,
        }
    }
}

impl Deref for ListedIssuer<'_> {
    type Target = Issuer;

    #[inline]
    fn deref(&self) -> &Issuer {
        match self {
            Self::Built(_, issuer) => issuer,
            Self::Added(_, issuer) => issuer,
        }
    }
}

impl From<Added> for ListedIssuer<'_> {
    fn from(Added { id, issuer }: Added) -> Self {
        Self::Added(id, issuer)
    }
}

impl IssuerList {
    pub(super) fn new(built: Vec<Issuer>) -> Self {
        Self {
            next_id: Mutex::new(built.len()),
            built,
            added: ArcSwap::default(),
            has_added: AtomicBool::new(false),
        }
    }

    /// Returns the issuer if it is the only one, so that the `iss` of a token is not needed to select
    /// it.
    #[inline]
    pub(super) fn only(&self) -> Option<&Issuer> {
        match self.built.as_slice() {
            [only] if !self.has_added.load(Ordering::Acquire) => Some(only),
            _ => None,
        }
    }

    #[cfg(feature = "authenticator")]
    pub(super) fn first(&self) -> Option<&Issuer> {
        self.built.first()
    }

    /// Returns the issuer that accepts this `iss`, which is not verified yet.
    pub(super) fn named(&self, iss: &str) -> Option<ListedIssuer<'_>> {
        let mut built = self.built.iter().enumerate();
        if let Some((id, issuer)) = built.find(|(_, issuer)| issuer.is_named(iss)) {
            return Some(ListedIssuer::Built(id, issuer));
        }
        let added = self.added.load();
        let found = added.iter().find(|added| added.issuer.is_named(iss));
        found.cloned().map(ListedIssuer::from)
    }

    /// Returns the issuer with this ID, unless it was removed.
    #[cfg(feature = "cache")]
    #[inline]
    pub(super) fn get(&self, id: usize) -> Option<ListedIssuer<'_>> {
        if let Some(issuer) = self.built.get(id) {
            return Some(ListedIssuer::Built(id, issuer));
        }
        let added = self.added.load();
        let found = added.iter().find(|added| added.id == id);
        found.cloned().map(ListedIssuer::from)
    }

    pub(super) fn all(&self) -> Vec<ListedIssuer<'_>> {
        let built = self.built.iter().enumerate();
        let built = built.map(|(id, issuer)| ListedIssuer::Built(id, issuer));
        let added = self.added.load();
        let added = added.iter().cloned().map(ListedIssuer::from);
        built.chain(added).collect()
    }

    /// Adds the issuers that `make` builds, which gets the names of all others.
    pub(super) fn add<E>(
        &self,
        make: impl FnOnce(&[&IssuerNames]) -> Result<Vec<Issuer>, E>,
    ) -> Result<(), E> {
        let mut next_id = self.next_id.lock().unwrap_or_else(PoisonError::into_inner);
        let all = self.all();
        let names: Vec<&IssuerNames> = all.iter().map(|issuer| &issuer.policy.issuers).collect();
        let new = make(&names)?;
        let mut added = Vec::clone(&self.added.load());
        for issuer in new {
            added.push(Added {
                id: *next_id,
                issuer: Arc::new(issuer),
            });
            *next_id += 1;
        }
        self.added.store(Arc::new(added));
        self.has_added.store(true, Ordering::Release);
        Ok(())
    }

    /// Removes an added issuer with this name or template. Returns whether there was one.
    pub(super) fn remove(&self, name: &str) -> bool {
        let _changes = self.next_id.lock().unwrap_or_else(PoisonError::into_inner);
        let mut added = Vec::clone(&self.added.load());
        let before = added.len();
        added.retain(|added| !added.issuer.policy.issuers.texts().any(|text| text == name));
        let is_removed = added.len() < before;
        // `has_added` stays set: a layer whose tokens had to name their issuer keeps that rule.
        self.added.store(Arc::new(added));
        is_removed
    }
}

impl fmt::Debug for IssuerList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let added = self.added.load();
        let added = added.iter().map(|added| &*added.issuer);
        f.debug_list().entries(&self.built).entries(added).finish()
    }
}
