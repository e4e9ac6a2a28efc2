//! `exp`, `nbf`, `iat` and the leeway.

use std::time::Duration;

use serde_json::json;
use tower_jwt_auth::JwtAuthBuilder;

use super::*;

/// Returns a builder whose clock is this many milliseconds after [`NOW`].
fn after(milliseconds: i64) -> JwtAuthBuilder {
    let now = NOW * 1000;
    let now = Duration::from_millis(now.saturating_add_signed(milliseconds));
    builder().clock(move || at(0) + now)
}

#[tokio::test]
async fn an_exp_that_is_not_a_valid_time_is_rejected() {
    assert_each_refused(
        &layer(),
        "claims",
        [("missing", token(&claims_without("exp")))],
    )
    .await;
    assert_each_value_rejected(
        &layer(),
        "claims",
        "exp",
        [
            json!("1800000600"),
            json!("2027-01-15T08:10:00Z"),
            json!(""),
            json!(true),
            json!(null),
            json!([]),
            json!([NOW + 600]),
            json!({}),
            json!({ "$serde_json::private::Number": "1800000600" }),
        ],
    )
    .await;
    let texts = [
        "0",
        "-0",
        "0.0",
        "-0.0",
        "0e9",
        "1e-400",
        "-1",
        "-1.5",
        "-1800000600",
        "-1e400",
        "253402300800",
        "2.534023008e11",
        "1800000600000",
        "9e99",
        "1e308",
        "1e400",
        "18446744073709551615",
        "18446744073709551616",
        "\"9e99\"",
        "NaN",
        "Infinity",
        "01800000600",
        "+1800000600",
        "1800000600.",
        ".5",
        "0x6B49D458",
        "1_800_000_600",
        "1800000600n",
    ];
    assert_each_refused(&layer(), "claims", texts.map(|text| with_text("exp", text))).await;
    let long = format!("1{}", "0".repeat(5000));
    assert_each_refused(&layer(), "claims", [with_text("exp", &long)]).await;
}

#[tokio::test]
async fn an_exp_until_the_year_9999_is_accepted_in_any_json_notation() {
    let texts = [
        "253402300799",
        "253402300799.0",
        "2.53402300799e11",
        "1e10",
        "1E10",
        "1e+10",
        "1800000600",
        "1800000600.0",
        "18000006e2",
        "1800000600.999999999999",
        "180000060000000000000e-11",
    ];
    assert_each_accepted(&layer(), texts.map(|text| with_text("exp", text))).await;
}

#[tokio::test]
async fn an_nbf_or_iat_that_is_not_a_valid_time_is_rejected() {
    for claim in ["nbf", "iat"] {
        let values = [
            json!("1"),
            json!(""),
            json!(null),
            json!(true),
            json!([]),
            json!([1]),
            json!({}),
            json!(-1),
            json!(-0.5),
            json!(-1e300),
        ];
        assert_each_value_rejected(&layer(), "claims", claim, values).await;
        let texts = ["1e400", "-1e400", "NaN", "01"].map(|text| with_text(claim, text));
        assert_each_refused(&layer(), "claims", texts).await;
        let values = [json!(0), json!(1), json!(NOW), json!(1.5), json!(1e9)];
        assert_each_value_accepted(&layer(), claim, values).await;
    }
}

#[tokio::test]
async fn an_iat_in_the_future_is_accepted() {
    let values = [
        json!(NOW + 1),
        json!(NOW + 599),
        json!(NOW + 1_000_000_000),
        json!(1e300),
    ];
    assert_each_value_accepted(&layer(), "iat", values).await;
}

/// The value of a time claim in seconds after [`NOW`], the leeway in milliseconds, and the first
/// millisecond after [`NOW`] at which the result changes.
struct Boundary {
    seconds: f64,
    leeway: u64,
    changes_at: i64,
}

const fn boundary(seconds: f64, leeway: u64, changes_at: i64) -> Boundary {
    Boundary {
        seconds,
        leeway,
        changes_at,
    }
}

impl Boundary {
    async fn assert(&self, claim: &str, before: &str, after_it: &str) {
        let mut claims = claims_with(json!({ "exp": NOW + 100_000 }));
        claims[claim] = json!(NOW as f64 + self.seconds);
        for (milliseconds, reason) in [
            (-1000, before),
            (-1, before),
            (0, after_it),
            (999, after_it),
            (1000, after_it),
        ] {
            let layer = after(self.changes_at + milliseconds)
                .leeway(Duration::from_millis(self.leeway))
                .build()
                .unwrap();
            let row = format!(
                "{claim} {} s, leeway {} ms, now {} ms",
                self.seconds,
                self.leeway,
                self.changes_at + milliseconds
            );
            let rows = [(row, token(&claims))];
            if reason == "accepted" {
                assert_each_accepted(&layer, rows).await;
            } else {
                assert_each_refused(&layer, reason, rows).await;
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_accepted_until_just_before_exp_plus_leeway() {
    for boundary in [
        boundary(0.0, 0, 0),
        boundary(1.0, 0, 1000),
        boundary(600.0, 0, 600_000),
        boundary(-600.0, 0, -600_000),
        boundary(0.0, 1000, 1000),
        boundary(0.0, 5000, 5000),
        boundary(-5.0, 5000, 0),
        boundary(0.0, 300_000, 300_000),
        // The clock is read in whole seconds, so a fraction takes effect at the next second.
        boundary(0.5, 0, 1000),
        boundary(0.001, 0, 1000),
        boundary(-0.5, 0, 0),
        boundary(0.5, 5000, 6000),
        boundary(0.0, 500, 1000),
        boundary(0.5, 500, 1000),
    ] {
        boundary.assert("exp", "accepted", "expired").await;
    }
}

#[tokio::test]
async fn a_token_is_accepted_from_nbf_minus_leeway() {
    for boundary in [
        boundary(0.0, 0, 0),
        boundary(1.0, 0, 1000),
        boundary(600.0, 0, 600_000),
        boundary(0.0, 1000, -1000),
        boundary(5.0, 5000, 0),
        boundary(0.0, 300_000, -300_000),
        boundary(0.5, 0, 1000),
        boundary(-0.5, 0, 0),
        boundary(0.5, 5000, -4000),
        boundary(0.0, 500, 0),
        boundary(0.5, 500, 0),
    ] {
        boundary.assert("nbf", "not_yet_valid", "accepted").await;
    }
    let never = with_text("nbf", "1e300");
    assert_each_refused(&layer(), "not_yet_valid", [never]).await;
}

#[tokio::test]
async fn the_default_leeway_is_zero() {
    assert_each_value_rejected(&layer(), "expired", "exp", [json!(NOW), json!(NOW - 1)]).await;
    assert_each_value_rejected(&layer(), "not_yet_valid", "nbf", [json!(NOW + 1)]).await;
}
