//! The events of fetches, the limits of a fetcher, and fetches that overlap with other work.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{Instant, sleep};
use tower_jwt_auth::{
    JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::{
    events::{Captured, told},
    support::{memory_issuer::MemoryIssuer, signing_keys::*, *},
};

/// Counts the events that contain all of these words.
fn count(events: &Captured, words: &[&str]) -> usize {
    let text = events.text();
    let has_all = |line: &&str| words.iter().all(|word| line.contains(word));
    text.lines().filter(has_all).count()
}

/// A fetcher that immediately returns the result of a function.
struct FetchFn<F>(F);

impl<F> JwksFetch for FetchFn<F>
where
    F: Fn() -> Result<FetchedJwks, FetchError> + Send + Sync + 'static,
{
    fn fetch<'a>(
        &'a self,
        _url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(std::future::ready((self.0)()))
    }
}

fn fetched_by<F>(fetch: F) -> JwtAuthLayer
where
    F: Fn() -> Result<FetchedJwks, FetchError> + Send + Sync + 'static,
{
    let builder = any_audience().jwks_url("https://app.example.com/api/auth/jwks");
    builder.jwks_fetcher(FetchFn(fetch)).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_skipped_key_is_logged_once() {
    let key = SigningKey::generate("EdDSA", "1");
    let shared = json!({ "kty": "oct", "kid": "shared", "k": "c2VjcmV0" });
    let set = jwks_of([key.jwk(), shared]);
    let events = Captured::start();
    let layer =
        fetched_by(move || Ok(FetchedJwks::new(set.clone()).with_max_age(Duration::from_secs(60))));
    layer.ready().await.unwrap();
    sleep(Duration::from_secs(300)).await;
    assert!(layer.jwks_health()[0].fetches > 3);
    assert_eq!(count(&events, &["WARN", "shared secret"]), told());
}

#[tokio::test(start_paused = true)]
async fn a_recovery_is_logged_at_info_and_other_fetches_at_debug() {
    let issuer = MemoryIssuer::new();
    let key = issuer.rotate();
    let events = Captured::start();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    assert_eq!(count(&events, &["DEBUG", "keys were fetched"]), told());
    assert_eq!(count(&events, &["INFO"]), 0);
    issuer.set([]);
    sleep(Duration::from_secs(11 * 60)).await;
    assert_eq!(count(&events, &["WARN", "cannot be fetched"]), told());
    issuer.set([key]);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(count(&events, &["INFO", "keys were fetched again"]), told());
}

#[tokio::test(start_paused = true)]
async fn the_first_success_is_not_logged_as_fetched_again() {
    let issuer = MemoryIssuer::new();
    let events = Captured::start();
    let layer = issuer.layer();
    assert!(layer.ready().await.is_err());
    sleep(Duration::from_secs(10)).await;
    let key = issuer.rotate();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(count(&events, &["INFO", "keys were fetched"]), told());
    assert_eq!(count(&events, &["fetched again"]), 0);

    issuer.set([]);
    sleep(Duration::from_secs(11 * 60)).await;
    issuer.set([key]);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(count(&events, &["INFO", "keys were fetched again"]), told());
}

/// One fetch takes longer than the others, which fail.
#[tokio::test(start_paused = true)]
async fn ready_waits_for_all_issuers_and_names_each_that_fails() {
    let mut slow = MemoryIssuer::new();
    slow.delay = Duration::from_secs(3);
    slow.rotate();
    let fails = |name: &str| {
        let url = format!("https://{name}.example.com/jwks");
        let builder = any_audience().issuer(name).email_optional();
        let builder = builder.jwks_url(url);
        builder.jwks_fetcher(FetchFn(|| Err(FetchError::new("gone"))))
    };
    let works = any_audience()
        .issuer("slow")
        .jwks_url("https://slow.example.com/jwks");
    let works = works.jwks_fetcher(slow);
    let layer = { fails("one").or(works) }.or(fails("two")).build().unwrap();

    let start = Instant::now();
    let error = layer.ready().await.unwrap_err().to_string();

    assert!(start.elapsed() >= Duration::from_secs(3));
    assert_eq!(
        error,
        "the key set at https://one.example.com/jwks cannot be fetched: gone; \
         the key set at https://two.example.com/jwks cannot be fetched: gone"
    );
    let keys = layer.jwks_health().into_iter().map(|set| set.keys);
    assert_eq!(keys.collect::<Vec<_>>(), [0, 1, 0]);
}

/// No request triggers the event.
#[tokio::test(start_paused = true)]
async fn expired_cached_keys_are_logged_when_they_expire() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let events = Captured::start();
    let layer = issuer.builder();
    let layer = layer
        .jwks_max_stale(Duration::from_secs(60))
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    issuer.set([]);
    for (minutes, expected) in [(10, 0), (2, told()), (60, told())] {
        sleep(Duration::from_secs(minutes * 60)).await;
        assert_eq!(count(&events, &["ERROR", "are no longer used"]), expected);
    }
    assert_eq!(layer.jwks_health()[0].keys, 0);
}

