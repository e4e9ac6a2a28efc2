use std::time::Duration;

use tokio::time::Instant;

/// Limits how often something is done: a burst at first, and then one every so often.
#[derive(Debug)]
pub(super) struct Bucket {
    burst: u32,
    refill: Duration,
    left: u32,
    /// Since when the next one is on its way, while not all are there.
    since: Instant,
}

impl Bucket {
    /// A full one. It gains one every `refill`, which is a millisecond or more.
    pub(super) fn new(burst: u32, refill: Duration, now: Instant) -> Self {
        Self {
            burst,
            refill,
            left: burst,
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
        let gained = elapsed.as_millis() / self.refill.as_millis().max(1);
        match u32::try_from(gained) {
            Ok(gained) if gained < self.burst - self.left => {
                self.left += gained;
                self.since += self.refill * gained;
            }
            _ => {
                self.left = self.burst;
                self.since = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_may_follow_each_other_and_then_one_every_thirty_seconds() {
        let start = Instant::now();
        let mut bucket = Bucket::new(4, Duration::from_secs(30), start);
        let taken = (0..3600)
            .filter(|&second| bucket.take(0, start + Duration::from_secs(second)))
            .collect::<Vec<_>>();
        assert_eq!(taken[..6], [0, 1, 2, 3, 30, 60]);
        assert_eq!(taken.len(), 4 + 3599 / 30);
    }

    #[test]
    fn time_saves_up_no_more_than_the_burst() {
        let start = Instant::now();
        let mut bucket = Bucket::new(4, Duration::from_secs(30), start);
        assert!(bucket.take(0, start));
        let later = start + Duration::from_secs(3600);
        assert_eq!((0..9).filter(|_| bucket.take(0, later)).count(), 4);
    }

    #[test]
    fn the_next_one_is_on_its_way_since_one_was_missing() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut bucket = Bucket::new(4, Duration::from_secs(30), start);
        assert!(bucket.take(0, start));
        assert!(bucket.take(0, after(31)));
        assert!(!bucket.take(3, after(60)));
        assert!(bucket.take(3, after(61)));
    }

    #[test]
    fn what_is_reserved_stays() {
        let start = Instant::now();
        let mut bucket = Bucket::new(4, Duration::from_secs(30), start);
        assert_eq!((0..9).filter(|_| bucket.take(1, start)).count(), 3);
        assert!(bucket.take(0, start));
        assert!(!bucket.take(0, start));
    }
}
