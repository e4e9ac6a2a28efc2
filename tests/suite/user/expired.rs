//! The future of a user's expiry, with tokio's paused time.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tokio::time::{Instant, timeout};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder, JwtAuthLayer};

use crate::support::*;

/// Longer than the time until the expiry in all tests.
const LONG: Duration = Duration::from_secs(100 * 24 * 60 * 60);

/// The leeway is longer than a test can take.
const LEEWAY: Duration = Duration::from_millis(250_500);

fn now() -> f64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since_epoch.as_secs_f64()
}

fn by_system_clock() -> JwtAuthBuilder {
    JwtAuthLayer::builder().secret(SECRET)
}

fn user_until(exp: f64, auth: JwtAuthBuilder) -> CurrentUser {
    let token = token(&claims_with(json!({ "exp": exp })));
    auth.build().unwrap().verifier().verify(&token).unwrap()
}

/// Waits for the expiry, in tokio's paused time. Returns the time waited, in seconds.
async fn wait(user: &CurrentUser) -> Option<f64> {
    let start = Instant::now();
    let expired = timeout(LONG, user.expired()).await;
    expired.ok().map(|()| start.elapsed().as_secs_f64())
}

#[tokio::test(start_paused = true)]
async fn it_completes_at_exp_plus_leeway() {
    for (row, leeway) in [("none", Duration::ZERO), ("some", LEEWAY)] {
        let exp = now().floor() + 3600.0;
        let user = user_until(exp, by_system_clock().leeway(leeway));
        let expected = (exp + leeway.as_secs_f64()).ceil() - now();
        let waited = wait(&user).await.unwrap();
        // The system's clock is not paused, and a timer counts milliseconds.
        assert!(
            (expected - 5.0..expected + 0.1).contains(&waited),
            "{row}: {waited} {expected}"
        );
    }
}

#[tokio::test]
async fn it_has_completed_only_if_the_layer_rejects_the_token() {
    for leeway in [0, 1] {
        let auth = by_system_clock().leeway(Duration::from_secs(leeway));
        let auth = auth.build().unwrap();
        let token = token(&claims_with(json!({ "exp": now() + 0.9 })));
        let user = auth.verifier().verify(&token).unwrap();
        user.expired().await;
        assert_eq!(reason(&auth, &token), "expired", "{leeway}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_never_completes_without_an_expiry() {
    assert_eq!(
        wait(&CurrentUser::new("alice", "alice@example.com")).await,
        None
    );
}

#[test]
fn an_expired_or_endless_user_needs_no_runtime() {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    // Accepted in the past, according to the layer's own clock.
    let past = builder().clock(|| at(1_000)).build().unwrap();
    let token = token(&claims_with(json!({ "exp": 2_000 })));
    let user = past.verifier().verify(&token).unwrap();
    let expired = std::pin::pin!(user.expired());
    assert!(expired.poll(&mut context).is_ready());
    let endless = CurrentUser::new("alice", "alice@example.com");
    let expired = std::pin::pin!(endless.expired());
    assert!(expired.poll(&mut context).is_pending());
}

#[tokio::test(start_paused = true)]
async fn it_uses_the_systems_clock_instead_of_the_layers() {
    let exp = now().floor() + 3600.0;
    let user = user_until(exp, by_system_clock().clock(|| at(1_000)));
    let waited = wait(&user).await.unwrap();
    assert!((3590.0..3601.0).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn it_outlives_the_user_and_the_range_of_a_timer() {
    let user = user_until(253_402_300_799.0, by_system_clock().leeway(LEEWAY));
    let (expired, clone) = (user.expired(), user.clone());
    drop(user);
    fn is_sendable<T: Send + Sync + 'static>(value: T) -> T {
        value
    }
    assert!(
        timeout(Duration::from_secs(3600), is_sendable(expired))
            .await
            .is_err()
    );
    assert!(clone.expires_at().is_some());
}

#[cfg(feature = "cache")]
#[tokio::test(start_paused = true)]
async fn a_user_from_the_cache_has_the_leeway_too() {
    let exp = now().floor() + 60.0;
    let auth = by_system_clock().leeway(LEEWAY).cache_tokens(10);
    let auth = auth.build().unwrap();
    let token = token(&claims_with(json!({ "exp": exp })));
    auth.verifier().verify(&token).unwrap();
    let cached = auth.verifier().verify(&token).unwrap();
    assert_eq!(auth.cache_stats().unwrap().hits, 1);
    let waited = wait(&cached).await.unwrap();
    assert!(waited > 60.0 + 250.0 - 5.0, "{waited}");
}

#[tokio::test(start_paused = true)]
async fn the_leeway_is_that_of_the_tokens_issuer() {
    let (ours, theirs) = ("https://a.example.com", "https://b.example.com");
    let other = JwtAuthLayer::builder().secret("another secret, of 32 bytes or more");
    let auth = by_system_clock()
        .issuer(ours)
        .or(other.issuer(theirs).leeway(LEEWAY));
    let auth = auth.build().unwrap();
    for (iss, secret, leeway) in [
        (ours, SECRET, 0.0),
        (
            theirs,
            "another secret, of 32 bytes or more",
            LEEWAY.as_secs_f64(),
        ),
    ] {
        let exp = now().floor() + 60.0;
        let claims = claims_with(json!({ "exp": exp, "iss": iss })).to_string();
        let token = sign(r#"{"alg":"HS256"}"#, claims, secret);
        let user = auth.verifier().verify(&token).unwrap();
        let (expected, waited) = (60.0 + leeway, wait(&user).await.unwrap());
        assert!(
            (expected - 5.0..=expected + 1.0).contains(&waited),
            "{iss}: {waited}"
        );
    }
}
