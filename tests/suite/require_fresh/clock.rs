//! The age of a sign-in, its limits, and the clock.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::json;
use tower_jwt_auth::RequireFreshLayer;

use super::{REASON, expected, five_minutes, outcome};
use crate::support::*;

/// The time is that many milliseconds after [`NOW`].
fn clock(millis: i64) -> impl Fn() -> SystemTime + Send + Sync + 'static {
    let now = (NOW * 1000).checked_add_signed(millis).unwrap();
    move || UNIX_EPOCH + Duration::from_millis(now)
}

#[tokio::test]
async fn the_limits_are_exact_and_include_the_leeway() {
    for (leeway, millis, is_accepted) in [
        (None, 305_000, true), // The default is 5 seconds.
        (None, 305_001, false),
        (None, -5_000, true),
        (None, -5_001, false),
        (Some(0), 300_000, true),
        (Some(0), 300_001, false),
        (Some(0), 0, true),
        (Some(0), -1, false),
        (Some(300), 600_000, true),
        (Some(300), 600_001, false),
        (Some(300), -300_000, true),
        (Some(300), -300_001, false),
    ] {
        let mut layer = five_minutes().clock(clock(millis));
        if let Some(seconds) = leeway {
            layer = layer.leeway(Duration::from_secs(seconds)).unwrap();
        }
        let claims = json!({ "auth_time": NOW });
        let row = format!("{leeway:?} {millis}");
        assert_eq!(outcome(layer, claims).await, expected(is_accepted), "{row}");
    }
}

#[tokio::test]
async fn a_broken_clock_accepts_nobody() {
    let layer = || {
        five_minutes()
            .leeway(Duration::from_secs(300))
            .unwrap()
            .clock(|| UNIX_EPOCH - Duration::from_secs(1))
    };
    for time in [0, NOW] {
        assert_eq!(outcome(layer(), json!({ "auth_time": time })).await, REASON);
    }
}

#[tokio::test]
async fn the_longest_time_accepts_every_sign_in_of_the_past() {
    let ever = || {
        let layer = RequireFreshLayer::within(Duration::from_secs(u64::MAX)).unwrap();
        layer.clock(|| at(NOW))
    };
    assert_eq!(outcome(ever(), json!({ "auth_time": 0 })).await, "accepted");
    assert_eq!(outcome(ever(), json!({})).await, REASON);
}

#[tokio::test]
async fn the_system_clock_is_the_default() {
    let layer = || RequireFreshLayer::within(Duration::from_secs(300)).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    for (time, is_accepted) in [(now.as_secs(), true), (now.as_secs() - 3600, false)] {
        let reason = outcome(layer(), json!({ "auth_time": time })).await;
        assert_eq!(reason, expected(is_accepted), "{time}");
    }
}

#[cfg(feature = "test-kit")]
#[tokio::test]
async fn the_clock_of_the_test_kit_ages_a_sign_in() {
    use tower::layer::util::Stack;
    use tower_jwt_auth::test_kit::TestIssuer;

    let issuer = TestIssuer::hs256();
    let clock = issuer.clock().clone();
    let signed_in = clock.now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let token = issuer.token_for("ada").claim("auth_time", signed_in).mint();
    let auth = issuer.layer().build().unwrap();
    let reader = clock.clone();
    let fresh = five_minutes().clock(move || reader.now());
    for (advanced, expected) in [(0, "accepted"), (305, "accepted"), (1, REASON)] {
        clock.advance(Duration::from_secs(advanced));
        let stack = Stack::new(fresh.clone(), auth.clone());
        let answer = ask(stack, with_bearer(&token)).await;
        assert_eq!(answer.reason(), expected, "{advanced}");
    }
}
