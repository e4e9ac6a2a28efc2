use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use super::bucket::Bucket;

/// Two fetches that were asked for are at least this far apart.
const APART: Duration = Duration::from_secs(1);

/// How many key ids are remembered that were asked for and not there, and for how long.
const REMEMBERED: usize = 256;
const MEMORY: Duration = Duration::from_secs(30);

/// How much the clock of the issuer may be behind, in seconds.
const SKEW: u64 = 60;

/// What requests have asked for, and whether they may.
pub(super) struct Demand {
    bucket: Bucket,
    hasher: RandomState,
    recent: VecDeque<Recent>,
    last_start: Option<Instant>,
    phase: Phase,
}

/// A key id that was asked for, and was not there.
struct Recent {
    hash: u64,
    at: Instant,
    /// A fetch since then did not have it either.
    is_missing: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Idle,
    /// A fetch was asked for, and has not begun.
    Asked,
    Fetching,
}

/// How it stands with a fetch that a request wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prospect {
    /// One will begin.
    Coming,
    /// One is under way. It may have begun before the key was made.
    UnderWay,
    /// None is, and none may be asked for. Another request for the same key could.
    Unlikely,
    None,
}

impl Demand {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            bucket: Bucket::new(now),
            hasher: RandomState::new(),
            recent: VecDeque::new(),
            last_start: None,
            phase: Phase::Idle,
        }
    }

    /// Asks for a fetch because of this key id.
    ///
    /// Nobody can tell an invented key id from a new one. But a key that the last fetch did not
    /// have signs only what is issued after that fetch, and one that is in use is soon asked for
    /// again. So the last of the bucket is kept for those: a token that is older leaves two, and a
    /// key id that is asked for the first time leaves one. One that a fetch did not bring is not
    /// asked for again until it is forgotten.
    pub(super) fn ask(
        &mut self,
        key_id: &str,
        age: Option<u64>,
        since_fetch: Option<Duration>,
        now: Instant,
    ) -> Prospect {
        match self.phase {
            Phase::Asked => return Prospect::Coming,
            Phase::Fetching => return Prospect::UnderWay,
            Phase::Idle => {}
        }
        let is_older = match (age, since_fetch) {
            (Some(age), Some(since)) => age > since.as_secs() + SKEW,
            _ => false,
        };
        let reserve = match self.recall(key_id, now) {
            Some(is_missing) if is_missing => return Prospect::None,
            _ if is_older => 2,
            Some(_) => 0,
            None => 1,
        };
        if self.bucket.take(reserve, now) {
            self.phase = Phase::Asked;
            Prospect::Coming
        } else if is_older {
            Prospect::None
        } else {
            Prospect::Unlikely
        }
    }

    /// What is remembered of a key id: whether it is missing. It is remembered from now on.
    fn recall(&mut self, key_id: &str, now: Instant) -> Option<bool> {
        let hash = self.hasher.hash_one(key_id);
        self.recent
            .retain(|known| now.saturating_duration_since(known.at) < MEMORY);
        let known = self.recent.iter().find(|known| known.hash == hash);
        if let Some(known) = known {
            return Some(known.is_missing);
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent {
            hash,
            at: now,
            is_missing: false,
        });
        None
    }

    /// When a fetch that was asked for may begin, if one was.
    pub(super) fn due(&self, now: Instant) -> Option<Instant> {
        let earliest = self.last_start.map_or(now, |start| start + APART);
        (self.phase == Phase::Asked).then(|| earliest.max(now))
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.phase = Phase::Fetching;
        self.last_start = Some(now);
    }

    /// The fetch has ended; `succeeded` if it brought a set.
    pub(super) fn end(&mut self, succeeded: bool) {
        self.phase = Phase::Idle;
        let Some(start) = self.last_start.filter(|_| succeeded) else {
            return;
        };
        for known in self.recent.iter_mut().filter(|known| known.at <= start) {
            known.is_missing = true;
        }
    }
}
