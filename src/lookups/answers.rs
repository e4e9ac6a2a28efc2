//! [`Answers`]: the recent answers about credentials.

use std::{hash::RandomState, time::Duration};

use quick_cache::{
    UnitWeighter, Weighter,
    sync::{Cache, DefaultLifecycle},
};
use tokio::time::Instant;

use super::{
    Answer,
    credential::{AcceptedCredential, Credential},
};
use crate::{rejection::Rejection, user::CurrentUser};

/// The maximum number of users that are kept. A user with more than [`BYTES_PER_PLACE`] of claims
/// takes several places.
const MAX_USERS: usize = 10_000;

const BYTES_PER_PLACE: usize = 8 * 1024;

/// The maximum number of rejections that are kept. They have their own cache, so that invented
/// credentials do not evict any user.
const MAX_REJECTIONS: usize = 1_000;

/// The answers that are kept for a limited time.
pub(super) struct Answers {
    fresh_for: Duration,
    users: Cache<AcceptedCredential, Kept<CurrentUser>, ByClaims, RandomState>,
    rejections: Cache<Box<[u8]>, Kept<Rejection>, UnitWeighter, RandomState>,
}

#[derive(Clone)]
struct Kept<T> {
    value: T,
    since: Instant,
}

impl<T> Kept<T> {
    fn into_fresh(self, fresh_for: Duration) -> Option<T> {
        let age = Instant::now().duration_since(self.since);
        (age < fresh_for).then_some(self.value)
    }
}

/// Weighs a user by the size of the claims.
#[derive(Clone)]
struct ByClaims;

impl Weighter<AcceptedCredential, Kept<CurrentUser>> for ByClaims {
    fn weight(&self, _: &AcceptedCredential, kept: &Kept<CurrentUser>) -> u64 {
        1 + (kept.value.size() / BYTES_PER_PLACE) as u64
    }
}

impl Answers {
    pub(super) fn new(fresh_for: Duration) -> Self {
        Self {
            fresh_for,
            users: Cache::with(
                MAX_USERS,
                MAX_USERS as u64,
                ByClaims,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
            rejections: Cache::with(
                MAX_REJECTIONS,
                MAX_REJECTIONS as u64,
                UnitWeighter,
                RandomState::new(),
                DefaultLifecycle::default(),
            ),
        }
    }

    #[inline]
    pub(super) fn user(&self, credential: Credential<'_>) -> Option<CurrentUser> {
        self.users.get(&credential)?.into_fresh(self.fresh_for)
    }

    /// `credential` is its place and text.
    pub(super) fn rejection(&self, credential: &[u8]) -> Option<Rejection> {
        self.rejections.get(credential)?.into_fresh(self.fresh_for)
    }

    /// Keeps an answer. It may be as old as the start of its lookup. `credential` is its place and text.
    pub(super) fn keep(&self, credential: &[u8], answer: &Answer, since: Instant) {
        let accepted = AcceptedCredential::new(credential);
        match answer {
            Answer::User(user) => {
                let value = user.clone();
                self.users.insert(accepted, Kept { value, since });
            }
            Answer::Rejected(rejection) => {
                // The user's session may have ended, or the user may have been banned.
                self.users.remove(&accepted);
                let value = *rejection;
                self.rejections
                    .insert(credential.into(), Kept { value, since });
            }
        }
    }
}
