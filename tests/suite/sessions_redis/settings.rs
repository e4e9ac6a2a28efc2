//! The configuration errors of sessions in Redis, none of which repeats the password in the URL.

use std::{future::Future, pin::Pin};

use tower_jwt_auth::{
    BetterAuthSessions, JwtAuthLayer,
    sessions::{SessionStore, SessionStoreError, StoredSession},
};

use super::{ORIGIN, sessions_at};
use crate::sessions::server::SECRET;

const PASSWORD: &str = "pA55-m4rk3d-Qz";

type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;

fn problems(sessions: BetterAuthSessions) -> Vec<String> {
    let debug = format!("{sessions:?} {sessions:#?}");
    let builder = JwtAuthLayer::builder().sessions(sessions);
    let debug = debug + &format!("{builder:?} {builder:#?}");
    let (problems, debug) = match builder.build() {
        Ok(layer) => (vec![], debug + &format!("{layer:?} {layer:#?}")),
        Err(error) => {
            let problems = error.problems().map(str::to_owned).collect();
            (problems, debug + &format!("{error} {error:?} {error:#?}"))
        }
    };
    for secret in [&PASSWORD[..6], &SECRET[..8]] {
        assert!(!debug.contains(secret), "{debug}");
    }
    problems
}

#[track_caller]
fn assert_problem(row: &str, sessions: BetterAuthSessions, words: &[&str]) {
    let problems = problems(sessions);
    assert_eq!(
        problems.len(),
        usize::from(!words.is_empty()),
        "{row}: {problems:?}"
    );
    for word in words {
        assert!(
            problems[0].contains(word),
            "{row}: no {word:?} in {problems:?}"
        );
    }
}

