//! Paths that other programs may interpret as another path, and unusual request targets.

use http::Method;
use tower_jwt_auth::PathOwnerLayer;

use super::support::*;
use crate::support::{ask, get};

/// Parts of a path that other programs may interpret as another path.
pub(super) const AMBIGUOUS: [(&str, &str); 60] = [
    ("a segment of a tab", "%09/bob"),
    ("a segment of a space", "%20/bob"),
    ("an encoded slash at its start", "%2Fdata%2Fbob"),
    ("behind a space", "%20%2Fdata%2Fbob"),
    ("two of them", "%2F%2Fevil.example.com"),
    ("two dots", ".."),
    ("a dot", "."),
    ("encoded", "%2e%2e"),
    ("in upper case", "%2E%2E"),
    ("the second dot encoded", ".%2e"),
    ("the first dot encoded", "%2e."),
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
    // These appear in a URL that a handler builds from the decoded parameter.
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
fn an_ambiguous_path_is_rejected() {
    for (description, piece) in AMBIGUOUS {
        assert_all(
            &owner(),
            NOT_OWNER,
            &[
                (description, "alice", &format!("/api/alice/{piece}")),
                (description, "alice", &format!("/api/alice/tasks/{piece}")),
                (description, "bob", &format!("/api/alice/{piece}")),
            ],
        );
    }
    assert_all(
        &owner(),
        NOT_OWNER,
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
fn a_path_that_only_looks_ambiguous_is_allowed() {
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
    assert_all(&owner(), ACCEPTED, &rows);
    let rows = [
        ("auth0|abc", "/api/auth0|abc/x"),
        ("auth0|abc", "/api/auth0%7Cabc/x"),
        ("urn:user:7", "/api/urn:user:7/x"),
        ("a#7", "/api/a%237/x"),
    ];
    assert_all(&owner(), ACCEPTED, &rows.map(|(id, path)| ("", id, path)));
}

#[test]
fn an_ambiguous_parameter_before_the_id_is_rejected() {
    // Some programs read the first rejected path as `/orgs/a/bob/b/…`, in which `bob` is the unit.
    let layer = PathOwnerLayer::new("/orgs/{org}/{unit}/{user_id}/{*rest}").unwrap();
    assert_all(
        &layer,
        ACCEPTED,
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
        NOT_OWNER,
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

#[tokio::test]
async fn every_request_target_is_checked_by_its_path_alone() {
    let uri = |uri: &str| {
        let mut request = get("/");
        *request.uri_mut() = uri.parse().unwrap();
        request
    };
    let rows = [
        (
            "absolute-form",
            uri("http://example.com/api/alice/tasks"),
            ACCEPTED,
        ),
        (
            "with a query",
            uri("/api/alice/tasks?user_id=bob"),
            ACCEPTED,
        ),
        (
            "a path in its query",
            uri("/api/alice/x?y=/../bob//%00\\"),
            ACCEPTED,
        ),
        ("an empty query", uri("/api/alice?"), ACCEPTED),
        (
            "absolute-form of another's",
            uri("http://alice/api/bob/tasks"),
            NOT_OWNER,
        ),
        ("the own id as the host", uri("http://alice/"), NO_PATTERN),
        (
            "absolute-form without a path",
            uri("http://example.com"),
            NO_PATTERN,
        ),
        ("asterisk-form", uri("*"), NOT_OWNER),
        ("authority-form", uri("alice:443"), NOT_OWNER),
        (
            "the own path in the query",
            uri("/?/api/alice/tasks"),
            NO_PATTERN,
        ),
        (
            "another's, own in the query",
            uri("/api/bob?user_id=alice"),
            NOT_OWNER,
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
async fn an_empty_path_is_rejected_despite_exemptions() {
    let layer = owner().except("/{any}/{*rest}").unwrap();
    for uri in ["example.com:443", "*"] {
        let mut request = by("alice", get("/"));
        *request.uri_mut() = uri.parse().unwrap();
        *request.method_mut() = Method::CONNECT;
        let answer = ask(layer.clone(), request).await;
        assert_eq!(answer.reason(), NOT_OWNER, "{uri}");
    }
}

#[test]
fn a_very_long_path_is_checked_like_any_other() {
    let long = [
        "x".repeat(60_000),
        "x/".repeat(30_000),
        "%41".repeat(20_000),
        ";".repeat(60_000),
    ];
    for rest in &long {
        let (own, others) = (format!("/api/alice/{rest}"), format!("/api/bob/{rest}"));
        assert_all(&owner(), ACCEPTED, &[("own", "alice", &own)]);
        assert_all(
            &owner(),
            NOT_OWNER,
            &[
                ("another's", "alice", &others),
                ("a dot segment at its end", "alice", &format!("{own}/..")),
                ("as the id", "alice", &format!("/api/{rest}")),
            ],
        );
    }
}
