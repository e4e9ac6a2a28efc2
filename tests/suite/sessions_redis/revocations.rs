//! The time before which all sessions of a user are over, which Better Auth stores since 1.7.

use serde_json::json;

use super::{RedisServer, UNAVAILABLE};
use crate::{
    events::Captured,
    sessions::server::{ask, cookie, record, token},
};

/// `2026-11-25T21:11:15.332Z`, at which the session of [`record`] was created.
const CREATED: u64 = 1_795_641_075_332;

#[tokio::test]
async fn a_session_from_before_the_revocation_is_over() {
    const ACCEPTED: Result<&str, &str> = Ok("user-1");
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    for (row, before, expected) in [
        ("older", (CREATED - 1).to_string(), ACCEPTED),
        ("equal", CREATED.to_string(), ACCEPTED),
        ("newer", (CREATED + 1).to_string(), Err("session")),
        ("much newer", u64::MAX.to_string(), Err("session")),
        ("zero", "0".to_owned(), ACCEPTED),
        ("empty", String::new(), Err(UNAVAILABLE)),
        ("a word", "never".to_owned(), Err(UNAVAILABLE)),
        ("negative", "-1".to_owned(), Err(UNAVAILABLE)),
        ("a fraction", format!("{CREATED}.5"), Err(UNAVAILABLE)),
        (
            "a time",
            "2026-11-25T21:11:15.332Z".to_owned(),
            Err(UNAVAILABLE),
        ),
    ] {
        redis.set("better-auth:revoked-sessions-before-user-1", before);
        let found = ask(&layer, &cookie(1)).await;
        assert_eq!(
            found.as_deref().map_err(|reason| *reason),
            expected,
            "{row}"
        );
    }
    redis.command(&["DEL", "better-auth:revoked-sessions-before-user-1"]);
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn a_revocation_applies_to_one_user_and_one_prefix() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let newer = (CREATED + 1).to_string();
    for key in [
        "better-auth:revoked-sessions-before-user-2",
        "better-auth:revoked-sessions-before-",
        "revoked-sessions-before-user-1",
        "other:revoked-sessions-before-user-1",
    ] {
        redis.set(key, &newer);
        let found = ask(&redis.layer(), &cookie(1)).await;
        assert_eq!(found.as_deref(), Ok("user-1"), "{key}");
    }
}

#[tokio::test]
async fn a_user_whose_id_is_a_number_can_be_revoked() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let mut counted = record(&token(1));
    counted["user"]["id"] = json!(7);
    counted["session"]["userId"] = json!(7);
    redis.store(1, &counted);
    let newer = (CREATED + 1).to_string();
    redis.set("better-auth:revoked-sessions-before-7", newer);
    assert_eq!(ask(&redis.layer(), &cookie(1)).await, Err("session"));
}

/// Nothing shows that it was created after the revocation.
#[tokio::test]
async fn a_session_without_a_time_of_creation_is_over() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    for created in [json!(null), json!("yesterday"), json!(CREATED)] {
        let mut changed = record(&token(1));
        changed["session"]["createdAt"] = created.clone();
        redis.store(1, &changed);
        let layer = redis.layer();
        redis.command(&["DEL", "better-auth:revoked-sessions-before-user-1"]);
        assert!(ask(&layer, &cookie(1)).await.is_ok(), "{created}");
        redis.set("better-auth:revoked-sessions-before-user-1", "1");
        assert_eq!(ask(&layer, &cookie(1)).await, Err("session"), "{created}");
    }
}

#[tokio::test]
async fn a_revocation_that_is_not_a_number_is_logged() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.set("better-auth:revoked-sessions-before-user-1", "never");
    let log = Captured::start();
    assert_eq!(ask(&redis.layer(), &cookie(1)).await, Err(UNAVAILABLE));
    let warnings = log.at("WARN");
    assert_eq!(warnings.len(), crate::events::told(), "{warnings:?}");
    for warning in warnings {
        let words = "revoked-sessions-before-… is not a number of milliseconds";
        assert!(warning.contains(words), "{warning}");
    }
}
