use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    time::Duration,
};

use tokio::time::Instant;

use super::bucket::Bucket;
use crate::key::{KeySet, VerifyingKey, Wanted};

/// Two fetches are at least this far apart.
const APART: Duration = Duration::from_secs(1);

/// How many requests for keys that were not there are remembered, and for how long: that a key id
/// is missing, and that a subject asked for one that is.
const REMEMBERED: usize = 256;
const MISSING_FOR: Duration = Duration::from_secs(30);
const SUSPECT_FOR: Duration = Duration::from_secs(10 * 60);

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

/// A request for a key that was not there.
struct Recent {
    key_id: u64,
    subject: u64,
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

enum Recall {
    New,
    /// It was asked for before, and no fetch has ended since.
    Again,
    /// A fetch that began after it was asked for did not have it.
    Missing,
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

    /// Asks for a fetch because of a token whose key is not there.
    ///
    /// Nobody can tell an invented key id from a new one. But a key that the last fetch did not
    /// have signs only what is issued after that fetch; one that is in use is soon asked for
    /// again; and who asked for keys that are nowhere may do so again. So the last of the bucket is
    /// kept for the others: an older token, or one of such a subject, leaves two, and once somebody
    /// has invented key ids, one that is asked for the first time leaves one. One that a fetch did
    /// not bring is not asked for again for a while.
    pub(super) fn ask(
        &mut self,
        wanted: Wanted<'_>,
        since_fetch: Option<Duration>,
        now: Instant,
    ) -> Prospect {
        match self.phase {
            Phase::Asked => return Prospect::Coming,
            Phase::Fetching => return Prospect::UnderWay,
            Phase::Idle => {}
        }
        let is_older = match (wanted.age, since_fetch) {
            (Some(age), Some(since)) => age > since.as_secs() + SKEW,
            _ => false,
        };
        let subject = self.hasher.hash_one(wanted.subject);
        let some_invent = self.inventors(now).next().is_some();
        let is_suspect = self.inventors(now).any(|inventor| inventor == subject);
        let reserve = match self.recall(wanted.key_id.unwrap_or_default(), subject, now) {
            Recall::Missing => return Prospect::None,
            _ if is_older || is_suspect => 2,
            Recall::Again => 0,
            Recall::New => u32::from(some_invent),
        };
        if self.bucket.take(reserve, now) {
            self.phase = Phase::Asked;
            Prospect::Coming
        } else if is_older || is_suspect {
            Prospect::None
        } else {
            Prospect::Unlikely
        }
    }

    /// The subjects that asked for keys that are nowhere.
    fn inventors(&self, now: Instant) -> impl Iterator<Item = u64> {
        let counts = move |known: &&Recent| known.is_missing && now - known.at < SUSPECT_FOR;
        self.recent.iter().filter(counts).map(|known| known.subject)
    }

    /// What is remembered of a key id. The request is remembered from now on.
    fn recall(&mut self, key_id: &str, subject: u64, now: Instant) -> Recall {
        let key_id = self.hasher.hash_one(key_id);
        let known = self
            .recent
            .iter()
            .rev()
            .find(|known| known.key_id == key_id && now - known.at < MISSING_FOR);
        if let Some(known) = known {
            return if known.is_missing {
                Recall::Missing
            } else {
                Recall::Again
            };
        }
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        self.recent.push_back(Recent {
            key_id,
            subject,
            at: now,
            is_missing: false,
        });
        Recall::New
    }

    /// When the next fetch may begin: now if one was asked for, else at `planned`, and not too soon
    /// after the last.
    pub(super) fn due(&self, planned: Instant, now: Instant) -> Instant {
        let wanted = if self.phase == Phase::Asked {
            now.min(planned)
        } else {
            planned
        };
        self.last_start
            .map_or(wanted, |start| wanted.max(start + APART))
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.phase = Phase::Fetching;
        self.last_start = Some(now);
    }

    /// The fetch has ended, with this set if it succeeded.
    pub(super) fn end(&mut self, fetched: Option<&KeySet>) {
        self.phase = Phase::Idle;
        let (Some(set), Some(start)) = (fetched, self.last_start) else {
            return;
        };
        let key_ids = set.keys().iter().filter_map(VerifyingKey::key_id);
        let there: Vec<u64> = key_ids.map(|id| self.hasher.hash_one(id)).collect();
        self.recent.retain(|known| !there.contains(&known.key_id));
        for known in self.recent.iter_mut().filter(|known| known.at <= start) {
            known.is_missing = true;
        }
    }
}
