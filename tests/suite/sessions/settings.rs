//! The configuration errors of sessions. Each names the setting and the fix.

use std::time::Duration;

use tower_jwt_auth::{BetterAuthSessions, JwtAuthBuilder, JwtAuthLayer, TokenSource};

use super::server::SECRET;

pub(super) const ORIGIN: &str = "https://app.example.com";

const DOCKER: &str = "http://auth:3000/api/auth/get-session";

pub(super) type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;

/// The only problem of these settings, if there is one.
fn problem(builder: JwtAuthBuilder) -> Option<String> {
    let error = builder.build().err()?;
    let problems: Vec<&str> = error.problems().collect();
    let [only] = &*problems else {
        panic!("{problems:?}")
    };
    Some((*only).to_owned())
}

pub(super) fn remote(origin: &str, configure: Configure) -> JwtAuthBuilder {
    let sessions = configure(BetterAuthSessions::remote(origin));
    JwtAuthLayer::builder().sessions(sessions)
}

#[track_caller]
pub(super) fn assert_problem(row: &str, builder: JwtAuthBuilder, parts: &[&str]) {
    let problem = problem(builder);
    let Some(problem) = problem else {
        assert!(parts.is_empty(), "{row}: no error with {parts:?}");
        return;
    };
    assert!(!parts.is_empty(), "{row}: {problem}");
    for part in parts {
        assert!(problem.contains(part), "{row}: no {part:?} in {problem}");
    }
}

#[test]
fn the_origin_is_that_of_a_browser() {
    let what = "the origin of Better Auth";
    let right = r#"write "https://app.example.com""#;
    for (origin, parts) in [
        (ORIGIN, &[][..]),
        ("https://app.example.com:8443", &[]),
        ("http://localhost:3000", &[]),
        ("http://127.0.0.1:3000", &[]),
        ("http://[::1]:3000", &[]),
        ("", &[what, "not an origin"]),
        ("app.example.com", &[what, "not an origin"]),
        ("https://", &[what, "not an origin"]),
        ("https://app.example.com/", &[what, "slash", right]),
        ("https://app.example.com/api/auth", &[what, "path", right]),
        ("https://app.example.com?a", &[what, "query", right]),
        ("https://app.example.com#a", &[what, "query", right]),
        ("https://APP.example.com", &[what, "lower case", right]),
        (
            "https://app.example.com:443",
            &[what, "default port", right],
        ),
        ("https://app.example.com:x", &[what, "not an origin"]),
        ("https://app.example.com:65536", &[what, "not an origin"]),
        ("https://a:b@app.example.com", &[what, "user name"]),
        ("https://*.example.com", &["`*`"]),
        ("*", &["`*`"]),
        ("null", &["`null`"]),
        (" https://app.example.com", &[what, "white space"]),
        ("https://app.example.com\n", &[what, "white space"]),
        ("ws://app.example.com", &[what, "neither https nor http"]),
        ("file:///app", &[what, "neither https nor http"]),
        ("https://müller.example", &[what, "Punycode"]),
        (
            "http://app.example.com",
            &[what, "not https", ".session_url(", ".allow_http()"],
        ),
        (
            "http://auth:3000",
            &[what, "not https", ".session_url(", ".allow_http()"],
        ),
    ] {
        assert_problem(origin, remote(origin, |sessions| sessions), parts);
    }
    // In a network in which nobody can read the tokens.
    let allowed = remote("http://auth:3000", BetterAuthSessions::allow_http);
    assert_problem("allow_http", allowed, &[]);
}

