//! Which credential of a request decides, and anonymous requests.

use std::slice;

use http::header::{AUTHORIZATION, CACHE_CONTROL};
use serde_json::json;
use tower_jwt_auth::JwtAuthLayer;

use super::{
    requests::*,
    server::{SECRET, SessionServer, signed, token},
};
use crate::support::{self, NOW, ask, claims, claims_with};

#[tokio::test]
async fn one_credential_decides() {
    let server = start().await;
    let jwt = support::token(&claims());
    let expired = support::token(&claims_with(json!({ "exp": NOW })));
    let (a, b, c, dead) = (session(1), session(2), session(3), session(9));
    let name = "better-auth.session_token";
    let secure = "__Secure-better-auth.session_token";
    let host = "__Host-better-auth.session_token";
    let data = "better-auth.session_data";
    let basic = (AUTHORIZATION, "Basic YTpi".to_owned());
    let rows: Vec<(&str, Fields, Result<&str, &str>, usize)> = vec![
        ("nothing", vec![], Err("missing_token"), 0),
        // A session cookie, alone and beside others.
        ("a cookie", vec![cookie(&a)], Ok("user-1"), 1),
        ("a JWT", vec![bearer(&jwt), cookie(&a)], Ok("alice"), 0),
        (
            "an expired JWT",
            vec![bearer(&expired), cookie(&a)],
            Err("expired"),
            0,
        ),
        (
            "a bearer",
            vec![bearer(signed(&token(2), SECRET)), cookie(&a)],
            Ok("user-2"),
            1,
        ),
        (
            "an encoded bearer",
            vec![bearer(&b), cookie(&a)],
            Ok("user-2"),
            1,
        ),
        (
            "a dead bearer",
            vec![bearer(&dead), cookie(&a)],
            Err("session"),
            1,
        ),
        (
            "a forged bearer",
            vec![bearer(forged(2)), cookie(&a)],
            Err("session_signature"),
            0,
        ),
        (
            "a raw bearer",
            vec![bearer(token(2)), cookie(&a)],
            Err("opaque_session_token"),
            0,
        ),
        (
            "garbage",
            vec![bearer("garbage"), cookie(&a)],
            Err("malformed"),
            0,
        ),
        (
            "a crafted bearer",
            vec![bearer("active-sessions-user-1"), cookie(&a)],
            Err("malformed"),
            0,
        ),
        ("basic", vec![basic.clone(), cookie(&a)], Ok("user-1"), 1),
        (
            "an API key",
            vec![key("valid"), cookie(&a)],
            Ok("service"),
            0,
        ),
        (
            "an invalid key",
            vec![key("x"), cookie(&a)],
            Err("invalid_credential"),
            0,
        ),
        (
            "another's key",
            vec![key("another"), cookie(&a)],
            Ok("user-1"),
            1,
        ),
        // API keys beside tokens.
        (
            "a JWT and a key",
            vec![bearer(&jwt), key("x")],
            Ok("alice"),
            0,
        ),
        (
            "a bearer and a key",
            vec![bearer(&b), key("x")],
            Ok("user-2"),
            1,
        ),
        (
            "a dead bearer and a key",
            vec![bearer(&dead), key("valid")],
            Err("session"),
            1,
        ),
        // JWTs in a cookie.
        (
            "a JWT cookie",
            vec![cookies(&[("token", &jwt), (name, &a)])],
            Ok("alice"),
            0,
        ),
        (
            "an expired one",
            vec![cookies(&[("token", &expired), (name, &a)])],
            Err("expired"),
            0,
        ),
        (
            "a session in its place",
            vec![cookies(&[("token", &b), (name, &a)])],
            Err("opaque_session_token"),
            0,
        ),
        (
            "two sources",
            vec![cookies(&[("token", &jwt)]), bearer(&b)],
            Err("several_tokens"),
            0,
        ),
        (
            "two fields",
            vec![bearer(&b), basic, cookie(&a)],
            Err("several_tokens"),
            0,
        ),
        // Several session cookies.
        (
            "a value twice",
            vec![cookies(&[(name, &a), (name, &a)])],
            Ok("user-1"),
            1,
        ),
        (
            "in two fields",
            vec![cookie(&a), cookie(&a)],
            Ok("user-1"),
            1,
        ),
        (
            "two values",
            vec![cookies(&[(name, &a), (name, &b)])],
            Err("several_tokens"),
            0,
        ),
        (
            "two in two fields",
            vec![cookie(&a), cookie(&b)],
            Err("several_tokens"),
            0,
        ),
        (
            "one forged",
            vec![cookie(&a), cookie(forged(1))],
            Err("several_tokens"),
            0,
        ),
        ("one empty", vec![cookie(&a), cookie("")], Ok("user-1"), 1),
        (
            "two, and a JWT",
            vec![cookie(&a), cookie(&b), bearer(&jwt)],
            Ok("alice"),
            0,
        ),
        (
            "two, and a bearer",
            vec![cookie(&a), cookie(&b), bearer(&c)],
            Ok("user-3"),
            1,
        ),
        (
            "two, and a key",
            vec![cookie(&a), cookie(&b), key("valid")],
            Ok("service"),
            0,
        ),
        (
            "secure",
            vec![cookies(&[(name, &a), (secure, &b)])],
            Ok("user-2"),
            1,
        ),
        (
            "host",
            vec![cookies(&[(secure, &a), (name, &b), (host, &c)])],
            Ok("user-3"),
            1,
        ),
        (
            "dead, secure",
            vec![cookies(&[(name, &a), (secure, &dead)])],
            Err("session"),
            1,
        ),
        (
            "two plain ones",
            vec![cookies(&[(name, &a), (name, &b), (secure, &c)])],
            Ok("user-3"),
            1,
        ),
        (
            "two secure ones",
            vec![cookies(&[(secure, &a), (name, &b), (secure, &c)])],
            Err("several_tokens"),
            0,
        ),
        // Other cookies of Better Auth.
        (
            "session_data",
            vec![cookies(&[(data, "x")])],
            Err("missing_token"),
            0,
        ),
        (
            "of another",
            vec![cookies(&[(data, "x"), (name, &b)])],
            Ok("user-2"),
            1,
        ),
        // Cookies that are rejected without a lookup.
        (
            "unsigned",
            vec![cookie(token(1))],
            Err("session_signature"),
            0,
        ),
        (
            "forged",
            vec![cookie(forged(1))],
            Err("session_signature"),
            0,
        ),
        (
            "long",
            vec![cookie("a".repeat(4_000))],
            Err("session_signature"),
            0,
        ),
        (
            "a JWT in it",
            vec![cookie(&jwt)],
            Err("session_signature"),
            0,
        ),
        ("empty", vec![cookie("")], Err("missing_token"), 0),
    ];
    for (row, fields, expected, lookups) in rows {
        let before = server.lookups();
        let layer = builder(&server).build().unwrap();
        let found = result(&layer, request("GET", &fields)).await;
        assert_eq!(
            found.as_deref().map_err(|reason| *reason),
            expected,
            "{row}"
        );
        assert_eq!(server.lookups() - before, lookups, "{row}");
    }
}

