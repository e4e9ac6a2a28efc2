//! How many requests with an unknown key wait, and for how long, on a paused clock.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::json;
use tokio::{
    task::{JoinHandle, JoinSet},
    time::{Instant, sleep},
};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, TokenSource};

use crate::support::{
    memory_issuer::{KeyIds, MemoryIssuer},
    signing_keys::{SigningKey, with, with_flipped_bit},
    *,
};

const MAX_WAITING: usize = 1024;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A layer that fetched the keys of the issuer once, a minute ago.
async fn fetched(issuer: &MemoryIssuer) -> JwtAuthLayer {
    fetched_by(issuer.builder()).await
}

async fn fetched_by(builder: JwtAuthBuilder) -> JwtAuthLayer {
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    sleep(seconds(60)).await;
    layer
}

fn issuer(delay: Duration) -> MemoryIssuer {
    let mut issuer = MemoryIssuer::new();
    issuer.delay = delay;
    issuer.reads_first = true;
    issuer.rotate();
    issuer
}

/// Sends a request. Its task returns the reason and the duration.
fn send(layer: &JwtAuthLayer, token: &str) -> JoinHandle<(&'static str, Duration)> {
    let (layer, request, start) = (layer.clone(), with_bearer(token), Instant::now());
    tokio::spawn(async move { (ask(layer, request).await.reason(), start.elapsed()) })
}

