//! What takes minutes and hours: plans of fetches, and rotations under attack.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{Instant, sleep},
};

use super::{memory_issuer::MemoryIssuer, signing_keys::SigningKey, support::*};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Holds that fetches which tokens asked for are a burst of four and one more per half minute, in
/// any stretch of time, beside the planned ones, and never two within a second.
fn assert_bounded(times: &[Instant], planned_every: Duration) {
    for (first, start) in times.iter().enumerate() {
        for (last, end) in times.iter().enumerate().skip(first + 1) {
            let (stretch, fetches) = (*end - *start, (last - first) as u64);
            assert!(
                stretch >= seconds(fetches),
                "{first} to {last}: {stretch:?}"
            );
            let asked_for = 4 + stretch.as_secs() / 30;
            let planned = stretch.as_secs_f64() / (planned_every.as_secs_f64() * 0.9);
            let most = 2 + asked_for + planned as u64;
            assert!(fetches < most, "{first} to {last} in {stretch:?}");
        }
    }
}

/// An attacker who invents key ids.
struct Attack {
    name: &'static str,
    subject: fn(u64) -> String,
    /// How often each key id is used.
    repeats: u64,
    per_second: u32,
    /// Who asks meanwhile, each four times a second, one request after another.
    clients: &'static [&'static str],
}

/// How many valid requests there were, how many of them were refused, and how often keys rotated.
#[derive(Debug)]
struct Outcome {
    asked: u64,
    refused: u64,
    rotations: u64,
}

async fn run(attack: &Attack, rotation: Duration, length: Duration) -> Outcome {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let layer = issuer.layer();
    let start = Instant::now();
    let is_over = move || start.elapsed() > length;

    let mut clients = JoinSet::new();
    for &client in attack.clients {
        let (issuer, layer) = (issuer.clone(), layer.clone());
        clients.spawn(async move {
            let (mut asked, mut refused) = (0, 0);
            while !is_over() {
                let token = issuer.token(&issuer.newest(), client);
                let answer = ask(layer.clone(), with_bearer(&token)).await;
                asked += 1;
                refused += u64::from(answer.status() != 200);
                sleep(Duration::from_millis(250)).await;
            }
            (asked, refused)
        });
    }
    let attacking = async {
        let attacker = SigningKey::generate("EdDSA", "attacker");
        let mut attacks = JoinSet::new();
        let mut number = 0;
        while !is_over() {
            let key_id = format!("invented-{}", number / attack.repeats);
            let token = issuer.invented(&attacker, &key_id, &(attack.subject)(number));
            attacks.spawn(ask(layer.clone(), with_bearer(&token)));
            number += 1;
            sleep(seconds(1) / attack.per_second).await;
        }
        for answer in attacks.join_all().await {
            answer.assert_invalid_token("unknown_key", attack.name);
        }
    };
    let rotating = async {
        let mut rotations = 0;
        while !is_over() {
            sleep(rotation).await;
            issuer.rotate();
            rotations += 1;
        }
        rotations
    };
    let (counts, (), rotations) = tokio::join!(clients.join_all(), attacking, rotating);
    assert_bounded(&issuer.asked(), seconds(600));
    let outcome = Outcome {
        asked: counts.iter().map(|(asked, _)| asked).sum(),
        refused: counts.iter().map(|(_, refused)| refused).sum(),
        rotations,
    };
    println!(
        "{}, {} per second, clients: {}, {length:?}: {outcome:?}, {} fetches",
        attack.name,
        attack.per_second,
        attack.clients.len(),
        issuer.asked().len()
    );
    outcome
}

const MALLORY: fn(u64) -> String = |_| "mallory".to_owned();
const MANY: fn(u64) -> String = |number| format!("mallory {number}");
const ALICE: fn(u64) -> String = |_| "alice".to_owned();
const BOTH: fn(u64) -> String = |number| ["alice", "bob"][number as usize % 2].to_owned();

/// Ten minutes each, at a key every 75 s; `ATTACK_MINUTES` says how long else.
fn length() -> Duration {
    let minutes = std::env::var("ATTACK_MINUTES").map_or(10, |minutes| minutes.parse().unwrap());
    seconds(60 * minutes)
}

#[tokio::test(start_paused = true)]
async fn keys_rotate_under_attack_and_nobody_is_refused() {
    let (one, two) = (&["alice"][..], &["alice", "bob"][..]);
    for (name, subject, per_second, clients) in [
        ("one name", MALLORY, 1, two),
        ("one name", MALLORY, 1, one),
        ("one name", MALLORY, 20, two),
        ("a name for each", MANY, 1, two),
        ("a user's name", ALICE, 1, two),
        ("two users' names", BOTH, 1, two),
    ] {
        let attack = Attack {
            name,
            subject,
            repeats: 1,
            per_second,
            clients,
        };
        let outcome = run(&attack, seconds(75), length()).await;
        assert_eq!(outcome.refused, 0, "{name}");
        assert!(outcome.rotations >= 8 && outcome.asked > 2000, "{name}");
    }
}

