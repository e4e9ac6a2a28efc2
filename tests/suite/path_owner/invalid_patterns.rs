//! Patterns that are configuration errors.

use tower_jwt_auth::{ConfigError, PathOwnerLayer};

use super::support::*;

#[test]
fn an_invalid_pattern_is_rejected_with_its_fix() {
    for (description, pattern, fix) in [
        ("without the parameter", "/api/tasks", "{user_id}"),
        ("another parameter", "/api/{id}/tasks", "{user_id}"),
        ("another case", "/api/{User_id}/tasks", "{user_id}"),
        ("twice", "/api/{user_id}/share/{user_id}", "{user_id}"),
        ("twice in a row", "/{user_id}/{user_id}", "{user_id}"),
        ("as a catch-all", "/api/{*user_id}", "write {user_id}"),
        ("in the old syntax", "/api/:user_id/tasks", "write {name}"),
        ("the old catch-all", "/api/{user_id}/*rest", "{*name}"),
        ("no leading slash", "api/{user_id}/tasks", "slash"),
        ("only the parameter", "{user_id}", "slash"),
        ("empty", "", "slash"),
        ("escaped braces", "/api/{{user_id}}/x", "remove it"),
        ("an escaped brace beside it", "/a}}/{user_id}", "remove it"),
        ("after the parameter", "/{user_id}/{{x", "remove it"),
        ("with a prefix", "/api/u-{user_id}/x", "write /{name}/"),
        ("with a suffix", "/api/{user_id}.json", "write /{name}/"),
        ("two in one segment", "/api/{user_id}{x}", "write"),
        ("an open brace", "/api/{user_id}/{", "write /{name}/"),
        ("a closed brace", "/api/{user_id}/}", "write /{name}/"),
        ("no name", "/api/{user_id}/{}", "write {name}"),
        ("no name of the rest", "/api/{user_id}/{*}", "write {name}"),
        ("dot segments", "/api/{user_id}/../x", "remove"),
        ("empty segments", "/api//{user_id}", "remove"),
        ("a backslash", "/api\\{user_id}/x", "remove"),
        ("a query", "/api/{user_id}?x", "remove"),
    ] {
        for (way, layer) in [
            ("new", PathOwnerLayer::new(pattern)),
            ("and", owner().and(pattern)),
        ] {
            assert_invalid(layer, fix, &format!("{description}, {way}"));
        }
    }
}

#[test]
fn a_parameter_and_a_catch_all_of_one_name_are_rejected() {
    let layer = PathOwnerLayer::new("/api/{user_id}/{*user_id}");
    assert_invalid(layer, "{user_id}", "a parameter and a catch-all");
}

#[test]
fn a_misplaced_catch_all_or_a_conflicting_pattern_is_rejected() {
    for (description, layer) in [
        (
            "a catch-all in the middle",
            PathOwnerLayer::new("/api/{user_id}/{*rest}/x"),
        ),
        (
            "the parameter in two places",
            owner().and("/api/{org}/{user_id}"),
        ),
        (
            "two catch-alls",
            PathOwnerLayer::new("/{*a}/{user_id}/{*b}"),
        ),
    ] {
        assert_invalid(layer, "pattern", description);
    }
}

#[test]
fn an_invalid_parameter_name_is_rejected() {
    for (name, pattern) in [
        ("", "/api/{}"),
        ("a/b", "/api/{a/b}"),
        ("{id}", "/api/{{id}}"),
        ("id}", "/api/{id}}"),
        ("user_id", "/api/{*user_id}"),
    ] {
        assert_invalid(PathOwnerLayer::named(name, pattern), "pattern", name);
    }
}

#[test]
fn a_catch_all_as_the_parameter_name_is_rejected() {
    let layer = PathOwnerLayer::named("*rest", "/api/{*rest}");
    assert_invalid(layer, "", "*rest");
}

#[test]
fn a_pattern_with_more_than_16_parameters_is_rejected() {
    let with = |count: usize| {
        let others: String = (1..count).map(|index| format!("/{{p{index}}}")).collect();
        PathOwnerLayer::new(&format!("/{{user_id}}{others}"))
    };
    assert!(with(16).is_ok());
    for count in [17, 26, 27, 200, 300, 70_000] {
        assert_invalid(with(count), "remove some", &count.to_string());
    }
}

#[test]
fn an_invalid_exempt_pattern_is_rejected_with_its_fix() {
    for (description, pattern, fix) in [
        ("no leading slash", "api/health", "slash"),
        ("empty", "", "slash"),
        ("the old syntax", "/public/:name", "write {name}"),
        ("the old catch-all", "/public/*rest", "{*name}"),
        ("an escaped brace", "/a{{b", "remove it"),
        ("a part of a segment", "/a-{b}", "write /{name}/"),
        ("dot segments", "/public/../x", "remove"),
    ] {
        assert_invalid(owner().except(pattern), fix, description);
    }
}

#[test]
fn an_exemption_for_all_paths_is_rejected() {
    for pattern in ["/{*rest}", "/{*anything}"] {
        assert_invalid(owner().except(pattern), "list the exempt paths", pattern);
    }
}

#[track_caller]
fn assert_invalid(layer: Result<PathOwnerLayer, ConfigError>, fix: &str, description: &str) {
    let error = layer
        .err()
        .unwrap_or_else(|| panic!("{description}: accepted"));
    assert_eq!(format!("{error:?}"), error.to_string(), "{description}");
    assert!(error.to_string().contains(fix), "{description}: {error}");
}