#[tokio::test(start_paused = true)]
async fn allowed_plain_http_is_logged() {
    let url = "http://auth.internal/api/auth/jwks";
    for (is_allowed, expected) in [(true, told()), (false, 0)] {
        let events = Captured::start();
        let builder = any_audience().jwks_url(url);
        let builder = builder.jwks_fetcher(FetchFn(|| Err(FetchError::new("gone"))));
        let builder = if is_allowed {
            builder.allow_http()
        } else {
            builder
        };
        assert_eq!(builder.build().is_ok(), is_allowed);
        assert_eq!(count(&events, &["WARN", "plain http", url]), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn requests_without_keys_are_logged_once_at_error() {
    let key = SigningKey::generate("EdDSA", "1");
    let layer = fetched_by(|| Err(FetchError::new("gone")));
    assert!(layer.ready().await.is_err());
    let events = Captured::start();
    for _ in 0..3 {
        let answer = ask(layer.clone(), with_bearer(&key.token(&claims()))).await;
        assert_eq!(answer.reason(), "keys_unavailable");
    }
    assert_eq!(count(&events, &["ERROR", "keys_unavailable"]), told());
    assert_eq!(count(&events, &["DEBUG", "keys_unavailable"]), 3 * told());
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_does_not_make_the_layer_unready() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    issuer.set([]);
    sleep(Duration::from_secs(11 * 60)).await;
    assert!(layer.jwks_health()[0].last_error.is_some());
    layer.ready().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_custom_fetcher_may_return_at_most_one_mebibyte() {
    const MAX_JWKS_BYTES: usize = 1024 * 1024;
    let set = jwks([&SigningKey::generate("EdDSA", "1")]);
    for (length, is_read) in [
        (MAX_JWKS_BYTES, true),
        (MAX_JWKS_BYTES + 1, false),
        (2 * MAX_JWKS_BYTES, false),
    ] {
        let padded = " ".repeat(length - set.len()) + &set;
        let layer = fetched_by(move || Ok(FetchedJwks::new(padded.clone())));
        assert_eq!(layer.ready().await.is_ok(), is_read, "{length}");
    }
}

/// The fetch schedule survives the end of the runtime.
#[test]
fn a_new_runtime_does_not_fetch_early() {
    let issuer = std::cell::OnceCell::new();
    let layer = std::cell::OnceCell::new();
    for _ in 0..3 {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(async {
            let issuer = issuer.get_or_init(|| {
                let issuer = MemoryIssuer::new();
                issuer.rotate();
                issuer
            });
            let layer = layer.get_or_init(|| issuer.layer());
            layer.ready().await.unwrap();
            let token = issuer.token(&issuer.newest(), "alice");
            assert_eq!(reason(layer, &token), "accepted");
            // Fetches are always at least a second apart.
            sleep(Duration::from_millis(600)).await;
            assert_eq!(issuer.fetches().len(), 1);
        });
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_without_a_kid_waits_for_the_first_fetch() {
    let issuer = MemoryIssuer::new();
    let key = issuer.rotate();
    let claims = claims_with(json!({ "exp": NOW + 600 }));
    let token = key.sign(&json!({ "alg": "EdDSA" }), &claims);
    let start = Instant::now();
    let answer = ask(issuer.layer(), with_bearer(&token)).await;
    answer.assert_reached("alice", "waited");
    assert!(start.elapsed() >= issuer.delay);
}

/// The fetch in progress may return a set that is older than the key.
#[tokio::test(start_paused = true)]
async fn a_key_created_during_a_fetch_causes_another_fetch() {
    let mut issuer = MemoryIssuer::new();
    issuer.delay = Duration::from_millis(200);
    issuer.reads_first = true;
    issuer.rotate();
    let layer = issuer.layer();
    layer.ready().await.unwrap();
    // Later, a token names a key that does not exist.
    sleep(Duration::from_secs(120)).await;
    let nowhere = Arc::new(SigningKey::generate("EdDSA", "nowhere"));
    let unknown_key_request = tokio::spawn(ask(
        layer.clone(),
        with_bearer(&issuer.token(&nowhere, "mallory")),
    ));
    sleep(Duration::from_millis(100)).await;
    assert_eq!(issuer.fetches().len(), 2);
    let new = issuer.rotate();
    let answer = ask(layer.clone(), with_bearer(&issuer.token(&new, "alice"))).await;
    answer.assert_reached("alice", "key of the next fetch");
    assert_eq!(issuer.fetches().len(), 3);
    assert_eq!(unknown_key_request.await.unwrap().reason(), "unknown_key");
}