fn unknown(issuer: &MemoryIssuer) -> String {
    issuer.token(&SigningKey::generate("EdDSA", "unknown"), "mallory")
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_as_long_as_its_fetch_takes() {
    let issuer = issuer(Duration::from_millis(4900));
    let layer = fetched(&issuer).await;
    let token = issuer.token(&issuer.rotate(), "alice");
    let answer = send(&layer, &token).await.unwrap();
    assert_eq!(answer, ("accepted", Duration::from_millis(4900)));
    assert_eq!(issuer.fetches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_arrives_during_a_fetch_waits_for_the_next() {
    let issuer = issuer(seconds(4));
    let layer = fetched(&issuer).await;
    let first = send(&layer, &unknown(&issuer));
    sleep(seconds(1)).await;
    let token = issuer.token(&issuer.rotate(), "alice");
    let second = send(&layer, &token);
    assert_eq!(first.await.unwrap(), ("unknown_key", seconds(4)));
    // The next fetch starts five seconds after the first and takes four.
    assert_eq!(second.await.unwrap(), ("accepted", seconds(8)));
    assert_eq!(issuer.fetches().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_the_cooldown_to_end() {
    let issuer = issuer(Duration::from_millis(30));
    let layer = fetched(&issuer).await;
    assert_eq!(
        send(&layer, &unknown(&issuer)).await.unwrap().0,
        "unknown_key"
    );
    let token = issuer.token(&issuer.rotate(), "alice");
    assert_eq!(
        send(&layer, &token).await.unwrap(),
        ("accepted", seconds(5))
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_is_rejected_after_the_first_complete_fetch() {
    let issuer = issuer(Duration::from_millis(30));
    let layer = fetched(&issuer).await;
    let token = unknown(&issuer);
    let waited = Duration::from_millis(30);
    assert_eq!(send(&layer, &token).await.unwrap(), ("unknown_key", waited));
    // A failed fetch also ends the wait. The key may be a new one that could not be fetched.
    sleep(seconds(10)).await;
    issuer.set([]);
    let answer = send(&layer, &token).await.unwrap();
    assert_eq!(answer, ("keys_unavailable", waited));
    // Without a wait, the last fetch decides.
    let error = layer.verifier().verify(&token).unwrap_err();
    assert_eq!(error.reason(), "keys_unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_at_most_ten_seconds() {
    let issuer = issuer(Duration::from_millis(30));
    let builder = issuer.builder().jwks_cooldown(seconds(3600));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    let _ = send(&layer, &unknown(&issuer)).await;
    let answer = send(&layer, &unknown(&issuer)).await.unwrap();
    assert_eq!(answer, ("unknown_key", seconds(10)));
    let start = Instant::now();
    let error = layer.verifier().verify_waiting(&unknown(&issuer)).await;
    assert_eq!(error.unwrap_err().reason(), "unknown_key");
    assert_eq!(start.elapsed(), seconds(10));
}

#[tokio::test(start_paused = true)]
async fn a_scheduled_fetch_ends_the_wait_of_requests() {
    let issuer = issuer(Duration::from_millis(30));
    let builder = issuer.builder().jwks_cooldown(seconds(3600));
    let layer = builder.jwks_ttl(seconds(20)).build().unwrap();
    layer.ready().await.unwrap();
    let _ = send(&layer, &unknown(&issuer)).await;
    sleep(seconds(12)).await;
    let token = issuer.token(&issuer.rotate(), "alice");
    let (reason, waited) = send(&layer, &token).await.unwrap();
    assert_eq!(reason, "accepted");
    assert!((seconds(5)..seconds(9)).contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn at_most_1024_requests_wait_for_a_fetch() {
    let issuer = issuer(seconds(2));
    let layer = fetched(&issuer).await;
    let token = issuer.token(&issuer.rotate(), "alice");
    let mut waiting = JoinSet::new();
    // Half of the requests arrive before the fetch starts, and half during it.
    for _ in 0..2 {
        for _ in 0..MAX_WAITING / 2 {
            waiting.spawn(ask(layer.clone(), with_bearer(&token)));
        }
        sleep(Duration::from_millis(900)).await;
    }
    let answer = send(&layer, &token).await.unwrap();
    assert_eq!(answer, ("unknown_key", Duration::ZERO));
    for answer in waiting.join_all().await {
        answer.assert_reached("alice", "waited");
    }
    sleep(seconds(60)).await;
    assert_eq!(issuer.fetches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn many_requests_with_unknown_keys_cause_one_fetch() {
    let issuer = issuer(Duration::from_millis(30));
    let layer = fetched(&issuer).await;
    let attacker = SigningKey::generate("EdDSA", "attacker");
    let mut attacks = JoinSet::new();
    for number in 0..10_000 {
        let token = issuer.invented(&attacker, &format!("{number}"), "mallory");
        let (layer, request) = (layer.clone(), with_bearer(&token));
        attacks.spawn(async move { ask(layer, request).await.reason() });
    }
    // Requests whose key is cached do not wait.
    let valid = issuer.token(&issuer.newest(), "alice");
    let start = Instant::now();
    for _ in 0..100 {
        ask(layer.clone(), with_bearer(&valid))
            .await
            .assert_reached("alice", "valid");
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    let reasons = attacks.join_all().await;
    assert!(reasons.iter().all(|reason| *reason == "unknown_key"));
    assert!(start.elapsed() <= seconds(1), "{:?}", start.elapsed());
    assert_eq!(issuer.fetches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_request_does_not_end_the_wait_of_others() {
    let issuer = issuer(seconds(2));
    let layer = fetched(&issuer).await;
    let token = issuer.token(&issuer.rotate(), "alice");
    let cancelled = send(&layer, &token);
    sleep(Duration::from_millis(500)).await;
    let other = send(&layer, &token);
    sleep(Duration::from_millis(500)).await;
    cancelled.abort();
    // The fetch of the cancelled request continues and returns the key.
    let answer = other.await.unwrap();
    assert_eq!(answer, ("accepted", Duration::from_millis(1500)));
    sleep(seconds(60)).await;
    assert_eq!(issuer.fetches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn no_request_waits_after_a_failed_first_fetch() {
    let issuer = issuer(seconds(1));
    let token = issuer.token(&issuer.newest(), "alice");
    issuer.set([]);
    let layer = issuer.layer();
    // These requests wait for the first fetch, before and after it starts.
    let first = send(&layer, &token);
    sleep(Duration::from_millis(500)).await;
    let second = send(&layer, &token);
    let unavailable = |millis| ("keys_unavailable", Duration::from_millis(millis));
    assert_eq!(first.await.unwrap(), unavailable(1000));
    assert_eq!(second.await.unwrap(), unavailable(500));
    let before = issuer.fetches().len();
    assert_eq!(send(&layer, &token).await.unwrap(), unavailable(0));
    assert_eq!(issuer.fetches().len(), before, "a request caused a fetch");
}

#[test]
fn a_cooldown_below_a_second_is_a_configuration_error() {
    let url = "https://app.example.com/api/auth/jwks";
    for (millis, is_valid) in [(0, false), (999, false), (1000, true), (86_400_000, true)] {
        let builder = any_audience()
            .jwks_url(url)
            .jwks_cooldown(Duration::from_millis(millis));
        // Without the feature `jwks`, the missing fetcher is also an error.
        let errors = builder
            .build()
            .map_or_else(|error| error.to_string(), |_| String::new());
        assert_eq!(
            errors.contains(".jwks_cooldown("),
            !is_valid,
            "{millis}: {errors}"
        );
    }
}

/// Keys that no `kid` distinguishes: they have none, or share one.
const INDISTINCT: [KeyIds; 2] = [KeyIds::Missing, KeyIds::Reused];

#[tokio::test(start_paused = true)]
async fn a_new_key_without_a_unique_kid_is_fetched() {
    for key_ids in INDISTINCT {
        let mut issuer = issuer(Duration::from_millis(30));
        issuer.key_ids = key_ids;
        let old = issuer.rotate();
        let layer = fetched(&issuer).await;
        let new = issuer.rotate();
        let answer = send(&layer, &issuer.token(&new, "alice")).await.unwrap();
        assert_eq!(answer, ("accepted", issuer.delay), "{key_ids:?}");
        assert_eq!(issuer.fetches().len(), 2, "{key_ids:?}");
        // The old key is still in the set, unless the new key replaced it.
        let expected = match key_ids {
            KeyIds::Missing => "accepted",
            _ => "signature",
        };
        let answer = send(&layer, &issuer.token(&old, "alice")).await.unwrap();
        assert_eq!(answer.0, expected, "{key_ids:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalid_signature_waits_like_an_unknown_key() {
    for key_ids in INDISTINCT {
        let mut issuer = issuer(seconds(4));
        issuer.key_ids = key_ids;
        issuer.rotate();
        let layer = fetched(&issuer).await;
        let first = send(
            &layer,
            &with_flipped_bit(&issuer.token(&issuer.newest(), "mallory")),
        );
        sleep(seconds(1)).await;
        // The fetch in progress read the set before this key was created.
        let second = send(&layer, &issuer.token(&issuer.rotate(), "alice"));
        assert_eq!(
            first.await.unwrap(),
            ("signature", seconds(4)),
            "{key_ids:?}"
        );
        assert_eq!(
            second.await.unwrap(),
            ("accepted", seconds(8)),
            "{key_ids:?}"
        );
        assert_eq!(issuer.fetches().len(), 3, "{key_ids:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_keeps_waiting_if_a_fetch_returns_another_key() {
    for key_ids in [KeyIds::Fresh, KeyIds::Missing, KeyIds::Reused] {
        let mut issuer = issuer(seconds(2));
        issuer.key_ids = key_ids;
        sleep(seconds(1)).await;
        issuer.rotate();
        let layer = fetched(&issuer).await;
        let early = send(&layer, &issuer.token(&issuer.rotate(), "alice"));
        sleep(seconds(1)).await;
        let late = send(&layer, &issuer.token(&issuer.rotate(), "alice"));
        assert_eq!(
            early.await.unwrap(),
            ("accepted", seconds(2)),
            "{key_ids:?}"
        );
        assert_eq!(late.await.unwrap(), ("accepted", seconds(6)), "{key_ids:?}");
        assert_eq!(issuer.fetches().len(), 3, "{key_ids:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_waiting_room_rejects_an_invalid_signature_at_once() {
    let mut issuer = issuer(seconds(2));
    issuer.key_ids = KeyIds::Missing;
    let layer = fetched(&issuer).await;
    let token = with_flipped_bit(&issuer.token(&issuer.newest(), "mallory"));
    let mut waiting = JoinSet::new();
    for _ in 0..MAX_WAITING {
        waiting.spawn(ask(layer.clone(), with_bearer(&token)));
    }
    sleep(seconds(1)).await;
    let answer = send(&layer, &token).await.unwrap();
    assert_eq!(answer, ("signature", Duration::ZERO));
    for answer in waiting.join_all().await {
        answer.assert_invalid_token("signature", "waited");
    }
    assert_eq!(issuer.fetches().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn an_invalid_signature_with_invalid_claims_requests_no_fetch() {
    let mut issuer = issuer(seconds(2));
    issuer.key_ids = KeyIds::Missing;
    // Without an audience, a token with an `aud` is rejected.
    let layer = fetched_by(issuer.without_audience().authorized_party("app")).await;
    let stranger = SigningKey::generate("EdDSA", "stranger");
    let for_client = |claims| with(claims, json!({ "azp": "app" }));
    for (row, claims) in [
        ("expired", for_client(claims_with(json!({ "exp": 1 })))),
        ("no subject", for_client(claims_without("sub"))),
        (
            "for an audience",
            for_client(claims_with(json!({ "aud": "other" }))),
        ),
        ("for another client", claims_with(json!({ "azp": "other" }))),
    ] {
        let token = stranger.sign(&json!({ "alg": "EdDSA" }), &claims);
        let answer = send(&layer, &token).await.unwrap();
        assert_eq!(answer, ("signature", Duration::ZERO), "{row}");
    }
    assert_eq!(issuer.fetches().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_key_of_another_algorithm_is_fetched_like_an_unknown_key() {
    let mut issuer = issuer(Duration::from_millis(30));
    for (row, key_ids, kid) in [
        ("no kid", KeyIds::Missing, "1"),
        ("the same kid", KeyIds::Reused, "1"),
    ] {
        issuer.key_ids = key_ids;
        issuer.set([SigningKey::generate("EdDSA", kid).into()]);
        let layer = fetched(&issuer).await;
        let new = Arc::new(SigningKey::generate("ES256", kid));
        let token = issuer.token(&new, "alice");
        assert_eq!(
            send(&layer, &token).await.unwrap().0,
            "unknown_key",
            "{row}"
        );
        issuer.set([new]);
        assert_eq!(send(&layer, &token).await.unwrap().0, "accepted", "{row}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_newest_of_eleven_fetched_keys_verifies_without_a_kid() {
    let mut issuer = issuer(Duration::from_millis(30));
    issuer.key_ids = KeyIds::Missing;
    let keys: Vec<_> = (0..11)
        .map(|_| Arc::new(SigningKey::generate("EdDSA", "")))
        .collect();
    issuer.set(keys.clone());
    let layer = fetched(&issuer).await;
    let token = |index: usize| issuer.token(&keys[index], "alice");
    assert_eq!(
        send(&layer, &token(10)).await.unwrap(),
        ("accepted", Duration::ZERO)
    );
    assert_eq!(
        send(&layer, &token(1)).await.unwrap(),
        ("accepted", Duration::ZERO)
    );
    assert_eq!(
        send(&layer, &token(0)).await.unwrap(),
        ("signature", issuer.delay)
    );
}

/// The layer may call a token source more than once per request.
#[tokio::test(start_paused = true)]
async fn an_inconsistent_token_source_does_not_block_a_request() {
    let [one, two] = [issuer(seconds(1)), issuer(seconds(1))];
    let stranger = SigningKey::generate("EdDSA", "unknown");
    let tokens = ["one", "two"].map(|iss| stranger.token(&claims_with(json!({ "iss": iss }))));
    let calls = Arc::new(AtomicUsize::new(0));
    let source = {
        let calls = Arc::clone(&calls);
        TokenSource::from_fn(move |_, _| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            assert!(call < 100, "the request loops");
            Some(tokens[call.min(1)].clone())
        })
    };
    let other = any_audience().jwks_url("https://two.example.com");
    let layer = any_audience()
        .jwks_url("https://one.example.com")
        .jwks_fetcher(one.clone())
        .issuer("one")
        .token_sources([source])
        .or(other.jwks_fetcher(two.clone()).issuer("two"))
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    sleep(seconds(10)).await;
    one.rotate();
    let (answer, took) = send(&layer, "").await.unwrap();
    assert_eq!(answer, "unknown_key");
    assert!(took <= seconds(20), "{took:?}");
    assert!(calls.load(Ordering::Relaxed) > 1);
}
