//! A Better Auth server without a database: sessions exist only in the cookie.

use http::{
    Method, Request,
    header::{AUTHORIZATION, COOKIE, ORIGIN},
};
use serde_json::json;
use tower_jwt_auth::{BetterAuthSessions, JwtAuthLayer};

use super::{
    CACHED, changed,
    maker::{FORMS, Form},
    outcome, payload,
};
use crate::{
    sessions::server::{SECRET, cookie, encoded, request, signed, token},
    support::{
        keyless,
        signing_keys::{SigningKey, jwks},
    },
};

fn layer() -> JwtAuthLayer {
    let sessions = BetterAuthSessions::cookie_only(super::ORIGIN).secret(SECRET);
    keyless().sessions(sessions).build().unwrap()
}

fn with_data(data: &str) -> String {
    format!("{}; better-auth.session_data={data}", cookie(1))
}

#[tokio::test]
async fn only_a_valid_cookie_has_a_session() {
    let layer = layer();
    let key = SigningKey::generate("EdDSA", "key-1");
    for form in [Form::Compact, Form::Jwt, Form::Jwe] {
        let data = |payload| form.cookie(&payload, &key);
        let valid = data(payload());
        let banned = with_data(&data(changed("user.banned", json!(true))));
        for (row, cookies, expected) in [
            ("both", with_data(&valid), CACHED),
            ("no data", cookie(1), "session"),
            (
                "data alone",
                format!("better-auth.session_data={valid}"),
                "missing_token",
            ),
            (
                "the data of session 2",
                with_data(&data(changed("session.token", json!(token(2))))),
                "session",
            ),
            (
                "another user's data",
                with_data(&data(changed("user.id", json!("bob")))),
                "session",
            ),
            (
                "an expired session",
                with_data(&data(changed(
                    "session.expiresAt",
                    json!("2027-01-15T08:00:00Z"),
                ))),
                "session",
            ),
            ("banned", banned, "banned"),
            (
                "another version",
                with_data(&data(changed("version", json!("2")))),
                "session",
            ),
            ("garbage", with_data("garbage"), "session"),
            (
                "a forged token",
                with_data(&valid).replace(
                    &cookie(1),
                    &format!(
                        "better-auth.session_token={}",
                        encoded(&signed(&token(1), "x"))
                    ),
                ),
                "session_signature",
            ),
        ] {
            let found = outcome(&layer, request(&cookies)).await;
            assert_eq!(found, expected, "{form:?}: {row}");
        }
    }
}

#[tokio::test]
async fn no_bearer_has_a_session() {
    let layer = layer();
    let key = SigningKey::generate("EdDSA", "key-1");
    let data = Form::Jwe.cookie(&payload(), &key);
    for (bearer, expected) in [
        (signed(&token(1), SECRET), "session"),
        (encoded(&signed(&token(1), SECRET)), "session"),
        (signed(&token(1), "another"), "session_signature"),
        (token(1), "opaque_session_token"),
        (data.clone(), "encrypted"),
    ] {
        for cookies in ["", &with_data(&data)] {
            let request = Request::builder()
                .header(AUTHORIZATION, format!("Bearer {bearer}"))
                .header(COOKIE, cookies);
            let found = outcome(&layer, request.body(()).unwrap()).await;
            assert_eq!(found, expected, "{bearer}, {cookies}");
        }
    }
}

#[tokio::test]
async fn the_rule_for_other_pages_decides_before_the_cookie() {
    let key = SigningKey::generate("EdDSA", "key-1");
    let cookies = with_data(&Form::Compact.cookie(&payload(), &key));
    for (method, origin, expected) in [
        (Method::POST, "https://evil.example", "cross_site"),
        (Method::DELETE, "null", "cross_site"),
        (Method::POST, super::ORIGIN, CACHED),
        (Method::GET, "https://evil.example", CACHED),
    ] {
        let request = Request::builder()
            .method(&method)
            .header(COOKIE, &cookies)
            .header(ORIGIN, origin);
        let found = outcome(&layer(), request.body(()).unwrap()).await;
        assert_eq!(found, expected, "{method} from {origin}");
    }
}

#[tokio::test]
async fn a_dead_cookie_is_anonymous_if_that_is_allowed() {
    let sessions = BetterAuthSessions::cookie_only(super::ORIGIN).secret(SECRET);
    let builder = keyless().sessions(sessions).allow_anonymous();
    let layer = builder.build().unwrap();
    for cookies in [cookie(1), with_data("garbage"), String::new()] {
        assert_eq!(outcome(&layer, request(&cookies)).await, "anonymous");
    }
}

/// With public keys, the service needs no secret that could make sessions.
#[tokio::test]
async fn public_keys_are_enough() {
    let key = SigningKey::generate("EdDSA", "key-1");
    let builder = keyless().allow_any_audience().jwks_text(jwks([&key]));
    let sessions = BetterAuthSessions::cookie_only(super::ORIGIN);
    let layer = { builder.issuer(super::ORIGIN).sessions(sessions) }
        .build()
        .unwrap();
    for form in FORMS {
        let expected = if form == Form::Public {
            CACHED
        } else {
            "session"
        };
        let cookies = with_data(&form.cookie(&payload(), &key));
        assert_eq!(
            outcome(&layer, request(&cookies)).await,
            expected,
            "{form:?}"
        );
    }
    let other = format!(
        "better-auth.session_token={}; better-auth.session_data={}",
        signed(&token(2), SECRET),
        Form::Public.cookie(&payload(), &key)
    );
    assert_eq!(outcome(&layer, request(&other)).await, "session");
}
