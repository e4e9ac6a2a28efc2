//! The keys that a layer uses while their set is refreshed.

use std::time::{Duration, Instant};

use tokio::{
    task::{JoinSet, LocalSet},
    time::sleep,
};

use super::support::*;
use crate::support::{
    key_server::{KeyServer, Mode},
    signing_keys::{SigningKey, jwks},
    *,
};

#[tokio::test]
async fn cached_keys_survive_server_failures_until_they_expire() {
    let signer = key("1");
    let set = jwks([&signer]);
    let token = signer.token(&claims());
    let cases = [
        ("500", Mode::Status("500 Oops")),
        ("HTML", Mode::Set("<html>".into())),
        ("a reset", Mode::Reset),
        ("no response", Mode::Hang),
        ("slow bytes", Mode::Drip(set.clone())),
        ("less than announced", Mode::TooShort(10, set.clone())),
        ("more than announced", Mode::TooLong(10, set.clone())),
    ];
    // At the same time, because each waits for seconds.
    let (all, mut tasks) = (LocalSet::new(), JoinSet::new());
    for (description, mode) in cases {
        let (set, token) = (set.clone(), token.clone());
        let task = async move {
            let server = KeyServer::start(Mode::Set(set)).await;
            let layer = from_url(server.url())
                .jwks_ttl(Duration::from_secs(1))
                .jwks_max_stale(Duration::from_millis(2500))
                .build()
                .unwrap();
            layer.ready().await.unwrap();
            server.set(mode);
            until(async || server.count() > 1).await;
            assert_eq!(
                reason_over_http(&layer, &token).await,
                "accepted",
                "{description}"
            );
            let start = Instant::now();
            until(async || reason_over_http(&layer, &token).await == "keys_unavailable").await;
            assert!(start.elapsed() < Duration::from_secs(3), "{description}");
        };
        tasks.spawn_local_on(task, &all);
    }
    // Panics if one of the tasks has panicked.
    all.run_until(tasks.join_all()).await;
}