#[test]
fn the_session_url_is_https_unless_http_is_allowed() {
    let what = "the URL set with .session_url(…)";
    let rows: [(&str, Configure, &[&str]); 13] = [
        (
            "https",
            |it| it.session_url("https://auth.example.com/api/auth/get-session"),
            &[],
        ),
        (
            "another path",
            |it| it.session_url("https://app.example.com/auth/get-session"),
            &[],
        ),
        (
            "loopback",
            |it| it.session_url("http://127.0.0.1:3000/get-session"),
            &[],
        ),
        (
            "http",
            |it| it.session_url(DOCKER),
            &[what, DOCKER, "session tokens", ".allow_http()"],
        ),
        (
            "http allowed",
            |it| it.session_url(DOCKER).allow_http(),
            &[],
        ),
        (
            "in another order",
            |it| it.allow_http().session_url(DOCKER),
            &[],
        ),
        ("empty", |it| it.session_url(""), &[what, "https://"]),
        (
            "a path",
            |it| it.session_url("/api/auth/get-session"),
            &[what, "https://"],
        ),
        (
            "a scheme",
            |it| it.session_url("ftp://a.example").allow_http(),
            &[what, "https://"],
        ),
        (
            "a user",
            |it| it.session_url("https://a:b@a.example/c"),
            &[what, "user name"],
        ),
        (
            "a query",
            |it| it.session_url("https://a.example/b?c=d"),
            &[what, "query"],
        ),
        (
            "a fragment",
            |it| it.session_url("https://a.example/b#c"),
            &[what, "fragment"],
        ),
        (
            "a port",
            |it| it.session_url("https://a.example:x/b"),
            &[what],
        ),
    ];
    for (row, configure, parts) in rows {
        assert_problem(row, remote(ORIGIN, configure), parts);
    }
}

#[test]
fn numbers_are_within_their_limits() {
    let rows: [(&str, Configure, &[&str]); 7] = [
        ("an hour", |it| it.fresh_for(Duration::from_secs(3600)), &[]),
        ("no time", |it| it.fresh_for(Duration::ZERO), &[]),
        (
            "longer",
            |it| it.fresh_for(Duration::from_millis(3_600_001)),
            &[".fresh_for(…)", "3600.001 s", "maximum is 3600 s"],
        ),
        (
            "for ever",
            |it| it.fresh_for(Duration::MAX),
            &[".fresh_for(…)", "3600 s"],
        ),
        ("one lookup", |it| it.max_lookups(1), &[]),
        ("all lookups", |it| it.max_lookups(usize::MAX), &[]),
        (
            "none",
            |it| it.max_lookups(0),
            &[".max_lookups(…)", "is 0", "default of 16"],
        ),
    ];
    for (row, configure, parts) in rows {
        assert_problem(row, remote(ORIGIN, configure), parts);
    }
}

#[test]
fn the_cookie_has_a_name() {
    let what = [
        "the name of the session cookie",
        ".cookie_prefix(…)",
        ".cookie_name(…)",
    ];
    for name in ["sid", "__Host-sid", "a.b-c_d", "!#$%&'*+-.^_`|~"] {
        let sessions = || BetterAuthSessions::remote(ORIGIN);
        for sessions in [sessions().cookie_name(name), sessions().cookie_prefix(name)] {
            let builder = JwtAuthLayer::builder().sessions(sessions);
            assert_problem(name, builder, &[]);
        }
    }
    for name in [
        "a b", "a=b", "a;b", "a,b", "\"a\"", "a/b", "a\n", "a\0", "é", "a:b", "(a)",
    ] {
        let sessions = || BetterAuthSessions::remote(ORIGIN);
        for sessions in [sessions().cookie_name(name), sessions().cookie_prefix(name)] {
            let builder = JwtAuthLayer::builder().sessions(sessions);
            assert_problem(name, builder, &what);
        }
    }
    assert_problem("empty", remote(ORIGIN, |it| it.cookie_name("")), &what);
}

