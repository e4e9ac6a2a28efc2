//! The records that a store returns.

use serde_json::{Value, json};
use tower_jwt_auth::sessions::StoredSession;

use super::{ORIGIN, Store, UNAVAILABLE, found};
use crate::{
    events::{Captured, told},
    sessions::{
        records::{REMOVED, record},
        server::{self, ask, authenticate, cookie, token},
    },
    support::keyless,
};

#[tokio::test]
async fn what_a_store_returns_must_be_json_objects() {
    let record = server::record(&token(1));
    let (session, user) = (record["session"].to_string(), record["user"].to_string());
    for bad in ["", " ", "null", "[]", "7", "{", "\"{}\"", "{}x", "<html>"] {
        for (session, user, what) in [
            (bad, &*user, "the session that the store returned is not"),
            (&*session, bad, "the user that the store returned is not"),
        ] {
            let stored = StoredSession::from_json(session, user);
            let store = Store::new(move |_| Ok(Some(stored.clone())));
            let events = Captured::start();
            let asked = ask(&store.layer(), &cookie(1)).await;
            assert_eq!(asked, UNAVAILABLE, "{what}: {bad}");
            assert!(
                told() == 0 || events.text().contains(what),
                "{what}: {bad}: {}",
                events.text()
            );
        }
    }
}

/// Authenticates session 1 with these columns set, at [`NOW`](crate::support::NOW). Returns the user's
/// ID or the reason, and the warnings.
async fn with_columns(session: Value, user: Value) -> (Result<String, &'static str>, String) {
    let record = record(session, user);
    let store = Store::new(move |_| found(&record));
    let layer = keyless().sessions(store.sessions()).build().unwrap();
    let events = Captured::start();
    let asked = ask(&layer, &cookie(1)).await;
    (asked, events.at("WARN").join("\n"))
}

#[tokio::test]
async fn times_need_an_offset() {
    const ACCEPTED: &str = "";
    const FIX: &str = "at time zone 'UTC'";
    // It is 2027-01-15T08:00:00Z.
    for (expires_at, expected) in [
        ("2027-01-15T08:00:01Z", ACCEPTED),
        ("2027-01-15T08:00:00Z", "session"),
        // As PostgreSQL writes a `timestamptz`.
        ("2027-01-15T10:00:01+02:00", ACCEPTED),
        ("2027-01-15T10:00:00+02:00", "session"),
        ("2027-01-15T09:00:00+02:00", "session"),
        ("2027-01-15T04:00:01-04:00", ACCEPTED),
        ("2027-01-15T04:00:00-04:00", "session"),
        ("2027-01-15T13:30:01.000001+05:30", ACCEPTED),
        ("2027-01-15T13:30:00.999999+05:30", "session"),
        ("2027-01-15T08:00:01.123456+00:00", ACCEPTED),
        // As it writes a `timestamp`, and both as text.
        ("2999-01-15T08:00:00", FIX),
        ("2999-01-15T08:00:00.123456", FIX),
        ("2999-01-15 08:00:00", FIX),
        ("2999-01-15 08:00:00+00", FIX),
        ("infinity", FIX),
    ] {
        let (asked, warnings) = with_columns(json!({ "expiresAt": expires_at }), json!({})).await;
        let expected = match expected {
            ACCEPTED => Ok("user-1".to_owned()),
            FIX => UNAVAILABLE,
            reason => Err(reason),
        };
        assert_eq!(asked, expected, "{expires_at}");
        if asked == UNAVAILABLE && told() == 1 {
            assert!(warnings.contains(FIX), "{expires_at}: {warnings}");
        }
        let is_banned = json!({ "banned": true, "banExpires": expires_at });
        let (asked, _) = with_columns(json!({}), is_banned).await;
        let has_ended = expected == Err("session");
        let ban = if has_ended {
            Ok("user-1".to_owned())
        } else {
            Err("banned")
        };
        // The end of a ban is compared with its fraction.
        if !expires_at.contains("00.999999") {
            assert_eq!(asked, ban, "a ban until {expires_at}");
        }
    }
}

#[tokio::test]
async fn a_store_must_return_the_session_with_the_token() {
    for (session, user, part) in [
        (
            json!({ "token": token(2) }),
            json!({}),
            "a store must return it",
        ),
        (
            json!({ "token": REMOVED }),
            json!({}),
            "a store must return it",
        ),
        (json!({}), json!({ "id": "bob" }), "must equal user.id"),
        (
            json!({ "userId": 7 }),
            json!({ "id": 8 }),
            "must equal user.id",
        ),
    ] {
        let row = format!("{session} {user}");
        let (asked, warnings) = with_columns(session, user).await;
        assert_eq!(asked, UNAVAILABLE, "{row}");
        assert!(told() == 0 || warnings.contains(part), "{row}: {warnings}");
    }
    // A database that counts its users.
    let (asked, _) = with_columns(json!({ "userId": 7 }), json!({ "id": 7 })).await;
    assert_eq!(asked, Ok("7".to_owned()));
}

#[tokio::test]
async fn the_columns_of_a_store_are_those_of_get_session() {
    let mut record = server::record(&token(1));
    for name in ["sub", "exp", "session", "iss", "nbf", "aud"] {
        record["user"][name] = json!("forged");
    }
    let (session, user) = (record["session"].to_string(), record["user"].to_string());
    // Lone surrogates.
    let user = user.replace("\"Ada\"", r#""A\ud83dda""#);
    let store = Store::new(move |_| Ok(Some(StoredSession::from_json(&*session, &*user))));
    let user = authenticate(&store.layer(), server::request(&cookie(1))).await;
    let user = user.unwrap().unwrap();
    assert_eq!(user.user_id(), "user-1");
    assert_eq!(user.name(), Some("A\u{fffd}da"));
    assert_eq!(user.issuer(), Some(ORIGIN));
    let claims: Value = user.claims().unwrap();
    assert_eq!(claims["sub"], "user-1");
    assert_eq!(claims["iss"], ORIGIN);
    assert_eq!(claims["sid"], "session-of-user-1");
    assert!(claims["exp"].is_number());
    assert_eq!(claims["session"]["userId"], "user-1");
    assert_eq!((claims.get("nbf"), claims.get("aud")), (None, None));
    assert!(!claims.to_string().contains(&token(1)), "{claims}");
}
