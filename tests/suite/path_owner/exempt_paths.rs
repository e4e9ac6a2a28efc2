//! Paths that are exempt from the check.

use tower_jwt_auth::PathOwnerLayer;

use super::{ambiguous_paths::AMBIGUOUS, support::*};
use crate::support::{ask, get};

#[test]
fn only_the_exempt_paths_are_exempt() {
    let layer = owner()
        .except("/api/health")
        .and_then(|layer| layer.except("/public/{*rest}"))
        .unwrap();
    assert_all(
        &layer,
        ACCEPTED,
        &[
            ("exempt", "alice", "/api/health"),
            ("below an exempt path", "alice", "/public/a/b"),
            ("its root", "alice", "/public"),
            ("its root with a slash", "alice", "/public/"),
            ("own", "alice", "/api/alice/tasks"),
        ],
    );
    assert_all(
        &layer,
        NOT_OWNER,
        &[
            ("below an exact path", "alice", "/api/health/x"),
            ("a trailing slash", "alice", "/api/health/"),
            ("encoded", "alice", "/api/healt%68"),
            ("another case", "alice", "/api/Health"),
            ("another's", "alice", "/api/bob/tasks"),
        ],
    );
    let longer = [("longer", "alice", "/publicity/x")];
    assert_all(&layer, NO_PATTERN, &longer);
}

#[test]
fn an_ambiguous_exempt_path_is_rejected() {
    let layer = owner().except("/public/{*rest}").unwrap();
    for (description, piece) in AMBIGUOUS {
        assert_all(
            &layer,
            NOT_OWNER,
            &[
                (description, "alice", &format!("/public/{piece}")),
                (description, "alice", &format!("/public/x/{piece}")),
            ],
        );
    }
}

#[test]
fn an_exempt_path_with_an_ambiguous_parameter_is_rejected() {
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
        assert_all(&layer, ACCEPTED, &[("bob's", "alice", &path)]);
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
            assert_all(&layer, NOT_OWNER, &[(start, "alice", &path)]);
        }
    }
}

#[tokio::test]
async fn the_more_literal_of_exemption_and_pattern_applies() {
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
