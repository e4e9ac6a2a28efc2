//! Whose path it is, by the patterns of the layer.

use http::{Method, Request, Version};
use tower::layer::util::Stack;
use tower_jwt_auth::{ConfigError, CurrentUser, JwtAuthLayer, PathOwnerLayer};

use crate::support::*;

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn by(user_id: &str, mut request: Request<()>) -> Request<()> {
    let user = CurrentUser::new(user_id, "user@example.com");
    request.extensions_mut().insert(user);
    request
}

const PASS: &str = "accepted";
const REFUSED: &str = "not_owner";
const UNCOVERED: &str = "no_pattern";

/// Sends each user to each path. Reports all rows that got another answer than `reason`.
#[track_caller]
fn assert_all(layer: &PathOwnerLayer, reason: &str, rows: &[(&str, &str, &str)]) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let mut wrong = Vec::new();
    for (description, user_id, path) in rows {
        let request = by(user_id, get(path));
        // What `http` makes of the path is what is tested.
        assert_eq!(request.uri().to_string(), *path, "{description}");
        let answer = runtime.block_on(ask(layer.clone(), request));
        let status = if reason == PASS { 200 } else { 403 };
        if answer.reason() != reason || answer.status() != status {
            wrong.push(format!(
                "{description}: {user_id:?} at {path:?} got {} {}",
                answer.status(),
                answer.reason()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_path_with_the_own_id_in_it_passes() {
    assert_all(
        &owner(),
        PASS,
        &[
            ("plain", "alice", "/api/alice/tasks"),
            ("deeper", "alice", "/api/alice/tasks/7/notes"),
            ("with a slash at its end", "alice", "/api/alice/tasks/"),
            ("the id is encoded", "alice", "/api/%61lice/tasks"),
            ("all of it", "alice", "/api/%61%6C%69%63%65/tasks"),
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
            ("a plus is no space", "al+ice", "/api/al+ice/tasks"),
        ],
    );
}

#[test]
fn a_path_with_another_id_in_it_is_refused() {
    assert_all(
        &owner(),
        REFUSED,
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
            ("no UTF-8", "alice", "/api/%FF/tasks"),
            ("no UTF-8 after it", "alice", "/api/alice%FF/tasks"),
            ("the replacement character", "\u{FFFD}", "/api/%FF/tasks"),
            ("a lone percent sign", "alice", "/api/%/tasks"),
            ("after it", "alice", "/api/alice%/tasks"),
            ("nothing else, as the id has it", "%", "/api/%/tasks"),
            ("two of them, as the id has them", "%%", "/api/%%/tasks"),
            ("half an escape", "alice", "/api/%2/tasks"),
            ("half an escape, as the id has it", "%2", "/api/%2/tasks"),
            ("half an escape after it", "alice", "/api/alice%2/tasks"),
            ("no hex", "alice", "/api/%6glice/tasks"),
            (
                "a parameter of the segment",
                "alice",
                "/api/alice;x=1/tasks",
            ),
            ("an encoded one", "alice", "/api/alice%3Bx=1/tasks"),
            ("the own id in the rest", "alice", "/api/bob/alice"),
            ("the name of the parameter", "alice", "/api/{user_id}/tasks"),
            ("a plus is no space", "al ice", "/api/al+ice/tasks"),
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
fn an_id_that_a_path_cannot_hold_is_refused_whoever_asks() {
    assert_all(
        &owner(),
        REFUSED,
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
fn an_empty_parameter_is_refused() {
    let in_the_middle = [("in the middle", "alice", "/api//tasks")];
    assert_all(&owner(), REFUSED, &in_the_middle);
    assert_all(
        &owner(),
        UNCOVERED,
        &[
            ("at the end", "alice", "/api/"),
            ("missing", "alice", "/api"),
            ("of an empty id, at the end", "", "/api/"),
            ("of an empty id, missing", "", "/api"),
        ],
    );
}

/// In the place of `~`: what may be read as another path.
const AMBIGUOUS: [(&str, &str); 60] = [
    ("a segment of a tab", "%09/bob"),
    ("a segment of a space", "%20/bob"),
    ("an encoded slash at its start", "%2Fdata%2Fbob"),
    ("behind a space", "%20%2Fdata%2Fbob"),
    ("two of them", "%2F%2Fevil.example.com"),
    ("two dots", ".."),
    ("a dot", "."),
    ("encoded", "%2e%2e"),
    ("in upper case", "%2E%2E"),
    ("half of it encoded", ".%2e"),
    ("the other half", "%2e."),
    ("an encoded dot", "%2e"),
    ("two dots and another segment", "../bob/tasks"),
    ("encoded, and another segment", "%2e%2e/bob/tasks"),
    ("up and up", "x/../../bob/tasks"),
    ("a dot in the middle", "x/./y"),
    ("two dots at the end", "x/.."),
    ("a slash after it", "x/../"),
    ("an encoded slash before it", "x%2F.."),
    ("an encoded slash after it", "..%2Fbob"),
    ("all encoded", "%2e%2e%2fbob"),
    ("a dot beside an encoded slash", "x%2F.%2Fy"),
    ("a parameter after it", "..;x=1"),
    ("an empty parameter after it", "..;"),
    ("a parameter after a dot", ".;x"),
    ("an encoded semicolon", "..%3Bx=1"),
    ("a parameter after encoded dots", "%2e%2e;x/bob"),
    ("a parameter before an encoded slash", "x;y%2F.."),
    ("a parameter inside encoded slashes", "x%2F..;y%2Fbob"),
    ("a backslash", "x\\y"),
    ("an encoded backslash", "x%5Cy"),
    ("in lower case", "x%5cy"),
    ("a backslash alone", "\\"),
    ("backslashes and dots", "x\\..\\..\\bob/tasks"),
    ("encoded backslashes and dots", "x%5C..%5C..%5Cbob/tasks"),
    ("an empty segment", "/bob"),
    ("an empty segment further on", "x//y"),
    ("two slashes at the end", "x//"),
    ("NUL", "x%00"),
    ("NUL alone", "%00"),
    ("NUL beside dots", "..%00"),
    // A URL made of the decoded parameter has these.
    ("encoded twice", "%252e%252e/bob/tasks"),
    ("in upper case, twice", "%252E%252E/bob"),
    ("half of it encoded twice", ".%252e/bob"),
    ("a dot encoded twice", "%252e"),
    ("encoded twice, and a slash", "%252e%252e%2Fbob"),
    ("a slash encoded twice", "..%252Fbob"),
    ("a backslash encoded twice", "..%255Cbob"),
    ("a tab between", ".%09./bob"),
    ("a line feed between", ".%0A./bob"),
    ("a carriage return between", ".%0D./bob"),
    ("a tab before a slash", "..%09%2Fbob"),
    ("a tab inside an escape", "%25%092e."),
    ("a question mark after it", "..%3F"),
    ("a number sign after it", "..%23"),
    ("a space after it", "..%20"),
    ("a space before it", "%20.."),
    ("a control character after it", "..%01"),
    ("the scheme before it", "https:../bob"),
    ("an encoded colon before it", "https%3A%2e%2e/bob"),
];

#[test]
fn a_path_that_may_be_read_as_another_is_refused() {
    for (description, piece) in AMBIGUOUS {
        assert_all(
            &owner(),
            REFUSED,
            &[
                (description, "alice", &format!("/api/alice/{piece}")),
                (description, "alice", &format!("/api/alice/tasks/{piece}")),
                (description, "bob", &format!("/api/alice/{piece}")),
            ],
        );
    }
    assert_all(
        &owner(),
        REFUSED,
        &[
            ("before it all", "alice", "//api/alice/tasks"),
            ("before the id", "alice", "/api//alice/tasks"),
            ("a dot before the id", "alice", "/api/./alice/tasks"),
            ("a dot before it all", "alice", "/./api/alice/tasks"),
            ("from another's", "alice", "/api/bob/../alice/tasks"),
            ("up from the root", "alice", "/../api/alice/tasks"),
            ("encoded slashes", "alice", "/api/bob%2F..%2Falice/tasks"),
            ("and the other way", "bob", "/api/bob%2F..%2Falice/tasks"),
            ("a backslash for a slash", "alice", "/api\\alice/tasks"),
            ("an encoded one", "alice", "/api%5Calice/tasks"),
            (
                "backslashes in the id",
                "alice",
                "/api/bob\\..\\alice/tasks",
            ),
        ],
    );
}

#[test]
fn a_path_that_only_resembles_an_ambiguous_one_passes() {
    let rows: Vec<_> = [
        "...",
        "%2e%2e%2e",
        ".well-known/x",
        "..name",
        "name..",
        "a.b.c",
        "a..b",
        "files;v=1/x",
        "a%2Fb%2Fc",
        "a%20b.txt",
        "why%3F",
        "why%3F..",
        "I%20love%20C%23.",
        "100%25",
        "urn:isbn:123",
        "12:30",
        "https%3A%2F%2Fexample.com%2Fa%3Fb",
        "%E2%80%A6",
        "j%C3%B6rg.%20txt",
        "%25252e%25252e",
        "%252F",
        "a%2Fb.%2Fc",
        "%01.x",
    ]
    .map(|rest| format!("/api/alice/{rest}"))
    .into();
    let rows: Vec<_> = rows.iter().map(|path| ("", "alice", &**path)).collect();
    assert_all(&owner(), PASS, &rows);
    let rows = [
        ("auth0|abc", "/api/auth0|abc/x"),
        ("auth0|abc", "/api/auth0%7Cabc/x"),
        ("urn:user:7", "/api/urn:user:7/x"),
        ("a#7", "/api/a%237/x"),
    ];
    assert_all(&owner(), PASS, &rows.map(|(id, path)| ("", id, path)));
}

#[test]
fn a_path_that_no_pattern_covers_is_refused() {
    assert_all(
        &owner(),
        UNCOVERED,
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
        UNCOVERED,
        &[
            ("longer than the pattern", "alice", "/api/alice/tasks/7"),
            ("shorter", "alice", "/api/alice"),
            ("a slash more", "alice", "/api/alice/tasks/"),
            ("something else", "alice", "/api/alice/notes"),
        ],
    );
    assert_all(&without_rest, PASS, &[("it", "alice", "/api/alice/tasks")]);
}

#[tokio::test]
async fn a_request_without_a_plain_path_is_refused_or_judged_by_its_path_alone() {
    let uri = |uri: &str| {
        let mut request = get("/");
        *request.uri_mut() = uri.parse().unwrap();
        request
    };
    let own_with_absolute = "http://example.com/api/alice/tasks";
    let rows = [
        ("absolute-form", uri(own_with_absolute), PASS),
        ("with a query", uri("/api/alice/tasks?user_id=bob"), PASS),
        (
            "a path in its query",
            uri("/api/alice/x?y=/../bob//%00\\"),
            PASS,
        ),
        ("an empty query", uri("/api/alice?"), PASS),
        (
            "absolute-form of another's",
            uri("http://alice/api/bob/tasks"),
            REFUSED,
        ),
        ("the own id as the host", uri("http://alice/"), UNCOVERED),
        (
            "absolute-form without a path",
            uri("http://example.com"),
            UNCOVERED,
        ),
        ("asterisk-form", uri("*"), REFUSED),
        ("authority-form", uri("alice:443"), REFUSED),
        (
            "the own path in the query",
            uri("/?/api/alice/tasks"),
            UNCOVERED,
        ),
        (
            "another's, own in the query",
            uri("/api/bob?user_id=alice"),
            REFUSED,
        ),
    ];
    for (description, request, reason) in rows {
        for method in [Method::GET, Method::OPTIONS, Method::CONNECT] {
            let mut request = by("alice", request.clone());
            *request.method_mut() = method;
            let answer = ask(owner(), request).await;
            assert_eq!(answer.reason(), reason, "{description}");
        }
    }
}

#[tokio::test]
async fn an_empty_path_is_refused_whatever_is_excepted() {
    let layer = owner().except("/{any}/{*rest}").unwrap();
    for uri in ["example.com:443", "*"] {
        let mut request = by("alice", get("/"));
        *request.uri_mut() = uri.parse().unwrap();
        *request.method_mut() = Method::CONNECT;
        let answer = ask(layer.clone(), request).await;
        assert_eq!(answer.reason(), REFUSED, "{uri}");
    }
}

#[test]
fn a_very_long_path_is_judged_as_any_other() {
    let long = [
        "x".repeat(60_000),
        "x/".repeat(30_000),
        "%41".repeat(20_000),
        ";".repeat(60_000),
    ];
    for rest in &long {
        let (own, others) = (format!("/api/alice/{rest}"), format!("/api/bob/{rest}"));
        assert_all(&owner(), PASS, &[("own", "alice", &own)]);
        assert_all(
            &owner(),
            REFUSED,
            &[
                ("another's", "alice", &others),
                ("a dot segment at its end", "alice", &format!("{own}/..")),
                ("as the id", "alice", &format!("/api/{rest}")),
            ],
        );
    }
}

#[test]
fn more_patterns_can_be_added() {
    let layer = owner().and("/v2/users/{user_id}/{*rest}").unwrap();
    assert_all(
        &layer,
        PASS,
        &[
            ("the first", "alice", "/api/alice/tasks"),
            ("the second", "alice", "/v2/users/alice/tasks"),
            ("the root of the second", "alice", "/v2/users/alice"),
        ],
    );
    assert_all(
        &layer,
        REFUSED,
        &[
            ("another's, first", "alice", "/api/bob/tasks"),
            ("another's, second", "alice", "/v2/users/bob/alice"),
        ],
    );
    let neither = [("covered by none", "alice", "/v2/alice/tasks")];
    assert_all(&layer, UNCOVERED, &neither);
}

#[test]
fn where_several_patterns_cover_a_path_the_more_literal_one_counts() {
    let layer = owner().and("/api/shared/{user_id}").unwrap();
    assert_all(&layer, PASS, &[("its own", "alice", "/api/shared/alice")]);
    assert_all(
        &layer,
        REFUSED,
        &[
            ("by the other pattern", "shared", "/api/shared/alice"),
            ("another's", "bob", "/api/shared/alice"),
        ],
    );
}

#[test]
fn the_parameter_may_have_another_name() {
    let layer = PathOwnerLayer::named("id", "/users/{id}/{*rest}").unwrap();
    assert_all(&layer, PASS, &[("own", "alice", "/users/alice/x")]);
    assert_all(&layer, REFUSED, &[("another's", "alice", "/users/bob/x")]);
    let error = PathOwnerLayer::named("id", "/users/{user_id}").unwrap_err();
    assert!(error.to_string().contains("{id}"), "{error}");
    let error = layer.and("/v2/{user_id}").unwrap_err();
    assert!(error.to_string().contains("{id}"), "{error}");
}

#[test]
fn other_parameters_of_a_pattern_may_be_anything() {
    let layer = PathOwnerLayer::new("/orgs/{org}/users/{user_id}/{*rest}").unwrap();
    assert_all(&layer, PASS, &[("own", "alice", "/orgs/bob/users/alice/x")]);
    assert_all(
        &layer,
        REFUSED,
        &[
            ("in the other place", "alice", "/orgs/alice/users/bob/x"),
            ("an empty one", "alice", "/orgs//users/alice/x"),
        ],
    );
}

#[test]
fn a_parameter_before_the_id_that_others_read_as_two_segments_or_none_is_refused() {
    // Some make `/orgs/a/bob/b/…` of the first that is refused, and bob is where the unit stood.
    let layer = PathOwnerLayer::new("/orgs/{org}/{unit}/{user_id}/{*rest}").unwrap();
    assert_all(
        &layer,
        PASS,
        &[
            ("plain", "alice", "/orgs/a/b/alice/x"),
            (
                "other characters, encoded",
                "alice",
                "/orgs/a%20b/%3F/alice/x",
            ),
            (
                "a parameter of the segment",
                "alice",
                "/orgs/a;v=1/b%3B/alice/x",
            ),
            ("behind the id", "alice", "/orgs/a/b/alice/x%2Fy/;z"),
        ],
    );
    assert_all(
        &layer,
        REFUSED,
        &[
            ("a slash", "alice", "/orgs/a%2Fbob/b/alice/x"),
            ("in lower case", "alice", "/orgs/a/b%2fbob/alice/x"),
            ("alone", "alice", "/orgs/%2F/b/alice/x"),
            ("at its end", "alice", "/orgs/a/b%2F/alice/x"),
            ("a semicolon", "alice", "/orgs/a/;/alice/x"),
            ("with a name", "alice", "/orgs/;v=1/b/alice/x"),
            ("encoded", "alice", "/orgs/a/%3Bv/alice/x"),
        ],
    );
}

#[test]
fn an_excepted_path_passes_and_nothing_beside_it() {
    let layer = owner()
        .except("/api/health")
        .and_then(|layer| layer.except("/public/{*rest}"))
        .unwrap();
    assert_all(
        &layer,
        PASS,
        &[
            ("excepted", "alice", "/api/health"),
            ("below one", "alice", "/public/a/b"),
            ("its root", "alice", "/public"),
            ("its root with a slash", "alice", "/public/"),
            ("own", "alice", "/api/alice/tasks"),
        ],
    );
    assert_all(
        &layer,
        REFUSED,
        &[
            ("below an exact one", "alice", "/api/health/x"),
            ("a slash more", "alice", "/api/health/"),
            ("encoded", "alice", "/api/healt%68"),
            ("another case", "alice", "/api/Health"),
            ("another's", "alice", "/api/bob/tasks"),
        ],
    );
    let longer = [("longer", "alice", "/publicity/x")];
    assert_all(&layer, UNCOVERED, &longer);
}

#[test]
fn an_excepted_path_that_may_be_read_as_another_is_refused() {
    let layer = owner().except("/public/{*rest}").unwrap();
    for (description, piece) in AMBIGUOUS {
        assert_all(
            &layer,
            REFUSED,
            &[
                (description, "alice", &format!("/public/{piece}")),
                (description, "alice", &format!("/public/x/{piece}")),
            ],
        );
    }
}

#[test]
fn an_excepted_path_whose_parameter_is_more_or_less_than_a_segment_is_refused() {
    let layer = PathOwnerLayer::new("/u/{user_id}/{*rest}")
        .and_then(|layer| layer.except("/u/{user_id}/avatar"))
        .and_then(|layer| layer.except("/u/{user_id}/public/{*rest}"))
        .unwrap();
    let paths = |start: &str| {
        [
            format!("{start}/avatar"),
            format!("{start}/public/a"),
            format!("{start}/public/a%2Fb"),
        ]
    };
    for path in paths("/u/bob") {
        assert_all(&layer, PASS, &[("bob's", "alice", &path)]);
    }
    for start in [
        "/u/bob%2Fsecrets",
        "/u/bob%2fsecrets",
        "/u/;x",
        "/u/%3Bx",
        "/u/bob%0A",
        "/u/bob%7F",
    ] {
        for path in paths(start) {
            assert_all(&layer, REFUSED, &[(start, "alice", &path)]);
        }
    }
}

#[test]
fn a_pattern_that_cannot_say_whose_path_it_is_is_refused_with_its_mend() {
    for (description, pattern, mend) in [
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
        ("escaped braces", "/api/{{user_id}}/x", "leave it out"),
        (
            "an escaped brace beside it",
            "/a}}/{user_id}",
            "leave it out",
        ),
        ("after the parameter", "/{user_id}/{{x", "leave it out"),
        ("with a prefix", "/api/u-{user_id}/x", "write /{name}/"),
        ("with a suffix", "/api/{user_id}.json", "write /{name}/"),
        ("two in one segment", "/api/{user_id}{x}", "write"),
        ("an open brace", "/api/{user_id}/{", "write /{name}/"),
        ("a closed brace", "/api/{user_id}/}", "write /{name}/"),
        ("no name", "/api/{user_id}/{}", "write {name}"),
        ("no name of the rest", "/api/{user_id}/{*}", "write {name}"),
        ("dot segments", "/api/{user_id}/../x", "leave out"),
        ("empty segments", "/api//{user_id}", "leave out"),
        ("a backslash", "/api\\{user_id}/x", "leave out"),
        ("a query", "/api/{user_id}?x", "leave out"),
    ] {
        for (way, layer) in [
            ("new", PathOwnerLayer::new(pattern)),
            ("and", owner().and(pattern)),
        ] {
            assert_refused(layer, mend, &format!("{description}, {way}"));
        }
    }
}

#[test]
fn a_pattern_with_the_parameter_and_a_catch_all_of_its_name_is_refused() {
    let layer = PathOwnerLayer::new("/api/{user_id}/{*user_id}");
    assert_refused(layer, "{user_id}", "both ways");
}

#[test]
fn a_catch_all_in_the_middle_or_twice_the_same_place_is_refused() {
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
        assert_refused(layer, "pattern", description);
    }
}

#[test]
fn a_name_that_is_no_parameter_is_refused() {
    for (name, pattern) in [
        ("", "/api/{}"),
        ("a/b", "/api/{a/b}"),
        ("{id}", "/api/{{id}}"),
        ("id}", "/api/{id}}"),
        ("user_id", "/api/{*user_id}"),
    ] {
        assert_refused(PathOwnerLayer::named(name, pattern), "pattern", name);
    }
}

#[test]
fn a_catch_all_is_refused_by_the_name_that_it_has_in_the_pattern_too() {
    let layer = PathOwnerLayer::named("*rest", "/api/{*rest}");
    assert_refused(layer, "", "*rest");
}

#[test]
fn an_exception_that_is_no_pattern_is_refused_with_its_mend() {
    for (description, pattern, mend) in [
        ("no leading slash", "api/health", "slash"),
        ("empty", "", "slash"),
        ("the old syntax", "/public/:name", "write {name}"),
        ("the old catch-all", "/public/*rest", "{*name}"),
        ("an escaped brace", "/a{{b", "leave it out"),
        ("a part of a segment", "/a-{b}", "write /{name}/"),
        ("dot segments", "/public/../x", "leave out"),
    ] {
        assert_refused(owner().except(pattern), mend, description);
    }
}

#[track_caller]
fn assert_refused(layer: Result<PathOwnerLayer, ConfigError>, mend: &str, description: &str) {
    let error = layer
        .err()
        .unwrap_or_else(|| panic!("{description}: accepted"));
    assert_eq!(format!("{error:?}"), error.to_string(), "{description}");
    assert!(error.to_string().contains(mend), "{description}: {error}");
}

#[tokio::test]
async fn the_answer_to_a_path_of_another_is_the_403_of_the_table() {
    let answer = ask(owner(), by("alice", get("/api/bob/tasks"))).await;
    answer.assert_http(403, REFUSED, DENIED, &"another's path");
    assert_eq!(answer.challenge(), None);
}

#[tokio::test]
async fn an_anonymous_request_gets_the_bare_401_that_a_missing_token_gets() {
    for path in ["/api/alice/tasks", "/elsewhere", "/api/../x"] {
        let answer = ask(anonymous(owner()), get(path)).await;
        answer.assert_not_authenticated(path);
    }
}

#[tokio::test]
async fn an_anonymous_request_may_go_where_an_exception_lets_everybody() {
    let layer = || anonymous(owner().except("/api/health").unwrap());
    let answer = ask(layer(), get("/api/health")).await;
    answer.assert_reached("nobody", "excepted");
    let answer = ask(layer(), get("/api/health/../alice")).await;
    answer.assert_not_authenticated("beside it");
}

#[tokio::test]
async fn a_request_that_no_authentication_layer_saw_gets_a_500() {
    let layer = owner().except("/api/health").unwrap();
    for path in ["/api/alice", "/elsewhere", "/api/health", "/a/../b"] {
        let answer = ask(layer.clone(), get(path)).await;
        answer.assert_server_fault("no_user", path);
    }
    let request = with_bearer(&token(&claims()));
    let answer = ask(layer, request).await;
    answer.assert_server_fault("no_user", "whatever the token");
}

#[tokio::test]
async fn a_grpc_request_is_refused_in_grpc() {
    let kinds = ["", "+proto", ";x=1", "-web", "-web+proto", "-web-text"];
    for content_type in kinds.map(|kind| format!("application/grpc{kind}")) {
        let request = || grpc("/api/bob", &content_type);
        let answer = ask(owner(), by("alice", request())).await;
        answer.assert_grpc("7", DENIED, &content_type, "another's");
        let answer = ask(owner(), request()).await;
        let message = "Authentication system not properly configured";
        answer.assert_grpc("13", message, &content_type, "no user");
        let answer = ask(anonymous(owner()), request()).await;
        answer.assert_grpc("16", "Not authenticated", &content_type, "anonymous");
    }
}

#[tokio::test]
async fn a_grpc_request_is_refused_in_http_where_only_that_is_answered() {
    let layer = owner().http_answers_only();
    let request = || grpc("/api/bob", "application/grpc");
    let answer = ask(layer.clone(), by("alice", request())).await;
    answer.assert_http(403, REFUSED, DENIED, &"another's");
    let answer = ask(layer.clone(), request()).await;
    answer.assert_server_fault("no_user", "no user");
    let answer = ask(layer, by("bob", request())).await;
    answer.assert_reached("bob", "own");
}

#[tokio::test]
async fn what_only_looks_like_grpc_is_refused_in_http() {
    let mut get = grpc("/api/bob", "application/grpc");
    *get.method_mut() = Method::GET;
    let mut http1 = grpc("/api/bob", "application/grpc");
    *http1.version_mut() = Version::HTTP_11;
    let other = grpc("/api/bob", "application/grpcx");
    for (description, request) in [("GET", get), ("HTTP/1.1", http1), ("grpcx", other)] {
        let answer = ask(owner(), by("alice", request)).await;
        answer.assert_http(403, REFUSED, DENIED, &description);
    }
}

const DENIED: &str = "Access denied: Cannot access another user's data";

/// The layer behind one that lets requests without a token pass.
fn anonymous(layer: PathOwnerLayer) -> Stack<PathOwnerLayer, JwtAuthLayer> {
    Stack::new(layer, builder().allow_anonymous().build().unwrap())
}

fn grpc(path: &str, content_type: &str) -> Request<()> {
    Request::post(path)
        .version(Version::HTTP_2)
        .header("content-type", content_type)
        .body(())
        .unwrap()
}

#[tokio::test]
async fn a_percent_sign_without_its_digits_is_nobodys_even_if_an_id_has_one() {
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

#[test]
fn a_pattern_with_more_parameters_than_a_router_bears_is_refused() {
    let with = |count: usize| {
        let others: String = (1..count).map(|index| format!("/{{p{index}}}")).collect();
        PathOwnerLayer::new(&format!("/{{user_id}}{others}"))
    };
    assert!(with(16).is_ok());
    for count in [17, 26, 27, 200, 300, 70_000] {
        assert_refused(with(count), "leave some out", &count.to_string());
    }
}

#[tokio::test]
async fn of_an_exception_and_an_owners_pattern_the_more_literal_one_counts() {
    let layer = owner()
        .except("/{any}/{*rest}")
        .unwrap()
        .except("/api/health")
        .unwrap()
        .except("/api/{user_id}/public")
        .unwrap();
    for (path, reason) in [
        ("/other/x", "accepted"),
        ("/api/health", "accepted"),
        ("/api/bob/public", "accepted"),
        ("/api/bob/tasks", "not_owner"),
        ("/api/bob", "not_owner"),
        ("/api/alice/tasks", "accepted"),
        ("/api/health/x", "not_owner"),
    ] {
        let answer = ask(layer.clone(), by("alice", get(path))).await;
        assert_eq!(answer.reason(), reason, "{path}");
    }
}

#[test]
fn an_exception_that_lets_every_other_path_pass_is_refused() {
    for pattern in ["/{*rest}", "/{*anything}"] {
        assert_refused(owner().except(pattern), "name those that may", pattern);
    }
}

#[tokio::test]
async fn an_id_with_a_semicolon_is_found_in_no_path() {
    for path in ["/api/a;x=1/tasks", "/api/a%3Bx=1/tasks"] {
        let answer = ask(owner(), by("a;x=1", get(path))).await;
        assert_eq!(answer.reason(), "not_owner", "{path}");
    }
}

#[test]
fn a_layer_prints_its_patterns_and_what_they_mean() {
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
