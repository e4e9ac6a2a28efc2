//! [`Answers`]: the recent answers about credentials.

use std::{hash::RandomState, time::Duration};

use quick_cache::{
    UnitWeighter, Weighter,
    sync::{Cache, DefaultLifecycle},
};

use super::{
    Answer,
    credential::{AcceptedCredential, Credential},
};
use crate::{clock::Clock, rejection::Rejection, user::CurrentUser};

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
    clock: Clock,
    users: Cache<AcceptedCredential, Kept<CurrentUser>, ByClaims, RandomState>,
    rejections: Cache<Box<[u8]>, Kept<Rejection>, UnitWeighter, RandomState>,
}

#[derive(Clone)]
struct Kept<T> {
    value: T,
    /// The time since the epoch.
    since: Duration,
}

impl<T> Kept<T> {
    /// A clock that was set back ends the answer.
    fn into_fresh(self, now: Duration, fresh_for: Duration) -> Option<T> {
        let age = now.checked_sub(self.since)?;
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
    pub(super) fn new(fresh_for: Duration, clock: Clock) -> Self {
        Self {
            fresh_for,
            clock,
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

    /// Returns a user who has not expired.
    #[inline]
    pub(super) fn user(&self, credential: Credential<'_>) -> Option<CurrentUser> {
        let kept = self.users.get(&credential)?;
        let now = self.clock.since_epoch()?;
        let user = kept.into_fresh(now, self.fresh_for)?;
        { user.exp() }
            .is_none_or(|exp| now.as_secs_f64() < exp)
            .then_some(user)
    }

    /// `credential` is its place and text.
    pub(super) fn rejection(&self, credential: &[u8]) -> Option<Rejection> {
        let kept = self.rejections.get(credential)?;
        kept.into_fresh(self.clock.since_epoch()?, self.fresh_for)
    }

    /// Returns the time since the epoch, for `keep`.
    pub(super) fn now(&self) -> Option<Duration> {
        self.clock.since_epoch()
    }

    /// Keeps an answer. `credential` is its place and text, and `since` is the start of its lookup,
    /// because the answer may be as old as that.
    pub(super) fn keep(&self, credential: &[u8], answer: &Answer, since: Duration) {
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
