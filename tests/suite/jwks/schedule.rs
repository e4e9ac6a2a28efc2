//! When key sets are fetched and how long they are used, over minutes and hours on a paused clock.

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
        let times = issuer.asked();
        assert!(times.len() > 15, "{ttl:?}, {max_age:?}");
        for pair in times.windows(2) {
            let interval = pair[1] - pair[0];
            let least = expected.mul_f64(0.899);
            let range = least..=expected + seconds(1);
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
    // Ten minutes to live, and an hour after them.
    let valid = start.elapsed();
    assert!(
        (seconds(4190)..=seconds(4210)).contains(&valid),
        "valid for {valid:?}"
    );
}

/// Requests an unknown key all the time, for so long. Returns when fetches started meanwhile.
async fn request_unknown_keys(
    issuer: &MemoryIssuer,
    layer: &JwtAuthLayer,
    length: Duration,
) -> Vec<Instant> {
    let before = issuer.asked().len();
    let stranger = SigningKey::generate("EdDSA", "stranger");
    let (start, mut number) = (Instant::now(), 0);
    while start.elapsed() < length {
        let token = issuer.invented(&stranger, &format!("{number}"), &format!("{number}"));
        let _ = layer.verifier().verify(&token);
        number += 1;
        sleep(Duration::from_millis(50)).await;
    }
    issuer.asked().split_off(before)
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
        let most = 600 / expected as usize;
        assert!(
            (most..=most + 1).contains(&times.len()),
            "{cooldown:?}: {} fetches",
            times.len()
        );
        let least = seconds(expected);
        let intervals = intervals(&times);
        assert!(
            intervals.iter().all(|interval| *interval >= least),
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
    // Nine scheduled fetches later, a token's request is served a second after the last one.
    sleep(seconds(25)).await;
    let before = issuer.asked().len();
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
    let most = Duration::from_millis(3100);
    assert!(
        intervals.iter().all(|interval| *interval <= most),
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
    // One per cooldown, and a retry every 30 s.
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
    // Another key under an old ID is another set.
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
                let is_failing = issuer.asked().len() % 2 == 1;
                issuer.set((!is_failing).then(|| key.clone()));
                sleep(Duration::from_millis(5)).await;
            }
        }
    });
    let times = request_unknown_keys(&issuer, &layer, seconds(300)).await;
    flipping.abort();
    assert!(times.len() <= 300 / 5 + 2, "{} fetches", times.len());
}
