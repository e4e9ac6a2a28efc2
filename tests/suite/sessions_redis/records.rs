//! The values of a session's key.

use serde_json::{Value, json};

use super::{RedisServer, UNAVAILABLE, key};
use crate::{
    events::Captured,
    sessions::server::{ask, authenticate, cookie, record, request, token, user_of},
};

#[tokio::test]
async fn a_stored_session_is_accepted_until_its_key_is_deleted() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    let user = authenticate(&layer, request(&cookie(1))).await.unwrap();
    let user = user.unwrap();
    assert_eq!(user.user_id(), "user-1");
    assert_eq!(user.email(), "user-1@example.com");
    assert_eq!(user.issuer(), Some(super::ORIGIN));
    let claims: Value = user.claims().unwrap();
    assert_eq!(claims["sid"], "session-of-user-1");
    assert!(!claims.to_string().contains(&token(1)), "{claims}");

    assert_eq!(ask(&layer, &cookie(2)).await, Err("session"));
    // The user signs out.
    assert_eq!(redis.command(&["DEL", &key(1)]), ":1");
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
}

/// Changes the record of the first session.
type Change = fn(&mut Value);

#[tokio::test]
async fn the_columns_decide_whether_the_session_is_over() {
    const ACCEPTED: Result<&str, &str> = Ok("user-1");
    const PAST: &str = "2001-01-01T00:00:00.000Z";
    const FUTURE: &str = "2999-01-01T00:00:00.000Z";
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let layer = redis.layer();
    let rows: [(&str, Change, Result<&str, &str>); 14] = [
        ("a live session", |_| (), ACCEPTED),
        (
            "expired",
            |it| it["session"]["expiresAt"] = PAST.into(),
            Err("session"),
        ),
        (
            "no expiry",
            |it| it["session"]["expiresAt"] = Value::Null,
            Err(UNAVAILABLE),
        ),
        (
            "an expiry that is not a time",
            |it| it["session"]["expiresAt"] = 32_000_000_000_000_u64.into(),
            Err(UNAVAILABLE),
        ),
        (
            "banned",
            |it| it["user"]["banned"] = true.into(),
            Err("banned"),
        ),
        (
            "banned for a time",
            |it| {
                it["user"]["banned"] = true.into();
                it["user"]["banExpires"] = FUTURE.into();
            },
            Err("banned"),
        ),
        (
            "a ban that is over",
            |it| {
                it["user"]["banned"] = true.into();
                it["user"]["banExpires"] = PAST.into();
            },
            ACCEPTED,
        ),
        (
            "not banned",
            |it| it["user"]["banned"] = false.into(),
            ACCEPTED,
        ),
        (
            "the session of another token",
            |it| it["session"]["token"] = token(2).into(),
            Err(UNAVAILABLE),
        ),
        (
            "no token",
            |it| it["session"]["token"] = Value::Null,
            Err(UNAVAILABLE),
        ),
        (
            "another user's session",
            |it| it["session"]["userId"] = "user-2".into(),
            Err(UNAVAILABLE),
        ),
        (
            "no user ID",
            |it| it["user"]["id"] = Value::Null,
            Err(UNAVAILABLE),
        ),
        ("no user", |it| it["user"] = Value::Null, Err(UNAVAILABLE)),
        (
            "no session",
            |it| it["session"] = Value::Null,
            Err(UNAVAILABLE),
        ),
    ];
    for (row, change, expected) in rows {
        let mut changed = record(&token(1));
        change(&mut changed);
        redis.store(1, &changed);
        let found = ask(&layer, &cookie(1)).await;
        assert_eq!(
            found.as_deref().map_err(|reason| *reason),
            expected,
            "{row}"
        );
    }
}

#[tokio::test]
async fn a_value_that_is_not_a_record_is_a_misconfiguration() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let valid = record(&token(1)).to_string();
    for (row, value) in [
        ("empty", ""),
        ("null", "null"),
        ("no JSON", "active"),
        ("broken JSON", &valid[..valid.len() - 1]),
        ("a list", r#"[{"token":"a","expiresAt":1}]"#),
        ("other members", r#"{"id":"a","hits":1}"#),
        ("two values", &format!("{valid}{valid}")),
    ] {
        redis.set(&key(1), value);
        assert_misconfigured(&redis, row, &["not the JSON", "database number", "prefix"]).await;
    }
    redis.set(&key(1), [valid.as_bytes(), b" \xff"].concat());
    assert_misconfigured(&redis, "not UTF-8", &["not the JSON"]).await;

    redis.command(&["DEL", &key(1)]);
    redis.command(&["RPUSH", &key(1), &valid]);
    let words = ["WRONGTYPE", "not a string", "database number"];
    assert_misconfigured(&redis, "a list of Redis", &words).await;
}

#[tokio::test]
async fn a_record_has_at_most_64_kib() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let mut large = record(&token(1));
    let missing = 64 * 1024 - large.to_string().len() - r#","a":"""#.len();
    large["user"]["a"] = "a".repeat(missing).into();
    assert_eq!(large.to_string().len(), 64 * 1024);
    redis.store(1, &large);
    assert_eq!(
        ask(&redis.layer(), &cookie(1)).await,
        Ok("user-1".to_owned())
    );

    large["user"]["a"] = "a".repeat(missing + 1).into();
    redis.store(1, &large);
    assert_misconfigured(&redis, "one byte more", &["not the JSON"]).await;
}

/// The first session cannot be looked up, and the reason is logged. That is not an outage, so the
/// second session is.
async fn assert_misconfigured(redis: &RedisServer, row: &str, words: &[&str]) {
    let log = Captured::start();
    let layer = redis.layer();
    redis.sign_in(2);
    for _ in 0..10 {
        assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{row}");
    }
    assert_eq!(
        ask(&layer, &cookie(2)).await,
        Ok(user_of(&token(2))),
        "{row}"
    );
    if cfg!(not(feature = "tracing")) {
        return;
    }
    let warnings = log.at("WARN");
    let [warning] = &*warnings else {
        panic!("{row}: {warnings:?}");
    };
    for word in words {
        assert!(warning.contains(word), "{row}: no {word:?} in {warning}");
    }
    assert!(!log.text().contains(&token(1)), "{row}: {}", log.text());
}

/// A database may count its users, whose IDs are numbers then.
#[tokio::test]
async fn ids_may_be_numbers() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let mut counted = record(&token(1));
    counted["user"]["id"] = json!(7);
    counted["session"]["userId"] = json!(7);
    redis.store(1, &counted);
    assert_eq!(ask(&redis.layer(), &cookie(1)).await, Ok("7".to_owned()));
}
