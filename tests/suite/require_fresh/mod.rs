//! `RequireFreshLayer`: the sign-in that a request needs.

mod clock;
mod configuration;
mod responses;

use std::time::Duration;

use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{JwtAuthLayer, RequireFreshLayer};

use crate::support::*;

const REASON: &str = "insufficient_user_authentication";
const DETAIL: &str = "Sign in again";

/// A layer at the time [`NOW`] that requires a sign-in at most five minutes ago.
fn five_minutes() -> RequireFreshLayer {
    let layer = RequireFreshLayer::within(Duration::from_secs(300)).unwrap();
    layer.clock(|| at(NOW))
}

/// A layer at the time [`NOW`] that requires this class.
fn class(name: &str) -> RequireFreshLayer {
    RequireFreshLayer::any_acr([name])
        .unwrap()
        .clock(|| at(NOW))
}

fn inside(layer: RequireFreshLayer) -> Stack<RequireFreshLayer, JwtAuthLayer> {
    Stack::new(layer, self::layer())
}

fn with_claims(claims: Value) -> http::Request<()> {
    with_bearer(&token(&claims_with(claims)))
}

async fn outcome(layer: RequireFreshLayer, claims: Value) -> &'static str {
    ask(inside(layer), with_claims(claims)).await.reason()
}

fn expected(is_accepted: bool) -> &'static str {
    if is_accepted { "accepted" } else { REASON }
}

#[tokio::test]
async fn the_time_of_the_sign_in_must_be_a_recent_numeric_date() {
    for (row, claims, is_accepted) in [
        ("now", json!({ "auth_time": NOW }), true),
        ("a minute ago", json!({ "auth_time": NOW - 60 }), true),
        (
            "with a fraction",
            json!({ "auth_time": 1_799_999_940.5 }),
            true,
        ),
        ("an hour ago", json!({ "auth_time": NOW - 3600 }), false),
        (
            "an hour ago, a fraction",
            json!({ "auth_time": 1_799_996_400.5 }),
            false,
        ),
        ("in an hour", json!({ "auth_time": NOW + 3600 }), false),
        ("in milliseconds", json!({ "auth_time": NOW * 1000 }), false),
        (
            "the largest integer",
            json!({ "auth_time": u64::MAX }),
            false,
        ),
        ("a huge number", json!({ "auth_time": 1e300 }), false),
        ("the epoch", json!({ "auth_time": 0 }), false),
        ("negative", json!({ "auth_time": -1 }), false),
        ("negative, a fraction", json!({ "auth_time": -1.5 }), false),
        ("missing", json!({}), false),
        ("null", json!({ "auth_time": null }), false),
        ("a string", json!({ "auth_time": NOW.to_string() }), false),
        (
            "a date",
            json!({ "auth_time": "2027-01-15T08:00:00Z" }),
            false,
        ),
        ("a boolean", json!({ "auth_time": true }), false),
        ("an array", json!({ "auth_time": [NOW] }), false),
        ("an object", json!({ "auth_time": { "a": NOW } }), false),
        ("only iat", json!({ "iat": NOW }), false),
    ] {
        let answer = ask(inside(five_minutes()), with_claims(claims)).await;
        if is_accepted {
            answer.assert_reached("alice", row);
        } else {
            answer.assert_http(401, REASON, DETAIL, &row);
        }
    }
}

