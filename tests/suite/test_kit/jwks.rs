use std::time::Duration;

use tokio::time::{Instant, sleep};
use tower_jwt_auth::{
    JwtAuthLayer,
    test_kit::{TestIssuer, TestJwks},
};

use crate::support::*;

const MINUTE: Duration = Duration::from_secs(60);

/// A key set, and a layer that has fetched it.
async fn fetched() -> (TestJwks, JwtAuthLayer) {
    let jwks = TestJwks::new();
    let layer = jwks.layer().build().unwrap();
    layer.ready().await.unwrap();
    (jwks, layer)
}

/// Returns the reason for a request with this token, which may wait for its key.
async fn reason_over_http(layer: &JwtAuthLayer, token: &str) -> &'static str {
    let answer = ask(layer.clone(), with_bearer(token)).await;
    answer.reason()
}

#[tokio::test(start_paused = true)]
async fn a_layer_accepts_tokens_of_the_fetched_key() {
    let (jwks, layer) = fetched().await;
    assert_eq!(jwks.fetches(), 1);
    let answer = ask(layer, with_bearer(&jwks.token("alice"))).await;
    answer.assert_reached("alice", "fetched");
    assert_eq!(jwks.fetches(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_token_waits_for_a_new_key_and_the_old_key_stays_valid() {
    let (jwks, layer) = fetched().await;
    let old = jwks.issuer();
    jwks.rotate();
    assert_ne!(old.key_id(), jwks.issuer().key_id());
    assert_eq!(reason(&layer, &old.token("alice")), "accepted");
    assert_eq!(
        reason_over_http(&layer, &jwks.token("alice")).await,
        "accepted"
    );
    assert_eq!(jwks.fetches(), 2);
    assert_eq!(
        reason_over_http(&layer, &old.token("alice")).await,
        "accepted"
    );
}

#[tokio::test(start_paused = true)]
async fn a_retired_key_stays_valid_until_the_next_fetch() {
    let (jwks, layer) = fetched().await;
    let old = jwks.issuer();
    jwks.rotate();
    jwks.retire_old();
    assert_eq!(
        reason_over_http(&layer, &old.token("alice")).await,
        "accepted"
    );
    sleep(11 * MINUTE).await;
    assert_eq!(jwks.fetches(), 2);
    assert_eq!(reason(&layer, &old.token("alice")), "unknown_key");
    assert_eq!(reason(&layer, &jwks.token("alice")), "accepted");
}

#[tokio::test(start_paused = true)]
async fn the_token_clock_is_independent_of_the_fetch_clock() {
    let (jwks, layer) = fetched().await;
    let token = jwks.token("alice");
    sleep(20 * MINUTE).await;
    assert_eq!(reason(&layer, &token), "accepted");
    jwks.clock().advance(15 * MINUTE);
    assert_eq!(reason(&layer, &token), "expired");
    assert_eq!(reason(&layer, &jwks.token("alice")), "accepted");
}

#[tokio::test(start_paused = true)]
async fn requests_get_503_until_the_first_fetch_succeeds() {
    let jwks = TestJwks::new();
    jwks.fail(true);
    let layer = jwks.layer().build().unwrap();
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(error.contains("TestJwks::fail"), "{error}");
    let token = jwks.token("alice");
    assert_eq!(reason_over_http(&layer, &token).await, "keys_unavailable");
    jwks.fail(false);
    sleep(MINUTE).await;
    assert_eq!(reason_over_http(&layer, &token).await, "accepted");
}

#[tokio::test(start_paused = true)]
async fn cached_keys_survive_failed_fetches() {
    let (jwks, layer) = fetched().await;
    jwks.fail(true);
    sleep(30 * MINUTE).await;
    assert!(jwks.fetches() > 10);
    assert_eq!(
        reason_over_http(&layer, &jwks.token("alice")).await,
        "accepted"
    );
    sleep(60 * MINUTE).await;
    let answer = reason_over_http(&layer, &jwks.token("alice")).await;
    assert_eq!(answer, "keys_unavailable");
}

#[tokio::test(start_paused = true)]
async fn a_request_waits_for_a_delayed_fetch() {
    let jwks = TestJwks::new();
    jwks.delay(Duration::from_millis(800));
    let layer = jwks.layer().build().unwrap();
    let start = Instant::now();
    assert_eq!(
        reason_over_http(&layer, &jwks.token("alice")).await,
        "accepted"
    );
    let waited = start.elapsed();
    let range = Duration::from_millis(800)..Duration::from_millis(900);
    assert!(range.contains(&waited), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_exceeds_the_timeout_fails() {
    let jwks = TestJwks::new();
    jwks.delay(Duration::from_secs(6));
    let layer = jwks.layer().build().unwrap();
    assert!(layer.ready().await.is_err());
    let answer = reason_over_http(&layer, &jwks.token("alice")).await;
    assert_eq!(answer, "keys_unavailable");
}

#[tokio::test(start_paused = true)]
async fn rotation_keeps_the_issuer_audience_and_clock() {
    let issuer = TestIssuer::eddsa()
        .with_issuer("https://app.example.com")
        .with_audience("https://api.example.com");
    let jwks = TestJwks::of(issuer.clone());
    let layer = jwks.layer().build().unwrap();
    layer.ready().await.unwrap();
    assert_eq!(reason(&layer, &issuer.token("alice")), "accepted");
    jwks.rotate();
    let token = jwks.token("alice");
    assert_eq!(reason_over_http(&layer, &token).await, "accepted");
    let stranger = jwks.token_for("alice").issuer("another").mint();
    assert_eq!(reason_over_http(&layer, &stranger).await, "issuer");
    issuer.clock().advance(15 * MINUTE);
    assert_eq!(reason(&layer, &token), "expired");
}

#[tokio::test(start_paused = true)]
async fn a_services_own_layer_can_use_the_set_and_the_clock() {
    let issuer = TestIssuer::eddsa()
        .with_issuer("https://app.example.com")
        .with_audience("https://app.example.com");
    let jwks = TestJwks::of(issuer);
    let clock = jwks.clock();
    let layer = JwtAuthLayer::better_auth("https://app.example.com")
        .jwks_fetcher(jwks.clone())
        .clock(move || clock.now())
        .build()
        .unwrap();
    assert_eq!(
        reason_over_http(&layer, &jwks.token("alice")).await,
        "accepted"
    );
}

#[tokio::test]
#[should_panic(expected = "an HS256 issuer has no public key")]
async fn an_issuer_of_hs256_has_no_set() {
    drop(TestJwks::of(TestIssuer::hs256()));
}

#[test]
fn debug_output_hides_keys_and_claims() {
    let shown = format!("{:?}", TestJwks::new());
    assert!(
        shown.contains("EdDSA") && !shown.contains("content"),
        "{shown}"
    );
}