#[test]
fn secrets_are_strong() {
    let nine: Configure = |it| it.secrets([SECRET; 9]);
    let rows: [(&str, Configure, &[&str]); 13] = [
        (
            "32 bytes",
            |it| it.secret("0123456789-abcdefghijklmnopqrstu"),
            &[],
        ),
        (
            "a list",
            |it| it.secrets([SECRET, "another-0123456789-abcdefghijklmn"]),
            &[],
        ),
        (
            "31 bytes",
            |it| it.secret("0123456789-abcdefghijklmnopqrst"),
            &[".secret(…)", "32"],
        ),
        ("empty", |it| it.secret(""), &[".secret(…)", "empty"]),
        (
            "a short one in a list",
            |it| it.secrets([SECRET, "x"]),
            &["secret 2 of .secrets(…)"],
        ),
        (
            "an empty list",
            |it| it.secrets([""; 0]),
            &[".secrets(…)", "empty"],
        ),
        ("nine", nine, &["9 secrets", "at most 8"]),
        (
            "nine in two calls",
            |it| it.secrets([SECRET; 8]).secret(SECRET),
            &["9 secrets", "at most 8"],
        ),
        (
            "Better Auth's default",
            |it| it.secret("better-auth-secret-12345678901234567890"),
            &[".secret(…)", "openssl rand"],
        ),
        (
            "a key",
            |it| it.secret("-----BEGIN PUBLIC KEY-----\nMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE\n"),
            &[".secret(…)", "shared secret"],
        ),
        (
            "an unset variable",
            |it| it.secret_from_env("TOWER_JWT_AUTH_UNSET"),
            &["TOWER_JWT_AUTH_UNSET environment variable is required"],
        ),
        (
            "a secret instead of a variable",
            |it| it.secret_from_env(SECRET),
            &[".secret_from_env(…)", "name of a variable"],
        ),
        // The layer's settings for its own secrets do not apply.
        ("none", |it| it, &[]),
    ];
    for (row, configure, parts) in rows {
        assert_problem(row, remote(ORIGIN, configure), parts);
        let lenient = remote(ORIGIN, configure)
            .secret("abcdefgh")
            .allow_short_secret();
        assert_problem(row, lenient, parts);
    }
}

#[test]
fn trusted_origins_are_those_of_browsers() {
    let what = "the trusted origin";
    for (origin, parts) in [
        ("https://admin.example.com", &[][..]),
        ("http://localhost:5173", &[]),
        ("http://admin.example.com", &[]),
        (ORIGIN, &[]),
        ("*", &["`*`", "list each origin"]),
        ("https://*.example.com", &["`*`", "list each origin"]),
        ("null", &["`null`", "list the origin"]),
        ("", &[what, "not an origin"]),
        ("admin.example.com", &[what, "not an origin"]),
        (
            "https://admin.example.com/",
            &[what, r#"write "https://admin.example.com""#],
        ),
        ("chrome-extension://abcdef", &[what, "Authorization header"]),
    ] {
        let sessions = BetterAuthSessions::remote(ORIGIN).trusted_origins([origin]);
        assert_problem(origin, JwtAuthLayer::builder().sessions(sessions), parts);
    }
}

#[test]
fn all_problems_are_reported_together() {
    let sessions = BetterAuthSessions::remote("https://app.example.com/")
        .session_url(DOCKER)
        .cookie_name("a b")
        .fresh_for(Duration::MAX)
        .max_lookups(0)
        .secret("x")
        .trusted_origins(["*", "null"]);
    let error = JwtAuthLayer::builder()
        .secret("y")
        .sessions(sessions)
        .build();
    let error = error.unwrap_err();
    let problems: Vec<&str> = error.problems().collect();
    assert_eq!(problems.len(), 9, "{problems:#?}");
}

#[test]
fn no_token_source_reads_the_session_cookie() {
    let parts = ["TokenSource::cookie(…)", "remove that source"];
    let secure = "__Secure-better-auth.session_token";
    let own: Configure = |it| it.cookie_name("sid");
    let plain: Configure = |it| it;
    for (cookie, configure, parts) in [
        ("better-auth.session_token", plain, &parts[..]),
        (secure, plain, &parts),
        ("__Host-better-auth.session_token", plain, &parts),
        ("better-auth.session_data", plain, &[]),
        ("sid", plain, &[]),
        ("sid", own, &parts),
        ("__Secure-sid", own, &parts),
        (secure, own, &[]),
    ] {
        for source in [
            TokenSource::cookie(cookie),
            TokenSource::first_of([TokenSource::header(), TokenSource::cookie(cookie)]),
        ] {
            let builder = remote(ORIGIN, configure).token_sources([source]);
            assert_problem(cookie, builder, parts);
        }
    }
}
