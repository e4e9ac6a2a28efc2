//! Settings that a layer rejects.

use std::time::Duration;

use tower_jwt_auth::RequireFreshLayer;

use super::{class, five_minutes};

#[test]
fn invalid_times_classes_claims_and_leeways_are_rejected() {
    let none: [&str; 0] = [];
    let within = |millis| RequireFreshLayer::within(Duration::from_millis(millis));
    let second = Duration::from_secs(1);
    for (row, result, problem) in [
        ("no time", within(0), "set whole seconds, at least 1"),
        ("less than a second", within(999), "is 0.999 s"),
        (
            "a fraction",
            within(1500),
            "max_age in the challenge is a whole number",
        ),
        (
            "a nanosecond",
            RequireFreshLayer::within(second + Duration::from_nanos(1)),
            "whole",
        ),
        (
            "no class",
            RequireFreshLayer::any_acr(none),
            "name at least one value of acr",
        ),
        (
            "no added class",
            five_minutes().acr(none),
            "name at least one value of acr",
        ),
        (
            "an empty class",
            RequireFreshLayer::any_acr([""]),
            "is not an authentication",
        ),
        (
            "two classes",
            RequireFreshLayer::any_acr(["a b"]),
            "pass each class separately",
        ),
        ("a quote", five_minutes().acr(["a\"b"]), "without quotes"),
        (
            "a backslash",
            five_minutes().acr(["a\\b"]),
            "is not an authentication",
        ),
        (
            "a control",
            five_minutes().acr(["a\nb"]),
            "is not an authentication",
        ),
        (
            "not ASCII",
            five_minutes().acr(["ä"]),
            "is not an authentication",
        ),
        (
            "one of two",
            RequireFreshLayer::any_acr(["a", ""]),
            "is not an authentication",
        ),
        (
            "leeway",
            five_minutes().leeway(Duration::from_secs(301)),
            "the maximum is 300 s",
        ),
        (
            "a leeway without a time",
            class("a").leeway(second),
            "remove .leeway(…)",
        ),
        (
            "a time claim without a time",
            class("a").time_claim("t"),
            "remove .time_claim(…)",
        ),
        (
            "an acr claim without a class",
            five_minutes().acr_claim("a"),
            "call .acr([…]) before it",
        ),
    ] {
        let error = result.map(drop).unwrap_err().to_string();
        assert!(error.contains(problem), "{row}: {error}");
    }
    for claim in ["", "/", "/a//b", "/a~2", "/a~"] {
        for result in [
            five_minutes().time_claim(claim),
            class("a").acr_claim(claim),
        ] {
            let error = result.map(drop).unwrap_err().to_string();
            assert!(error.contains("does not name a claim"), "{claim}: {error}");
        }
    }
}

#[test]
fn the_largest_leeway_and_the_shortest_time_are_accepted() {
    let second = Duration::from_secs(1);
    let layer = RequireFreshLayer::within(second).unwrap();
    assert!(layer.leeway(Duration::from_secs(300)).is_ok());
}