/// What cannot be told apart from an attack, and what the threat model says of it.
#[tokio::test(start_paused = true)]
async fn who_asks_alone_is_refused_once_a_rotation_under_an_attacker_of_many_names() {
    for (name, subject) in [("a name for each", MANY), ("the user's name", ALICE)] {
        let attack = Attack {
            name,
            subject,
            repeats: 1,
            per_second: 1,
            clients: &["alice"],
        };
        let outcome = run(&attack, seconds(75), length()).await;
        assert!(outcome.refused <= outcome.rotations, "{name}: {outcome:?}");
    }
}

/// Only ever measured: `cargo test … -- --ignored --nocapture`.
#[tokio::test(start_paused = true)]
#[ignore = "a measurement of attacks that succeed in part"]
async fn attackers_who_repeat_themselves_or_hurry_have_new_keys_refused_for_a_while() {
    for (name, repeats, per_second) in [("each key id twice", 2, 1), ("many names", 1, 20)] {
        let attack = Attack {
            name,
            subject: MANY,
            repeats,
            per_second,
            clients: &["alice", "bob"],
        };
        run(&attack, seconds(75), length()).await;
    }
}

#[tokio::test(start_paused = true)]
async fn another_fetch_may_be_asked_for_every_half_minute() {
    let mut issuer = MemoryIssuer::new();
    issuer.max_age = Some(seconds(3600));
    issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    let start = Instant::now();
    let attacker = SigningKey::generate("EdDSA", "attacker");
    let mut number = 0;
    while start.elapsed() < seconds(600) {
        let token = issuer.invented(&attacker, &format!("{number}"), &format!("{number}"));
        let _ = layer.verifier().verify(&token);
        number += 1;
        sleep(Duration::from_millis(50)).await;
    }
    let asked_for = issuer.asked().len() - 1;
    assert!(
        (20..=24).contains(&asked_for),
        "{asked_for} for {number} invented key ids"
    );
    assert_bounded(&issuer.asked(), seconds(3600));
}

#[tokio::test(start_paused = true)]
async fn a_set_is_fetched_again_within_ten_minutes_or_as_the_issuer_says_within_an_hour() {
    for (max_age, least, most) in [
        (None, 540, 600),
        (Some(seconds(86_400)), 3240, 3600),
        (Some(seconds(0)), 54, 60),
    ] {
        let mut issuer = MemoryIssuer::new();
        issuer.max_age = max_age;
        issuer.rotate();
        let layer = issuer.layer();
        layer.ready().await.unwrap();
        sleep(seconds(20_000)).await;
        let times = issuer.asked();
        assert!(times.len() > 5, "{max_age:?}");
        for pair in times.windows(2) {
            let apart = (pair[1] - pair[0]).as_secs();
            assert!((least..=most + 1).contains(&apart), "{max_age:?}: {apart}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn keys_count_for_the_whole_stale_time_after_the_longest_time_to_live() {
    let mut issuer = MemoryIssuer::new();
    issuer.max_age = Some(seconds(86_400));
    let key = issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    issuer.set([]);
    let start = Instant::now();
    while layer
        .verifier()
        .verify(&issuer.token(&key, "alice"))
        .is_ok()
    {
        sleep(seconds(10)).await;
    }
    // An hour to live, and an hour of grace.
    let held = start.elapsed();
    assert!(
        (seconds(7190)..=seconds(7210)).contains(&held),
        "held for {held:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failing_issuer_is_asked_after_a_second_at_first_and_every_half_minute_at_last() {
    let issuer = MemoryIssuer::new();
    let key = SigningKey::generate("EdDSA", "1");
    let layer = issuer.layer();
    let token = issuer.token(&key, "alice");
    let start = Instant::now();
    while start.elapsed() < seconds(3600) {
        let _ = layer.verifier().verify(&token);
        sleep(Duration::from_millis(500)).await;
    }
    let times = issuer.asked();
    let apart: Vec<f64> = times
        .windows(2)
        .map(|two| (two[1] - two[0]).as_secs_f64())
        .collect();
    for (apart, longest) in apart.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0]) {
        assert!((longest * 0.9..longest + 0.1).contains(apart), "{apart}");
    }
    assert!(apart[5..].iter().all(|apart| (27.0..30.1).contains(apart)));
}
