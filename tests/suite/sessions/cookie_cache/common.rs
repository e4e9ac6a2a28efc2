//! The rules for the content, which are the same in all forms.

use serde_json::{Value, json};

use super::{
    CACHED, Fixture, changed,
    maker::{FORMS, with},
    payload,
};
use crate::sessions::server::{cookie, token, user_of};

/// [`NOW`](crate::support::NOW).
const NOW: &str = "2027-01-15T08:00:00.000Z";

fn rows() -> Vec<(&'static str, Value, bool)> {
    let banned = |columns| {
        let mut payload = payload();
        payload["user"] = with(&payload["user"], columns);
        payload
    };
    let null = |path: &str, name: &str| {
        let mut payload = payload();
        payload[path][name] = Value::Null;
        payload
    };
    vec![
        ("as Better Auth makes it", payload(), true),
        ("no version, as 1.3", changed("version", Value::Null), true),
        ("version 2", changed("version", json!("2")), false),
        ("version as a number", changed("version", json!(1)), false),
        ("version 01", changed("version", json!("01")), false),
        (
            "no updatedAt, as 1.3",
            changed("updatedAt", Value::Null),
            true,
        ),
        ("another member", changed("x", json!({ "a": [1] })), true),
        (
            "another session",
            changed("session.token", json!(token(2))),
            false,
        ),
        ("no token", changed("session.token", Value::Null), false),
        ("a null token", null("session", "token"), false),
        ("another user", changed("user.id", json!("bob")), false),
        (
            "another owner",
            changed("session.userId", json!("bob")),
            false,
        ),
        ("no user ID", changed("user.id", Value::Null), false),
        ("no owner", changed("session.userId", Value::Null), false),
        (
            "an expired session",
            changed("session.expiresAt", json!(NOW)),
            false,
        ),
        (
            "a session that expires in a second",
            changed("session.expiresAt", json!("2027-01-15T08:00:01.000Z")),
            true,
        ),
        (
            "no expiry",
            changed("session.expiresAt", Value::Null),
            false,
        ),
        (
            "expiry as a number",
            changed("session.expiresAt", json!(4e12)),
            false,
        ),
        ("banned", banned(json!({ "banned": true })), false),
        ("not banned", banned(json!({ "banned": false })), true),
        (
            "banned until later",
            banned(json!({ "banned": true, "banExpires": "2027-01-15T08:00:01.000Z" })),
            false,
        ),
        (
            "banned until now",
            banned(json!({ "banned": true, "banExpires": NOW })),
            true,
        ),
        ("no session", changed("session", Value::Null), false),
        ("no user", changed("user", Value::Null), false),
        ("a text as session", changed("session", json!("x")), false),
        ("a list as user", changed("user", json!([])), false),
    ]
}

#[test]
fn the_content_belongs_to_the_session_and_is_current() {
    let fixture = Fixture::new();
    for form in FORMS {
        fixture.assert_rows(rows().into_iter().map(|(row, payload, is_accepted)| {
            let data = form.cookie(&payload, &fixture.key);
            (format!("{form:?}: {row}"), data, is_accepted)
        }));
    }
}

#[test]
fn only_the_configured_version_is_accepted() {
    let fixture = Fixture::with(|sessions| sessions.cookie_cache_version("7b"));
    for form in FORMS {
        let rows = [
            ("the version", json!("7b"), true),
            ("the default", json!("1"), false),
            ("none", Value::Null, false),
            ("its start", json!("7"), false),
            ("another case", json!("7B"), false),
        ];
        fixture.assert_rows(rows.map(|(row, version, is_accepted)| {
            let data = form.cookie(&changed("version", version), &fixture.key);
            (format!("{form:?}: {row}"), data, is_accepted)
        }));
    }
}

