//! Settings that contradict another one, or have no effect.

use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::{
    server::SECRET,
    settings::{Configure, ORIGIN, assert_problem, remote},
};

#[test]
fn a_layer_accepts_the_sessions_of_one_server() {
    let other = BetterAuthSessions::remote("https://other.example.com");
    let twice = remote(ORIGIN, |it| it).sessions(other);
    assert_problem("twice", twice, &[".sessions(…)", "twice", "remove"]);
}

#[test]
fn same_users_is_for_another_issuer() {
    let same: Configure = BetterAuthSessions::same_users;
    let what = &[".same_users()", "no effect", "remove"][..];
    let with_issuer = |issuer: &str| {
        let sessions = same(BetterAuthSessions::remote(ORIGIN));
        let builder = JwtAuthLayer::builder().secret(SECRET).sessions(sessions);
        if issuer.is_empty() {
            return builder;
        }
        builder.issuer(issuer)
    };
    for (issuer, expected) in [
        ("", what),
        (ORIGIN, what),
        ("https://app.example.com/api/auth", what),
        ("https://other.example.com", &[]),
        ("https://app.example.com.evil.example", &[]),
    ] {
        assert_problem(issuer, with_issuer(issuer), expected);
    }
    assert_problem("sessions alone", remote(ORIGIN, same), what);
}

#[test]
fn a_plain_http_origin_is_not_trusted_beside_an_https_url() {
    let settings: Configure = |it| it.session_url("https://app.example.com/api/auth/get-session");
    let origin = "http://app.example.com";
    let what = &["the origin of Better Auth", "not https"];
    assert_problem(origin, remote(origin, settings), what);
}

#[test]
fn the_session_url_names_the_endpoint() {
    for path in ["", "/", "/api/auth", "/api/auth/get-session/"] {
        let url = &format!("https://auth.example.com{path}");
        let sessions = BetterAuthSessions::remote(ORIGIN).session_url(url);
        let what = &["does not end in /get-session", "/api/auth/get-session"];
        assert_problem(url, JwtAuthLayer::builder().sessions(sessions), what);
    }
}

#[test]
fn a_weak_secret_is_named_as_that_of_the_sessions() {
    let weak: Configure = |it| it.secret("short");
    let what = &["in .sessions(…): the secret set with .secret(…)"];
    assert_problem("weak", remote(ORIGIN, weak), what);
}
