//! The owner of a path according to the patterns of the layer.

use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use super::support::*;
use crate::support::{ask, get};

#[test]
fn a_path_with_the_users_own_id_is_allowed() {
    assert_all(
        &owner(),
        ACCEPTED,
        &[
            ("plain", "alice", "/api/alice/tasks"),
            ("deeper", "alice", "/api/alice/tasks/7/notes"),
            ("with a slash at its end", "alice", "/api/alice/tasks/"),
            ("the id is encoded", "alice", "/api/%61lice/tasks"),
            ("all of it encoded", "alice", "/api/%61%6C%69%63%65/tasks"),
            ("in lower-case hex", "jörg", "/api/j%c3%b6rg/tasks"),
            (
                "a slash encoded in the rest",
                "alice",
                "/api/alice/files/a%2Fb",
            ),
            ("the root of the pattern", "alice", "/api/alice"),
            ("the root with a slash", "alice", "/api/alice/"),
            ("an id with a dot in it", "a.b", "/api/a.b/tasks"),
            ("an e-mail address", "a@b.example", "/api/a@b.example/x"),
            ("an encoded percent sign", "100%", "/api/100%25/tasks"),
            ("a space in the id", "al ice", "/api/al%20ice/tasks"),
            ("a plus is not a space", "al+ice", "/api/al+ice/tasks"),
        ],
    );
}

#[test]
fn a_path_with_another_users_id_is_rejected() {
    assert_all(
        &owner(),
        NOT_OWNER,
        &[
            ("another's", "alice", "/api/bob/tasks"),
            ("another's root", "alice", "/api/bob"),
            ("another's root with a slash", "alice", "/api/bob/"),
            ("another case", "alice", "/api/Alice/tasks"),
            ("longer", "alice", "/api/alice2/tasks"),
            ("shorter", "alice", "/api/alic/tasks"),
            ("a space after it", "alice", "/api/alice%20/tasks"),
            ("a space before it", "alice", "/api/%20alice/tasks"),
            ("a dot after it", "alice", "/api/alice./tasks"),
            ("encoded twice", "alice", "/api/%2561lice/tasks"),
            ("a slash in it", "alice", "/api/alice%2Fx/tasks"),
            ("a NUL after it", "alice", "/api/alice%00/tasks"),
            ("not UTF-8", "alice", "/api/%FF/tasks"),
            ("not UTF-8 after it", "alice", "/api/alice%FF/tasks"),
            ("the replacement character", "\u{FFFD}", "/api/%FF/tasks"),
            ("a lone percent sign", "alice", "/api/%/tasks"),
            ("a lone percent sign after it", "alice", "/api/alice%/tasks"),
            ("a lone percent sign, as in the id", "%", "/api/%/tasks"),
            ("two percent signs, as in the id", "%%", "/api/%%/tasks"),
            ("half an escape", "alice", "/api/%2/tasks"),
            ("half an escape, as in the id", "%2", "/api/%2/tasks"),
            ("half an escape after it", "alice", "/api/alice%2/tasks"),
            (
                "an escape without hex digits",
                "alice",
                "/api/%6glice/tasks",
            ),
            (
                "a parameter of the segment",
                "alice",
                "/api/alice;x=1/tasks",
            ),
            ("an encoded parameter", "alice", "/api/alice%3Bx=1/tasks"),
            ("the own id in the rest", "alice", "/api/bob/alice"),
            ("the name of the parameter", "alice", "/api/{user_id}/tasks"),
            ("a plus is not a space", "al ice", "/api/al+ice/tasks"),
            (
                "composed against decomposed",
                "j\u{F6}rg",
                "/api/jo%CC%88rg/tasks",
            ),
            (
                "decomposed against composed",
                "jo\u{308}rg",
                "/api/j%C3%B6rg/tasks",
            ),
        ],
    );
}

#[test]
fn an_id_that_no_path_can_contain_is_rejected() {
    assert_all(
        &owner(),
        NOT_OWNER,
        &[
            ("a slash", "a/b", "/api/a%2Fb/tasks"),
            ("a slash, root", "a/b", "/api/a%2Fb"),
            ("a slash, unencoded", "a/b", "/api/a/b"),
            ("a backslash", "a\\b", "/api/a%5Cb/tasks"),
            ("NUL", "a\0", "/api/a%00/tasks"),
            ("a control character", "a\u{1}", "/api/a%01/tasks"),
            ("DEL", "a\u{7F}", "/api/a%7F/tasks"),
            ("a control character of C1", "a\u{85}", "/api/a%C2%85/tasks"),
            ("a newline", "a\n", "/api/a%0A/tasks"),
            ("empty", "", "/api//tasks"),
            ("empty, two slashes", "", "/api//"),
            ("a dot", ".", "/api/./tasks"),
            ("two dots", "..", "/api/../tasks"),
            ("two dots, encoded", "..", "/api/%2e%2e/tasks"),
            ("two escapes", "%2e%2e", "/api/%252e%252e/tasks"),
            ("a dot and a space", ". ", "/api/.%20/tasks"),
        ],
    );
}