#[tokio::test]
async fn a_removed_key_is_rejected_after_the_next_refresh() {
    let (old, new) = (key("old"), key("new"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let layer = refreshed_each_second(&server).await;
    let token = old.token(&claims());
    assert_eq!(reason_over_http(&layer, &token).await, "accepted");
    server.set(Mode::Set(jwks([&new])));
    until(async || reason_over_http(&layer, &token).await == "unknown_key").await;
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
}

#[tokio::test]
async fn keys_follow_the_latest_set_of_disagreeing_replicas() {
    let [always, one, other] = ["always", "one", "other"].map(key);
    let sets = [jwks([&always, &one]), jwks([&other, &always])];
    let server = KeyServer::start(Mode::Alternate(sets.clone())).await;
    let layer = refreshed_each_second(&server).await;
    let verify = |key: &SigningKey| reason(&layer, &key.token(&claims()));
    let (mut states, start) = (Vec::new(), Instant::now());
    while start.elapsed() < Duration::from_secs(5) {
        assert_eq!(verify(&always), "accepted");
        let fetches = layer.jwks_health()[0].fetches;
        let state = (verify(&one), verify(&other));
        if fetches == layer.jwks_health()[0].fetches {
            // No fetch ended in between, so the state belongs to one of the two sets.
            let is_first = state == ("accepted", "unknown_key");
            assert!(
                is_first || state == ("unknown_key", "accepted"),
                "{state:?}"
            );
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    assert!((3..=6).contains(&states.len()), "{states:?}");

    let [first, _] = sets;
    server.set(Mode::Set(first));
    until(async || verify(&other) == "unknown_key").await;
    assert_eq!((verify(&always), verify(&one)), ("accepted", "accepted"));
    assert_apart(&server);
}

#[tokio::test]
async fn a_key_of_another_replica_is_fetched_on_request() {
    let [one, other] = ["one", "other"].map(key);
    let server = KeyServer::start(Mode::Alternate([&other, &one].map(|key| jwks([key])))).await;
    let builder = from_url(server.url()).jwks_cooldown(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    for key in [&one, &other, &one, &other] {
        let token = key.token(&claims());
        assert_eq!(reason_over_http(&layer, &token).await, "accepted");
    }
    assert_eq!(server.count(), 4);
    assert_apart(&server);
}

/// Asserts that fetches are about a second apart; the network shifts them a little.
fn assert_apart(server: &KeyServer) {
    let gaps = server.gaps();
    assert!(gaps.iter().all(|gap| gap.as_millis() >= 900), "{gaps:?}");
}

#[tokio::test]
async fn requests_do_not_wait_for_a_refresh() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let layer = refreshed_each_second(&server).await;
    server.set(Mode::Slow(Duration::from_millis(500), jwks([&signer])));
    until(async || server.count() > 1).await;
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(
            reason_over_http(&layer, &signer.token(&claims())).await,
            "accepted"
        );
    }
    assert!(
        start.elapsed() < Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_max_age_of_zero_means_a_minute_or_the_shorter_ttl() {
    let signer = key("1");
    let set = jwks([&signer]);
    let server = KeyServer::start(Mode::SetWith(set, "cache-control: max-age=0\r\n")).await;
    let default = from_url(server.url()).build().unwrap();
    default.ready().await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(), 1);
    let short = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    short.ready().await.unwrap();
    until(async || server.count() > 2).await;
    drop(default);
}

#[tokio::test]
async fn a_short_stale_time_rejects_nothing_while_fetches_succeed() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let layer = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .jwks_max_stale(Duration::ZERO)
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        let reason = reason_over_http(&layer, &signer.token(&claims())).await;
        assert_eq!(reason, "accepted", "after {:?}", start.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    assert!(server.count() > 1);
}

#[tokio::test]
async fn unlimited_durations_are_accepted() {
    let signer = key("1");
    let forever = "cache-control: max-age=18446744073709551615\r\n";
    let server = KeyServer::start(Mode::SetWith(jwks([&signer]), forever)).await;
    let layer = from_url(server.url())
        .jwks_ttl(Duration::MAX)
        .jwks_max_stale(Duration::MAX)
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
}

#[tokio::test]
async fn a_set_without_usable_keys_clears_the_cached_keys() {
    let signer = key("1");
    let other = key("1");
    let mut for_encryption: serde_json::Value = serde_json::from_str(&jwks([&signer])).unwrap();
    for_encryption["keys"][0]["use"] = "enc".into();
    for (description, set) in [
        ("no keys", r#"{"keys":[]}"#.to_owned()),
        ("a key for encryption", for_encryption.to_string()),
        ("two keys with one kid", jwks([&signer, &other])),
    ] {
        let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
        let layer = refreshed_each_second(&server).await;
        let token = signer.token(&claims());
        assert_eq!(
            reason_over_http(&layer, &token).await,
            "accepted",
            "{description}"
        );
        server.set(Mode::Set(set));
        until(async || reason_over_http(&layer, &token).await == "keys_unavailable").await;
        server.set(Mode::Set(jwks([&signer])));
        until(async || reason_over_http(&layer, &token).await == "accepted").await;
    }
}

#[tokio::test]
async fn a_set_of_200_000_entries_does_not_delay_requests() {
    let signer = key("1");
    let many = |number: usize| {
        let first = signer.jwk().to_string();
        format!(r#"{{"keys":[{first}{}]}}"#, ",1".repeat(number))
    };
    let server = KeyServer::start(Mode::Set(many(100_000))).await;
    let layer = refreshed_each_second(&server).await;
    server.set(Mode::Set(many(200_000)));
    until(async || server.count() > 1).await;
    let start = Instant::now();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
    assert_eq!(layer.jwks_health()[0].keys, 1);
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
}