/// JavaScript strings may contain what JSON in other languages may not.
#[tokio::test]
async fn any_text_of_javascript_is_accepted() {
    let fixture = Fixture::new();
    for form in FORMS {
        for (name, expected) in [
            ("Zoë 😀", "Zoë 😀"),
            ("a\u{2028}b\u{2029}c", "a\u{2028}b\u{2029}c"),
            (r"a\ud800b", "a\u{fffd}b"),
            (r"\udc00\ud800", "\u{fffd}\u{fffd}"),
            (r"\ud83d\ude00", "😀"),
            (r"a\/\u0041", "a/A"),
            (r#"\",\"expiresAt\":1}"#, r#"","expiresAt":1}"#),
        ] {
            let edit = |json: String| json.replace(CACHED, name);
            let data = form.edited_cookie(&payload(), &fixture.key, edit);
            let user = fixture.user(&data).await;
            assert_eq!(user.name(), Some(expected), "{form:?}: {name}");
        }
    }
    assert_eq!(fixture.lookups(), 0);
}

#[tokio::test]
async fn the_user_is_that_of_the_store_without_the_session_token() {
    let fixture = Fixture::new();
    for form in FORMS {
        let user = fixture.user(&form.cookie(&payload(), &fixture.key)).await;
        assert_eq!(user.user_id(), user_of(&token(1)), "{form:?}");
        assert_eq!(user.name(), Some(CACHED));
        assert_eq!(user.issuer(), Some(super::ORIGIN));
        let claims: Value = user.claims().unwrap();
        assert_eq!(claims["sid"], format!("session-of-{}", user.user_id()));
        assert!(claims.get("aud").is_none() && claims.get("jti").is_none());
        assert!(claims.get("version").is_none());
        let mut stored: Value = fixture.user("").await.claims().unwrap();
        stored["name"] = CACHED.into();
        assert_eq!(claims, stored, "{form:?}");
        let all = format!("{claims} {user:?} {:?}", fixture.layer);
        assert!(!all.contains(&token(1)), "{form:?}: {all}");
    }
}

#[tokio::test]
async fn the_cookie_has_the_prefix_and_the_names_that_are_configured() {
    let default: fn(tower_jwt_auth::BetterAuthSessions) -> tower_jwt_auth::BetterAuthSessions =
        |it| it;
    for (settings, token_name, data_name, expected) in [
        (
            default,
            "better-auth.session_token",
            "better-auth.session_data",
            true,
        ),
        (
            default,
            "__Secure-better-auth.session_token",
            "__Secure-better-auth.session_data",
            true,
        ),
        (
            default,
            "__Host-better-auth.session_token",
            "__Host-better-auth.session_data",
            true,
        ),
        // The names of a server have the same prefix.
        (
            default,
            "__Secure-better-auth.session_token",
            "better-auth.session_data",
            false,
        ),
        (
            default,
            "better-auth.session_token",
            "__Secure-better-auth.session_data",
            false,
        ),
        (
            default,
            "better-auth.session_token",
            "better-auth.session_datum",
            false,
        ),
        (
            default,
            "better-auth.session_token",
            "app.session_data",
            false,
        ),
        (
            |it| it.cookie_prefix("app"),
            "app.session_token",
            "app.session_data",
            true,
        ),
        (
            |it| it.cookie_prefix("app"),
            "app.session_token",
            "better-auth.session_data",
            false,
        ),
        (
            |it| it.cookie_name("sid"),
            "sid",
            "better-auth.session_data",
            true,
        ),
        (
            |it| it.cookie_name("sid"),
            "__Secure-sid",
            "__Secure-better-auth.session_data",
            true,
        ),
        (
            |it| it.cookie_cache_name("data"),
            "better-auth.session_token",
            "data",
            true,
        ),
        (
            |it| it.cookie_cache_name("data"),
            "__Secure-better-auth.session_token",
            "__Secure-data",
            true,
        ),
        (
            |it| it.cookie_cache_name("data"),
            "better-auth.session_token",
            "better-auth.session_data",
            false,
        ),
    ] {
        let fixture = Fixture::with(settings);
        let data = FORMS[0].cookie(&payload(), &fixture.key);
        let session = cookie(1).replace("better-auth.session_token", token_name);
        let name = fixture.ask(&format!("{data_name}={data}; {session}")).await;
        assert_eq!(name == CACHED, expected, "{token_name}, {data_name}");
    }
}