#[test]
fn an_empty_parameter_is_rejected() {
    let in_the_middle = [("in the middle", "alice", "/api//tasks")];
    assert_all(&owner(), NOT_OWNER, &in_the_middle);
    assert_all(
        &owner(),
        NO_PATTERN,
        &[
            ("at the end", "alice", "/api/"),
            ("missing", "alice", "/api"),
            ("of an empty id, at the end", "", "/api/"),
            ("of an empty id, missing", "", "/api"),
        ],
    );
}

#[test]
fn a_path_that_matches_no_pattern_is_rejected() {
    assert_all(
        &owner(),
        NO_PATTERN,
        &[
            ("the root", "alice", "/"),
            ("another prefix", "alice", "/v2/alice/tasks"),
            ("another case", "alice", "/API/alice/tasks"),
            ("the prefix is encoded", "alice", "/%61pi/alice/tasks"),
            ("a longer prefix", "alice", "/apis/alice/tasks"),
            ("one segment before it", "alice", "/x/api/alice/tasks"),
            ("only the id", "alice", "/alice"),
            ("health", "alice", "/health"),
        ],
    );
    let without_rest = PathOwnerLayer::new("/api/{user_id}/tasks").unwrap();
    assert_all(
        &without_rest,
        NO_PATTERN,
        &[
            ("longer than the pattern", "alice", "/api/alice/tasks/7"),
            ("shorter", "alice", "/api/alice"),
            ("a trailing slash", "alice", "/api/alice/tasks/"),
            ("something else", "alice", "/api/alice/notes"),
        ],
    );
    assert_all(
        &without_rest,
        ACCEPTED,
        &[("exact", "alice", "/api/alice/tasks")],
    );
}

#[test]
fn more_patterns_can_be_added() {
    let layer = owner().and("/v2/users/{user_id}/{*rest}").unwrap();
    assert_all(
        &layer,
        ACCEPTED,
        &[
            ("the first", "alice", "/api/alice/tasks"),
            ("the second", "alice", "/v2/users/alice/tasks"),
            ("the root of the second", "alice", "/v2/users/alice"),
        ],
    );
    assert_all(
        &layer,
        NOT_OWNER,
        &[
            ("another's, first", "alice", "/api/bob/tasks"),
            ("another's, second", "alice", "/v2/users/bob/alice"),
        ],
    );
    let unmatched = [("matches no pattern", "alice", "/v2/alice/tasks")];
    assert_all(&layer, NO_PATTERN, &unmatched);
}

#[test]
fn the_most_literal_matching_pattern_applies() {
    let layer = owner().and("/api/shared/{user_id}").unwrap();
    assert_all(&layer, ACCEPTED, &[("own", "alice", "/api/shared/alice")]);
    assert_all(
        &layer,
        NOT_OWNER,
        &[
            ("by the other pattern", "shared", "/api/shared/alice"),
            ("another's", "bob", "/api/shared/alice"),
        ],
    );
}

#[test]
fn the_parameter_may_have_another_name() {
    let layer = PathOwnerLayer::named("id", "/users/{id}/{*rest}").unwrap();
    assert_all(&layer, ACCEPTED, &[("own", "alice", "/users/alice/x")]);
    assert_all(&layer, NOT_OWNER, &[("another's", "alice", "/users/bob/x")]);
    let error = PathOwnerLayer::named("id", "/users/{user_id}").unwrap_err();
    assert!(error.to_string().contains("{id}"), "{error}");
    let error = layer.and("/v2/{user_id}").unwrap_err();
    assert!(error.to_string().contains("{id}"), "{error}");
}

#[test]
fn other_parameters_of_a_pattern_may_be_anything() {
    let layer = PathOwnerLayer::new("/orgs/{org}/users/{user_id}/{*rest}").unwrap();
    assert_all(
        &layer,
        ACCEPTED,
        &[("own", "alice", "/orgs/bob/users/alice/x")],
    );
    assert_all(
        &layer,
        NOT_OWNER,
        &[
            ("as the other parameter", "alice", "/orgs/alice/users/bob/x"),
            ("an empty parameter", "alice", "/orgs//users/alice/x"),
        ],
    );
}

#[tokio::test]
async fn an_incomplete_percent_escape_matches_no_user_id() {
    let user = || CurrentUser::new("100%", "percent@example.com");
    for (path, status) in [
        ("/api/100%25/tasks", 200),
        ("/api/100%/tasks", 403),
        ("/api/100%2/tasks", 403),
        ("/api/100%zz/tasks", 403),
    ] {
        let mut request = get(path);
        request.extensions_mut().insert(user());
        assert_eq!(ask(owner(), request).await.status(), status, "{path}");
    }
}

#[tokio::test]
async fn an_id_with_a_semicolon_matches_no_path() {
    for path in ["/api/a;x=1/tasks", "/api/a%3Bx=1/tasks"] {
        let answer = ask(owner(), by("a;x=1", get(path))).await;
        assert_eq!(answer.reason(), "not_owner", "{path}");
    }
}

#[test]
fn debug_output_shows_the_patterns_and_their_kinds() {
    let layer = PathOwnerLayer::new("/api/{user_id}/tasks")
        .and_then(|layer| layer.except("/api/health"))
        .unwrap();
    let printed = format!("{layer:?}");
    for part in [
        "user_id",
        r#"owned: ["/api/{user_id}/tasks"]"#,
        r#"excepted: ["/api/health"]"#,
    ] {
        assert!(printed.contains(part), "{part}: {printed}");
    }
}
