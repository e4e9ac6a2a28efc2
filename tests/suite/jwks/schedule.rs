//! The times at which key sets are fetched and expire, over minutes and hours on a paused clock.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use tower_jwt_auth::JwtAuthLayer;

use crate::support::{memory_issuer::MemoryIssuer, signing_keys::SigningKey, *};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(start_paused = true)]
async fn the_ttl_is_an_upper_bound_and_max_age_can_only_shorten_it() {
    let (default, a_minute, short) = (seconds(600), seconds(60), seconds(20));
    for (ttl, max_age, expected) in [
        (default, None, default),
        (default, Some(seconds(86_400)), default),
        (default, Some(Duration::MAX), default),
        (default, Some(seconds(601)), default),
        (default, Some(seconds(300)), seconds(300)),
        (default, Some(seconds(60)), seconds(60)),
        (default, Some(seconds(59)), seconds(60)),
        (default, Some(seconds(0)), seconds(60)),
        (a_minute, Some(seconds(3600)), a_minute),
        (short, Some(seconds(3600)), short),
        (short, Some(seconds(0)), short),
        (short, None, short),
        (seconds(7200), Some(seconds(7000)), seconds(7000)),
    ] {
        let mut issuer = MemoryIssuer::new();
        issuer.max_age = max_age;
        issuer.rotate();
        let layer = issuer.builder().jwks_ttl(ttl).build().unwrap();
        layer.ready().await.unwrap();
        sleep(expected * 20).await;
        let times = issuer.fetches();
        assert!(times.len() > 15, "{ttl:?}, {max_age:?}");
        for pair in times.windows(2) {
            let interval = pair[1] - pair[0];
            let min = expected.mul_f64(0.899);
            let range = min..=expected + seconds(1);
            assert!(
                range.contains(&interval),
                "{ttl:?}, {max_age:?}: {interval:?}"
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_removed_key_is_rejected_within_the_ttl_despite_max_age() {
    let mut issuer = MemoryIssuer::new();
    issuer.max_age = Some(seconds(3600));
    let removed = issuer.rotate();
    let layer = issuer.builder().jwks_ttl(seconds(60)).build().unwrap();
    layer.ready().await.unwrap();
    let token = issuer.token(&removed, "alice");
    issuer.set([SigningKey::generate("EdDSA", "other").into()]);
    assert_eq!(reason(&layer, &token), "accepted");
    sleep(seconds(61)).await;
    assert_eq!(reason(&layer, &token), "unknown_key");
}

#[tokio::test(start_paused = true)]
async fn keys_stay_valid_for_the_stale_time_after_their_time_to_live() {
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
    // Ten minutes of time to live, and one hour of stale time.
    let valid = start.elapsed();
    assert!(
        (seconds(4190)..=seconds(4210)).contains(&valid),
        "valid for {valid:?}"
    );
}

/// Requests an unknown key every 50 ms for this long. Returns the start of each fetch.
async fn request_unknown_keys(
    issuer: &MemoryIssuer,
    layer: &JwtAuthLayer,
    length: Duration,
) -> Vec<Instant> {
    let before = issuer.fetches().len();
    let stranger = SigningKey::generate("EdDSA", "stranger");
    let (start, mut number) = (Instant::now(), 0);
    while start.elapsed() < length {
        let token = issuer.invented(&stranger, &format!("{number}"), &format!("{number}"));
        let _ = layer.verifier().verify(&token);
        number += 1;
        sleep(Duration::from_millis(50)).await;
    }
    issuer.fetches().split_off(before)
}

fn intervals(times: &[Instant]) -> Vec<Duration> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

#[tokio::test(start_paused = true)]
async fn token_requested_fetches_are_a_cooldown_apart() {
    for (cooldown, expected) in [
        (None, 5),
        (Some(seconds(1)), 1),
        (Some(seconds(2)), 2),
        (Some(seconds(60)), 60),
        (Some(Duration::MAX), 600),
    ] {
        let issuer = MemoryIssuer::new();
        issuer.rotate();
        let builder = issuer.builder().jwks_ttl(seconds(86_400));
        let builder = match cooldown {
            Some(cooldown) => builder.jwks_cooldown(cooldown),
            None => builder,
        };
        let layer = builder.build().unwrap();
        layer.ready().await.unwrap();
        let times = request_unknown_keys(&issuer, &layer, seconds(600)).await;
        let max = 600 / expected as usize;
        assert!(
            (max..=max + 1).contains(&times.len()),
            "{cooldown:?}: {} fetches",
            times.len()
        );
        let min = seconds(expected);
        let intervals = intervals(&times);
        assert!(
            intervals.iter().all(|interval| *interval >= min),
            "{cooldown:?}: {intervals:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn scheduled_fetches_do_not_use_up_token_requested_ones() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let builder = issuer.builder().jwks_ttl(seconds(3));
    let layer = builder.jwks_cooldown(seconds(30)).build().unwrap();
    layer.ready().await.unwrap();
    // After nine scheduled fetches, a token-requested fetch may start a second after the last one.
    sleep(seconds(25)).await;
    let before = issuer.fetches().len();
    assert!(before >= 9, "{before}");
    let new = issuer.rotate();
    let start = Instant::now();
    let answer = ask(layer.clone(), with_bearer(&issuer.token(&new, "alice"))).await;
    answer.assert_reached("alice", "new key");
    assert!(start.elapsed() <= seconds(2), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn token_requested_fetches_do_not_use_up_scheduled_ones() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let builder = issuer.builder().jwks_ttl(seconds(3));
    let layer = builder.jwks_cooldown(seconds(60)).build().unwrap();
    layer.ready().await.unwrap();
    let times = request_unknown_keys(&issuer, &layer, seconds(60)).await;
    let intervals = intervals(&times);
    let max = Duration::from_millis(3100);
    assert!(
        intervals.iter().all(|interval| *interval <= max),
        "{intervals:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_token_requested_fetch_does_not_postpone_the_retry() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let builder = issuer.builder().jwks_ttl(seconds(60));
    let layer = builder.jwks_cooldown(seconds(20)).build().unwrap();
    layer.ready().await.unwrap();
    issuer.set([]);
    let times = request_unknown_keys(&issuer, &layer, seconds(600)).await;
    // One fetch per cooldown, and a retry every 30 s.
    assert!(times.len() >= 30 + 18, "{} fetches", times.len());
}

#[tokio::test(start_paused = true)]
async fn failed_fetches_are_retried_after_1_to_30_seconds() {
    let issuer = MemoryIssuer::new();
    let key = SigningKey::generate("EdDSA", "1");
    let layer = issuer.layer();
    let token = issuer.token(&key, "alice");
    let start = Instant::now();
    while start.elapsed() < seconds(3600) {
        let _ = layer.verifier().verify(&token);
        sleep(Duration::from_millis(500)).await;
    }
    let times = issuer.fetches();
    let intervals: Vec<f64> = times
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).as_secs_f64())
        .collect();
    for (interval, max) in intervals.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0]) {
        assert!((max * 0.9..max + 0.1).contains(interval), "{interval}");
    }
    assert!(
        intervals[5..]
            .iter()
            .all(|interval| (27.0..30.1).contains(interval))
    );
}

#[cfg(feature = "cache")]
#[tokio::test(start_paused = true)]
async fn the_same_keys_in_another_order_keep_the_cached_tokens() {
    let issuer = MemoryIssuer::new();
    let [one, two] = ["1", "2"].map(|id| std::sync::Arc::new(SigningKey::generate("EdDSA", id)));
    issuer.set([one.clone(), two.clone()]);
    let builder = issuer.builder().jwks_ttl(seconds(60)).cache_tokens(10);
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    let token = issuer.token(&one, "alice");
    let hits = |expected: u64| {
        assert_eq!(reason(&layer, &token), "accepted");
        assert_eq!(layer.cache_stats().unwrap().hits, expected);
    };
    hits(0);
    hits(1);
    issuer.set([two.clone(), one.clone()]);
    sleep(seconds(61)).await;
    hits(2);
    // The same key ID with another key is another set.
    let other = std::sync::Arc::new(SigningKey::generate("EdDSA", "2"));
    issuer.set([one.clone(), other]);
    sleep(seconds(61)).await;
    hits(2);
}

#[tokio::test(start_paused = true)]
async fn token_requested_fetches_that_fail_cause_no_others() {
    let issuer = MemoryIssuer::new();
    let key = issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    // Every other fetch fails.
    let flipping = tokio::spawn({
        let issuer = issuer.clone();
        async move {
            loop {
                let is_failing = issuer.fetches().len() % 2 == 1;
                issuer.set((!is_failing).then(|| key.clone()));
                sleep(Duration::from_millis(5)).await;
            }
        }
    });
    let times = request_unknown_keys(&issuer, &layer, seconds(300)).await;
    flipping.abort();
    assert!(times.len() <= 300 / 5 + 2, "{} fetches", times.len());
}
