use std::time::Duration;

use tokio::time::Instant;

/// How many extra fetches may follow each other.
const BURST: u32 = 4;

/// How long it takes until another is allowed.
const REFILL: Duration = Duration::from_secs(30);

/// Limits the fetches that tokens with an unknown key ask for: whoever invents key ids must not
/// have the issuer asked more often than it bears.
#[derive(Debug)]
pub(super) struct Bucket {
    left: u32,
    /// Since when the next one is on its way, while not all are there.
    since: Instant,
}

impl Bucket {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            left: BURST,
            since: now,
        }
    }

    /// Takes one if more than `reserve` are there.
    pub(super) fn take(&mut self, reserve: u32, now: Instant) -> bool {
        self.refill(now);
        let is_there = self.left > reserve;
        if is_there {
            self.left -= 1;
        }
        is_there
    }

    fn refill(&mut self, now: Instant) {
        let elapsed = now.saturating_duration_since(self.since);
        let gained = elapsed.as_secs() / REFILL.as_secs();
        if u64::from(self.left) + gained >= u64::from(BURST) {
            self.left = BURST;
            self.since = now;
        } else {
            let gained = gained as u32;
            self.left += gained;
            self.since += REFILL * gained;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_may_follow_each_other_and_then_one_every_thirty_seconds() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        let taken = (0..3600)
            .filter(|&second| bucket.take(0, start + Duration::from_secs(second)))
            .collect::<Vec<_>>();
        assert_eq!(taken[..6], [0, 1, 2, 3, 30, 60]);
        assert_eq!(taken.len(), 4 + 3599 / 30);
    }

    #[test]
    fn what_is_reserved_stays() {
        let start = Instant::now();
        let mut bucket = Bucket::new(start);
        assert_eq!((0..9).filter(|_| bucket.take(1, start)).count(), 3);
        assert!(bucket.take(0, start));
        assert!(!bucket.take(0, start));
    }
}
