//! The bounds of what is remembered, to the second.

use super::*;

fn wanted<'a>(key_id: &'a str, subject: &'a str, age: Option<u64>) -> Wanted<'a> {
    Wanted {
        key_id: Some(key_id),
        subject,
        age,
    }
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Asked by alice for a key that a fetch then did not bring.
fn disappointed(start: Instant) -> Demand {
    let mut demand = Demand::new(start);
    let asked = demand.ask(wanted("k", "alice", None), None, start);
    assert_eq!(asked, Prospect::Coming);
    demand.begin(start);
    demand.end(Some(&KeySet::default()));
    demand
}

/// How many fetches are had at once by as many subjects, each for a key id of its own.
fn fetches(demand: &mut Demand, age: Option<u64>, since: Option<Duration>, now: Instant) -> usize {
    let names = ["a", "b", "c", "d", "e", "f"];
    let had = names.map(|name| {
        let asked = demand.ask(wanted(name, name, age), since, now);
        demand.begin(now);
        demand.end(None);
        asked == Prospect::Coming
    });
    had.into_iter().filter(|had| *had).count()
}

#[test]
fn a_missing_key_may_be_asked_for_again_after_thirty_seconds() {
    let start = Instant::now();
    for (after, expected) in [(29, Prospect::None), (30, Prospect::Coming)] {
        let mut demand = disappointed(start);
        let again = demand.ask(wanted("k", "alice", None), None, start + seconds(after));
        assert_eq!(again, expected, "{after}");
    }
}

#[test]
fn who_asked_for_a_missing_key_is_suspect_for_ten_minutes() {
    let start = Instant::now();
    for (after, expected) in [(599, 3), (600, 4)] {
        let mut demand = disappointed(start);
        let had = fetches(&mut demand, None, None, start + seconds(after));
        assert_eq!(had, expected, "{after}");
    }
}

#[test]
fn a_token_from_before_the_last_fetch_leaves_two_to_others() {
    let start = Instant::now();
    let since = Some(seconds(10));
    for (age, expected) in [(9, 4), (70, 4), (71, 2), (599, 2)] {
        let mut demand = Demand::new(start);
        let had = fetches(&mut demand, Some(age), since, start);
        assert_eq!(had, expected, "{age}");
    }
}

#[test]
fn a_token_from_after_the_last_fetch_may_ask_for_a_missing_key() {
    let start = Instant::now();
    for (age, expected) in [(9, Prospect::Coming), (10, Prospect::None)] {
        let mut demand = disappointed(start);
        let again = demand.ask(wanted("k", "alice", Some(age)), Some(seconds(10)), start);
        assert_eq!(again, expected, "{age}");
    }
}
