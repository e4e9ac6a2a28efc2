//! The configuration errors of introspection.

use std::time::Duration;

use tower_jwt_auth::{Introspection, JwtAuthBuilder, JwtAuthLayer};

use super::server::{AUDIENCE, ISSUER};

const URL: &str = "https://auth.example.com/introspect";

fn with(introspection: Introspection) -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .introspect(introspection)
}

#[test]
fn each_error_names_the_setting_and_the_fix() {
    let new = || Introspection::new(URL);
    for (row, builder, parts) in [
        ("valid", with(new().client("id", "s")), &[][..]),
        (
            "loopback",
            with(Introspection::new("http://127.0.0.1:1/introspect")),
            &[],
        ),
        (
            "http",
            with(Introspection::new("http://auth:3000/introspect")),
            &["Introspection::new", "not https", ".allow_http()"],
        ),
        (
            "http allowed",
            with(Introspection::new("http://auth:3000/introspect").allow_http()),
            &[],
        ),
        (
            "no URL",
            with(Introspection::new("introspect")),
            &["not a URL"],
        ),
        (
            "no issuer",
            with(Introspection::discover("auth")),
            &["Introspection::discover", "not a URL"],
        ),
        (
            "no secret",
            with(new().client("id", "")),
            &["in .introspect(…)", "empty"],
        ),
        (
            "no variable",
            with(new().client_secret_from_env("id", "NO_SUCH_VARIABLE")),
            &["in .introspect(…)", "not set"],
        ),
        (
            "no lookups",
            with(new().max_lookups(0)),
            &[".max_lookups(…)", "0"],
        ),
        (
            "too long",
            with(new().fresh_for(Duration::from_secs(3601))),
            &[".fresh_for(…)", "3600"],
        ),
        (
            "JWTs and keys",
            with(new().jwts()).secret("0123456789abcdef0123456789abcdef"),
            &[".jwts()", "keys"],
        ),
        ("twice", with(new()).introspect(new()), &["twice"]),
    ] {
        let problems = builder.build().err().map(|error| error.to_string());
        assert_eq!(problems.is_some(), !parts.is_empty(), "{row}: {problems:?}");
        for part in parts {
            let problems = problems.as_deref().unwrap_or_default();
            assert!(problems.contains(part), "{row}: no {part:?} in {problems}");
        }
    }
}

#[cfg(feature = "sessions-custom")]
#[test]
fn raw_session_tokens_need_a_decision() {
    use tower_jwt_auth::test_kit::TestSessions;

    let sessions = TestSessions::new();
    let new = || Introspection::new(URL);
    for (row, settings, introspection, part) in [
        ("signed", sessions.sessions(), new(), None),
        (
            "raw",
            sessions.sessions().raw_tokens(),
            new(),
            Some(".session_tokens_first()"),
        ),
        (
            "first",
            sessions.sessions().raw_tokens(),
            new().session_tokens_first(),
            None,
        ),
        (
            "no raw",
            sessions.sessions(),
            new().session_tokens_first(),
            Some("no effect"),
        ),
    ] {
        let error = with(introspection).sessions(settings).build().err();
        let error = error.map(|error| error.to_string());
        assert_eq!(error.is_some(), part.is_some(), "{row}: {error:?}");
        assert!(
            error.unwrap_or_default().contains(part.unwrap_or_default()),
            "{row}"
        );
    }
}
