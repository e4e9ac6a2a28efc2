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

/// How many fetches that tokens ask for may follow each other, and how long it takes until another
/// may.
const BURST: u32 = 4;
const REFILL: Duration = Duration::from_secs(30);

/// How many requests for which none may be asked can hope for another's: so many at once, and one
/// more so often.
const HOPES: u32 = 4;
const NEXT_HOPE: Duration = Duration::from_millis(500);

/// How many key ids that were asked for are remembered, and how long.
const MOST_KEY_IDS: usize = 256;
const KEY_ID_FOR: Duration = Duration::from_secs(30);

/// How many subjects that asked for keys which are nowhere are remembered, and how long.
const MOST_SUSPECTS: usize = 256;
const SUSPECT_FOR: Duration = Duration::from_secs(10 * 60);

/// How much the clock of the issuer may be behind, in seconds.
const SKEW: u64 = 60;

/// What requests have asked for, and whether they may.
pub(super) struct Demand {
    bucket: Bucket,
    hopes: Bucket,
    hasher: RandomState,
    asked_for: VecDeque<AskedFor>,
    suspects: VecDeque<(u64, Instant)>,
    last_start: Option<Instant>,
    phase: Phase,
}

/// A key that was asked for and not there.
struct AskedFor {
    key_id: u64,
    subject: u64,
    at: Instant,
    /// How often it was asked for before, while it was not known to be missing.
    before: u32,
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
            bucket: Bucket::new(BURST, REFILL, now),
            hopes: Bucket::new(HOPES, NEXT_HOPE, now),
            hasher: RandomState::new(),
            asked_for: VecDeque::new(),
            suspects: VecDeque::new(),
            last_start: None,
            phase: Phase::Idle,
        }
    }

    /// Asks for a fetch because of a token whose key is not there.
    ///
    /// Nobody can tell an invented key id from a new one. But a key that the last fetch did not
    /// have signs only what is issued after that fetch; who asked for keys that are nowhere may do
    /// so again; and one that is in use is soon asked for again. So the last of the bucket is kept
    /// for the others: an older token, or one of such a subject, leaves two, and once somebody has
    /// invented key ids, each that is new leaves one; and each time that a key id comes again it
    /// leaves one less. One that a fetch did not bring is not asked for again for a while.
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
        self.asked_for.retain(|known| now - known.at < KEY_ID_FOR);
        self.suspects
            .retain(|(_, since)| now - *since < SUSPECT_FOR);

        let subject = self.hasher.hash_one(wanted.subject);
        let (is_older, is_newer) = match (wanted.age, since_fetch) {
            (Some(age), Some(since)) => (
                age > since.as_secs() + SKEW,
                Duration::from_secs(age) < since,
            ),
            _ => (false, false),
        };
        let doubt = if is_older || self.is_suspect(subject) {
            2
        } else {
            u32::from(!self.suspects.is_empty())
        };
        let asked_for = self.asked_for(wanted.key_id, subject, now);
        // A token that was issued since may name a key that was made since.
        if asked_for.is_missing && !is_newer {
            return Prospect::None;
        }
        let reserve = doubt.saturating_sub(asked_for.before);
        if !asked_for.is_missing {
            asked_for.before = asked_for.before.saturating_add(1);
        }
        if self.bucket.take(reserve, now) {
            self.phase = Phase::Asked;
            Prospect::Coming
        } else if !is_older && self.hopes.take(0, now) {
            // A suspect too: anybody can put somebody else's name into a token.
            Prospect::Unlikely
        } else {
            Prospect::None
        }
    }

    fn is_suspect(&self, subject: u64) -> bool {
        self.suspects.iter().any(|(known, _)| *known == subject)
    }

    /// What is known of this key id, from now on if nothing was.
    fn asked_for(&mut self, key_id: Option<&str>, subject: u64, now: Instant) -> &mut AskedFor {
        let key_id = self.hasher.hash_one(key_id.unwrap_or_default());
        let position = self
            .asked_for
            .iter()
            .position(|known| known.key_id == key_id);
        let position = position.unwrap_or_else(|| {
            let asked_for = AskedFor {
                key_id,
                subject,
                at: now,
                before: 0,
                is_missing: false,
            };
            push(&mut self.asked_for, asked_for, MOST_KEY_IDS);
            self.asked_for.len() - 1
        });
        &mut self.asked_for[position]
    }

    /// Whether a fetch was asked for, or is under way.
    pub(super) fn is_busy(&self) -> bool {
        self.phase != Phase::Idle
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
        self.asked_for
            .retain(|known| !there.contains(&known.key_id));
        for known in self.asked_for.iter_mut().filter(|known| known.at <= start) {
            known.is_missing = true;
            self.suspects
                .retain(|(subject, _)| *subject != known.subject);
            push(&mut self.suspects, (known.subject, start), MOST_SUSPECTS);
        }
    }
}

fn push<T>(queue: &mut VecDeque<T>, element: T, most: usize) {
    if queue.len() >= most {
        queue.pop_front();
    }
    queue.push_back(element);
}

#[cfg(test)]
mod tests;