#[tokio::test]
async fn a_raw_token_is_accepted_only_as_a_bearer_and_if_enabled() {
    let server = start().await;
    let raw = builder_with_raw(&server);
    let crafted = format!("active-sessions-{}", &token(1)[16..]);
    for (fields, expected) in [
        (bearer(token(1)), Ok("user-1")),
        (bearer(session(1)), Ok("user-1")),
        (bearer(token(9)), Err("session")),
        (bearer(&token(1)[1..]), Err("malformed")),
        (bearer(format!("{}0", token(1))), Err("malformed")),
        (bearer(crafted), Err("malformed")),
        (bearer(forged(1)), Err("session_signature")),
        (cookie(token(1)), Err("session_signature")),
    ] {
        let before = server.lookups();
        let row = fields.1.clone();
        let found = result(&raw, request("GET", &[fields])).await;
        assert_eq!(
            found.as_deref().map_err(|reason| *reason),
            expected,
            "{row}"
        );
        if matches!(expected, Err(reason) if reason != "session") {
            assert_eq!(server.lookups(), before, "{row}");
        }
    }
}

fn builder_with_raw(server: &SessionServer) -> JwtAuthLayer {
    let sessions = server.sessions().secret(SECRET).raw_tokens();
    with(sessions).build().unwrap()
}

#[tokio::test]
async fn an_unaccepted_cookie_is_anonymous_and_an_unaccepted_bearer_is_rejected() {
    let server = start().await;
    for (row, value, reason, is_anonymous) in [
        ("dead", session(9), "session", true),
        ("banned", session(4), "banned", true),
        ("forged", forged(1), "session_signature", true),
        ("without a MAC", token(1), "session_signature", true),
        ("without an email address", session(6), "user", true),
        ("a check", session(2), "check", true),
        ("not looked up", session(5), "sessions_unavailable", false),
    ] {
        let strict = || builder(&server).check(|user| user.user_id() != "user-2");
        let anonymous = || strict().allow_anonymous().build().unwrap();
        let get = |field| request("GET", &[field]);
        let strict = strict().build().unwrap();
        assert_eq!(
            result(&strict, get(cookie(&value))).await,
            Err(reason),
            "{row}"
        );
        let found = result(&anonymous(), get(cookie(&value))).await;
        let expected = if is_anonymous {
            Ok("nobody".to_owned())
        } else {
            Err(reason)
        };
        assert_eq!(found, expected, "{row}");
        // The answer may be kept.
        let layer = anonymous();
        for _ in 0..2 {
            assert_eq!(result(&layer, get(cookie(&value))).await, expected, "{row}");
        }
        if value != token(1) {
            let found = result(&anonymous(), get(bearer(&value))).await;
            assert_eq!(found, Err(reason), "{row}");
        }
    }
    let layer = builder(&server).allow_anonymous().build().unwrap();
    let two = [cookie(session(1)), cookie(session(2))];
    assert_eq!(
        result(&layer, request("GET", &two)).await,
        Err("several_tokens")
    );
    assert_eq!(
        result(&layer, request("GET", &[])).await,
        Ok("nobody".to_owned())
    );
    assert_eq!(
        result(&layer, request("GET", &two[..1])).await,
        Ok("user-1".to_owned())
    );
}

#[tokio::test]
async fn a_response_to_a_session_cookie_is_private() {
    let server = start().await;
    let layer = builder(&server).allow_anonymous().build().unwrap();
    for (field, is_private) in [
        (cookie(session(1)), true),
        (bearer(session(1)), false),
        (cookie(session(9)), false),
    ] {
        // The first request waits for the lookup, and the second does not.
        for _ in 0..2 {
            let answer = ask(layer.clone(), request("GET", slice::from_ref(&field))).await;
            assert_eq!(answer.status(), 200);
            let found = answer.response.headers().get(CACHE_CONTROL);
            assert_eq!(
                found.is_some_and(|value| value == "private"),
                is_private,
                "{field:?}"
            );
        }
    }
}