#[tokio::test]
async fn the_url_is_that_of_redis() {
    let what = "the URL of Redis";
    let form = "redis://<host>:<port>/<database>";
    let query = "has a query";
    let fragment = "has a fragment";
    for (url, words) in [
        ("redis://localhost", &[][..]),
        ("redis://localhost/", &[]),
        ("redis://localhost:6380/15", &[]),
        ("redis://[::1]:6379", &[]),
        ("redis://:pA55-m4rk3d-Qz@redis", &[]),
        ("redis://reader:pA55-m4rk3d-Qz@redis:6379/1", &[]),
        ("redis://redis?protocol=resp3", &[]),
        ("rediss://redis.example.com", &[]),
        ("rediss://:pA55-m4rk3d-Qz@redis.example.com:6380/1", &[]),
        ("valkey://localhost", &[]),
        ("valkeys://localhost", &[]),
        ("redis+unix:///run/redis.sock", &[]),
        ("unix:///run/redis.sock?db=1", &[]),
        ("redis+unix:///run/redis.sock?pass=pA55-m4rk3d-Qz", &[]),
        ("", &[what, form]),
        ("localhost", &[what, form]),
        ("localhost:6379", &[what, form]),
        (":pA55-m4rk3d-Qz@localhost:6379", &[what, form]),
        ("//localhost", &[what, form]),
        ("redis", &[what, form]),
        ("redis:", &[what, form]),
        ("redis://", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@", &[what, form]),
        ("http://:pA55-m4rk3d-Qz@localhost", &[what, form]),
        ("https://localhost", &[what, form]),
        ("rediss+unix:///run/redis.sock", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@localhost:x", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@localhost:65536", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@localhost/x", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@localhost/1/2", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@localhost/-1", &[what, form]),
        ("redis://:pA55-m4rk3d/Qz@localhost", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@0.0.0.0", &[what, form]),
        ("redis+unix://", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@redis?protocol=4", &[what, form]),
        ("redis://:pA55-m4rk3d-Qz@redis?db=1", &[what, query, form]),
        ("rediss://redis?ssl_cert_reqs=none", &[what, query, form]),
        ("redis://:pA55-m4rk3d?Qz@localhost", &[what]),
        ("redis://:pA55-m4rk3d#Qz@localhost", &[what, fragment]),
        ("rediss://:pA55-m4rk3d-Qz@redis#insecure", &[what, fragment]),
        ("redis://redis#", &[what, fragment]),
    ] {
        assert_problem(url, sessions_at(url), words);
    }
}

#[tokio::test]
async fn the_secret_of_better_auth_is_required() {
    let words = ["secret", "no MAC to compare", ".secret_from_env("];
    let redis = || BetterAuthSessions::redis("redis://localhost", ORIGIN);
    assert_problem("none", redis(), &words);
    assert_problem("raw tokens", redis().raw_tokens(), &words);
    assert_problem("one", redis().secret(SECRET), &[]);
    assert_problem("a list", redis().secrets([SECRET]), &[]);
    let unset = redis().secret_from_env("TOWER_JWT_AUTH_UNSET");
    assert_problem("unset", unset, &["TOWER_JWT_AUTH_UNSET"]);
}

#[tokio::test]
async fn settings_of_redis_have_the_right_values() {
    let url = "redis://:pA55-m4rk3d-Qz@localhost";
    let tls = "rediss://:pA55-m4rk3d-Qz@localhost";
    let rows: [(&str, &str, Configure, &[&str]); 9] = [
        ("a prefix", url, |it| it.redis_prefix("app:"), &[]),
        ("no prefix", url, |it| it.redis_prefix(""), &[]),
        ("columns", url, |it| it.user_columns(["plan"]), &[]),
        (
            "session columns",
            url,
            |it| it.session_columns(["plan"]),
            &[],
        ),
        ("lookups", url, |it| it.max_lookups(1), &[]),
        (
            "no lookups",
            url,
            |it| it.max_lookups(0),
            &[".max_lookups(…)", "for the default"],
        ),
        (
            "no CA",
            tls,
            |it| it.redis_ca(""),
            &[".redis_ca(…)", "at least one certificate"],
        ),
        (
            "a key",
            tls,
            |it| it.redis_ca("-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n"),
            &[".redis_ca(…)", "at least one certificate"],
        ),
        (
            "a broken certificate",
            tls,
            |it| it.redis_ca("-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n"),
            &[".redis_ca(…)", "no usable CA certificate"],
        ),
    ];
    for (row, url, configure, words) in rows {
        assert_problem(row, configure(sessions_at(url)), words);
    }
}

/// Settings that would be ignored are probably meant for something else.
#[tokio::test]
async fn settings_of_another_source_are_rejected() {
    let of_redis = "have no effect without BetterAuthSessions::redis(…)";
    let of_remote = "have no effect without BetterAuthSessions::remote(…)";
    let remote = || BetterAuthSessions::remote(ORIGIN);
    let store = || BetterAuthSessions::store(Empty, ORIGIN).secret(SECRET);
    let redis = || sessions_at("redis://localhost");
    assert_problem("remote", remote(), &[]);
    assert_problem("store", store(), &[]);
    let rows: [(&str, Configure); 4] = [
        ("prefix", |it| it.redis_prefix("better-auth:")),
        ("CA", |it| it.redis_ca("")),
        ("user columns", |it| it.user_columns(["plan"])),
        ("session columns", |it| it.session_columns(["plan"])),
    ];
    for (row, configure) in rows {
        assert_problem(row, configure(remote()), &[of_redis]);
        assert_problem(row, configure(store()), &[of_redis]);
    }
    let rows: [(&str, Configure); 2] = [
        ("URL", |it| {
            it.session_url("https://app.example.com/api/auth/get-session")
        }),
        ("http", |it| it.allow_http()),
    ];
    for (row, configure) in rows {
        assert_problem(row, configure(redis()), &[of_remote]);
        assert_problem(row, configure(store()), &[of_remote]);
    }
}

struct Empty;

impl SessionStore for Empty {
    fn find<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>>
    {
        Box::pin(async { Ok(None) })
    }
}