#[tokio::test]
async fn an_exponent_is_a_number_and_a_repeated_claim_is_none() {
    let base = r#""sub":"alice","email":"a@b.c","exp":1800000600"#;
    for (layer, claims, is_accepted) in [
        (five_minutes(), r#""auth_time":1.8e9"#, true),
        (five_minutes(), r#""auth_time":1e999"#, false),
        (
            five_minutes(),
            r#""auth_time":1800000000,"auth_time":1800000000"#,
            false,
        ),
        (class("a"), r#""acr":"a","acr":"a""#, false),
    ] {
        let token = token_with_payload(format!("{{{base},{claims}}}"));
        let answer = ask(inside(layer), with_bearer(&token)).await;
        assert_eq!(answer.reason(), expected(is_accepted), "{claims}");
    }
}

#[tokio::test]
async fn one_of_the_required_classes_suffices() {
    let any = || RequireFreshLayer::any_acr(["a", "urn:b"]).unwrap();
    for (row, layer, claims, is_accepted) in [
        ("the first", any(), json!({ "acr": "a" }), true),
        ("the second", any(), json!({ "acr": "urn:b" }), true),
        (
            "an added one",
            any().acr(["c"]).unwrap(),
            json!({ "acr": "c" }),
            true,
        ),
        (
            "before an added one",
            any().acr(["c"]).unwrap(),
            json!({ "acr": "a" }),
            true,
        ),
        ("in an array", any(), json!({ "acr": ["x", "urn:b"] }), true),
        ("another", any(), json!({ "acr": "c" }), false),
        ("another case", any(), json!({ "acr": "A" }), false),
        ("two in a string", any(), json!({ "acr": "a urn:b" }), false),
        ("empty", any(), json!({ "acr": "" }), false),
        ("missing", any(), json!({}), false),
        ("null", any(), json!({ "acr": null }), false),
        ("a number", any(), json!({ "acr": 1 }), false),
        ("an empty array", any(), json!({ "acr": [] }), false),
        (
            "an array with a number",
            any(),
            json!({ "acr": ["a", 1] }),
            false,
        ),
        ("an object", any(), json!({ "acr": { "a": true } }), false),
        (
            "a time is not required",
            any(),
            json!({ "acr": "a", "auth_time": 0 }),
            true,
        ),
    ] {
        assert_eq!(outcome(layer, claims).await, expected(is_accepted), "{row}");
    }
}

#[tokio::test]
async fn a_layer_with_both_requires_a_recent_sign_in_of_a_class() {
    let both = || five_minutes().acr(["a"]).unwrap();
    for (claims, is_accepted) in [
        (json!({ "auth_time": NOW, "acr": "a" }), true),
        (json!({ "auth_time": NOW, "acr": "b" }), false),
        (json!({ "auth_time": NOW }), false),
        (json!({ "auth_time": NOW - 3600, "acr": "a" }), false),
        (json!({ "acr": "a" }), false),
        (json!({}), false),
    ] {
        let row = claims.to_string();
        assert_eq!(
            outcome(both(), claims).await,
            expected(is_accepted),
            "{row}"
        );
    }
}

#[tokio::test]
async fn the_claims_have_configurable_names() {
    let time = |claim| five_minutes().time_claim(claim).unwrap();
    let acr = |claim| class("a").acr_claim(claim).unwrap();
    for (row, layer, claims, is_accepted) in [
        ("another time", time("login"), json!({ "login": NOW }), true),
        (
            "a URL",
            time("https://a.b/t"),
            json!({ "https://a.b/t": NOW }),
            true,
        ),
        ("nested", time("/a/t"), json!({ "a": { "t": NOW } }), true),
        (
            "the default name",
            time("login"),
            json!({ "auth_time": NOW }),
            false,
        ),
        ("an object", time("/a"), json!({ "a": { "t": NOW } }), false),
        (
            "another acr",
            acr("amr"),
            json!({ "amr": ["a", "pwd"] }),
            true,
        ),
        (
            "a nested acr",
            acr("/x/acr"),
            json!({ "x": { "acr": "a" } }),
            true,
        ),
        ("the default acr", acr("amr"), json!({ "acr": "a" }), false),
    ] {
        assert_eq!(outcome(layer, claims).await, expected(is_accepted), "{row}");
    }
}

#[tokio::test]
async fn settings_of_a_clone_do_not_change_the_layer() {
    let layer = five_minutes();
    let stricter = layer.clone().acr(["a"]).unwrap();
    let claims = || json!({ "auth_time": NOW });
    assert_eq!(outcome(layer, claims()).await, "accepted");
    assert_eq!(outcome(stricter, claims()).await, REASON);
}
