//! Passwords and users of Redis. A wrong one is a misconfiguration and not an outage.

use super::{RedisServer, UNAVAILABLE, sessions_at};
use crate::{
    events::{Captured, told},
    sessions::server::{ask, cookie, layer},
};

const PASSWORD: &str = "pA55-m4rk3d-Qz";

/// Nothing of it may be logged.
const WRONG: &str = "wR0ng-m4rk3d-Xy";

impl RedisServer {
    /// Adds a user with [`PASSWORD`].
    fn add_user(&self, name: &str, rules: &[&str]) {
        let password = format!(">{PASSWORD}");
        let command = [&["ACL", "SETUSER", name, "on", &password], rules].concat();
        self.command(&command);
    }

    /// The URL with these credentials, up to `@`.
    fn url_with(&self, credentials: &str) -> String {
        format!("redis://{credentials}127.0.0.1:{}", self.port)
    }

    /// The commands and keys that were denied.
    fn denials(&self) -> usize {
        let log = self.command(&["ACL", "LOG"]);
        log.strip_prefix('*').unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn a_user_that_may_only_execute_get_is_enough() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.add_user("reader", &["~better-auth:*", "+get"]);
    let url = redis.url_with(&format!("reader:{PASSWORD}@"));
    let layer = layer(sessions_at(url));
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    assert_eq!(ask(&layer, &cookie(2)).await, Err("session"));
    assert_eq!(redis.denials(), 0);
}

#[tokio::test]
async fn a_password_may_be_percent_encoded() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let rules = [">p@s:s/w#d", "~*", "+get"];
    redis.command(&[&["ACL", "SETUSER", "a@b", "on"], &rules[..]].concat());
    let url = redis.url_with("a%40b:p%40s%3As%2Fw%23d@");
    let asked = ask(&layer(sessions_at(url)), &cookie(1)).await;
    assert_eq!(asked, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn the_password_of_the_default_user_needs_no_name() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.command(&["CONFIG", "SET", "requirepass", PASSWORD]);
    for credentials in [format!(":{PASSWORD}@"), format!("default:{PASSWORD}@")] {
        let layer = layer(sessions_at(redis.url_with(&credentials)));
        assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    }
}

/// A description, the credentials and the path in the URL, the rules of the user, and words of the
/// event.
type Row<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[tokio::test]
async fn missing_access_is_a_misconfiguration() {
    let credentials = "correct them in the URL";
    let acl = "allow it in the ACL";
    let wrong = &*format!("reader:{WRONG}@");
    let right = |user: &str| format!("{user}:{PASSWORD}@");
    let rows: [Row<'_>; 8] = [
        (
            "a wrong password",
            wrong,
            "",
            &["+get", "~*"],
            &[credentials],
        ),
        (
            "an unknown user",
            &right("nobody"),
            "",
            &["+get", "~*"],
            &[credentials],
        ),
        (
            "a disabled user",
            &right("reader"),
            "",
            &["+get", "~*", "off"],
            &[credentials],
        ),
        (
            "no credentials",
            "",
            "",
            &["+get", "~*"],
            &[credentials, "NOAUTH"],
        ),
        (
            "no GET",
            &right("reader"),
            "",
            &["+exists", "~*"],
            &[acl, "NOPERM"],
        ),
        (
            "other keys",
            &right("reader"),
            "",
            &["+get", "~other:*"],
            &[acl, "NOPERM"],
        ),
        (
            "no SELECT",
            &right("reader"),
            "/3",
            &["+get", "~*"],
            &["database number", "SELECT"],
        ),
        (
            "no such database",
            &right("reader"),
            "/99",
            &["allcommands", "~*"],
            &["database number", "SELECT"],
        ),
    ];
    for (row, credentials, path, rules, words) in rows {
        let Some(redis) = RedisServer::start() else {
            return;
        };
        redis.sign_in(1);
        redis.add_user("reader", rules);
        // Only the user of the row has access.
        redis.command(&[
            "ACL",
            "SETUSER",
            "default",
            "resetpass",
            ">another-password",
        ]);
        let log = Captured::start();
        let layer = layer(sessions_at(format!(
            "{}{path}",
            redis.url_with(credentials)
        )));
        for _ in 0..10 {
            assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{row}");
        }
        let text = log.text();
        for secret in [PASSWORD, WRONG] {
            assert!(!text.contains(&secret[..6]), "{row}: {text}");
        }
        let warnings = log.at("WARN");
        assert_eq!(warnings.len(), told(), "{row}: {text}");
        for word in words {
            let warned = warnings.iter().all(|warning| warning.contains(word));
            assert!(warned, "{row}: no {word:?} in {warnings:?}");
        }
    }
}

/// After five outages, the next request would be rejected without a lookup.
#[tokio::test]
async fn access_that_is_granted_takes_effect_on_the_next_request() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.add_user("reader", &["~better-auth:*"]);
    let layer = layer(sessions_at(redis.url_with(&format!("reader:{PASSWORD}@"))));
    let change = |rules: &[&str]| {
        redis.command(&[&["ACL", "SETUSER", "reader"], rules].concat());
    };
    for (row, forbid, allow) in [
        ("the command", "-get", "+get"),
        ("the password", "resetpass", &*format!(">{PASSWORD}")),
        ("the keys", "resetkeys", "~better-auth:*"),
    ] {
        change(&["+get", "~better-auth:*", forbid]);
        // A connection keeps the user that it has authenticated as.
        redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        for _ in 0..20 {
            assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{row}");
        }
        change(&[allow]);
        assert_eq!(
            ask(&layer, &cookie(1)).await,
            Ok("user-1".to_owned()),
            "{row}"
        );
    }
}
