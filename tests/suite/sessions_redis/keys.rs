//! The keys that are read: only those of session tokens whose MAC is right.

use http::{Request, header::AUTHORIZATION};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{RedisServer, key};
use crate::sessions::server::{
    SECRET, ask, authenticate, cookie, encoded, layer, signed, token, user_of,
};

#[tokio::test]
async fn a_lookup_reads_the_session_and_the_time_of_the_users_revocation() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    let mut monitor = redis.monitor();
    let session = format!(r#""GET" "{}""#, key(1));
    let revocation = r#""GET" "better-auth:revoked-sessions-before-user-1""#;
    // The first lookup connects, which needs no command of its own.
    for _ in 0..3 {
        assert_eq!(ask(&layer, &cookie(1)).await, Ok(user_of(&token(1))));
        assert_eq!(monitor.commands(), [&*session, revocation]);
    }
    assert_eq!(ask(&layer, &cookie(2)).await, Err("session"));
    assert_eq!(monitor.commands(), [format!(r#""GET" "{}""#, key(2))]);
}

#[tokio::test]
async fn the_prefix_is_the_start_of_each_key() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.command(&["COPY", &key(1), &format!("app:auth:{}", token(1))]);
    redis.command(&["COPY", &key(1), &token(2)]);
    redis.set("app:auth:revoked-sessions-before-user-1", "0");
    let mut monitor = redis.monitor();
    for (prefix, number, is_found) in [
        ("better-auth:", 1, true),
        ("app:auth:", 1, true),
        ("app:", 1, false),
        ("", 1, false),
    ] {
        let layer = layer(redis.sessions().redis_prefix(prefix));
        let expected = if is_found {
            Ok("user-1".to_owned())
        } else {
            Err("session")
        };
        assert_eq!(ask(&layer, &cookie(number)).await, expected, "{prefix:?}");
        let commands = monitor.commands();
        assert_eq!(commands.len(), if is_found { 2 } else { 1 }, "{commands:?}");
        for command in commands {
            let start = format!(r#""GET" "{prefix}"#);
            assert!(command.starts_with(&start), "{prefix:?}: {command}");
        }
    }
}

#[tokio::test]
async fn the_url_selects_the_database() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.command(&["MOVE", &key(1), "3"]);
    for (path, expected) in [
        ("", Err("session")),
        ("/", Err("session")),
        ("/0", Err("session")),
        ("/2", Err("session")),
        ("/3", Ok("user-1".to_owned())),
        ("/3/", Ok("user-1".to_owned())),
    ] {
        let layer = layer(super::sessions_at(format!("{}{path}", redis.url())));
        assert_eq!(ask(&layer, &cookie(1)).await, expected, "{path}");
    }
    let socket = redis.socket();
    let url = format!("redis+unix://{}?db=3", socket.display());
    let layer = layer(super::sessions_at(url));
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

/// Newer releases of Redis than the tested one know more commands, and `MONITOR` omits unknown ones.
#[tokio::test]
async fn a_connection_starts_with_the_command_of_the_first_lookup() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let received = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut received = vec![0; 1024];
        let read = stream.read(&mut received).await.unwrap();
        received.truncate(read);
        stream.write_all(b"$-1\r\n").await.unwrap();
        String::from_utf8(received).unwrap()
    });
    let layer = layer(super::sessions_at(url));
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    let key = key(1);
    let command = format!("*2\r\n$3\r\nGET\r\n${}\r\n{key}\r\n", key.len());
    assert_eq!(received.await.unwrap(), command);
}

/// Better Auth signs other values with the same secret.
#[tokio::test]
async fn a_text_that_is_not_32_letters_and_digits_reaches_no_key() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let crafted = [
        "active-sessions-user-1".to_owned(),
        "active-sessions-0000000000000001".to_owned(),
        "revoked-sessions-before-user-1".to_owned(),
        token(1)[1..].to_owned(),
        format!("{}0", token(1)),
        format!("{}*", &token(1)[1..]),
        format!("{}?", &token(1)[1..]),
        format!("{}:", &token(1)[1..]),
        format!("{} ", &token(1)[1..]),
        format!("{}_", &token(1)[1..]),
        format!("{}/", &token(1)[1..]),
        String::new(),
    ];
    for text in &crafted {
        redis.command(&["SET", &format!("better-auth:{text}"), "x"]);
    }
    let layer = layer(redis.sessions().raw_tokens());
    let mut monitor = redis.monitor();
    for text in &crafted {
        let signed = signed(text, SECRET);
        for bearer in [text, &signed, &encoded(&signed)] {
            let request = Request::builder().header(AUTHORIZATION, format!("Bearer {bearer}"));
            let asked = authenticate(&layer, request.body(()).unwrap()).await;
            assert!(asked.is_err(), "{bearer}");
        }
        for value in [text, &signed, &encoded(&signed)] {
            let cookie = format!("better-auth.session_token={value}");
            assert!(ask(&layer, &cookie).await.is_err(), "{cookie}");
        }
    }
    assert_eq!(monitor.commands(), [""; 0]);
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    assert_eq!(monitor.commands().len(), 1);
}

#[tokio::test]
async fn forged_macs_cause_no_command() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    let mut monitor = redis.monitor();
    for number in 0..1_000 {
        let forged = signed(&token(number), "another-secret-0123456789abcdefghijk");
        let cookie = format!("better-auth.session_token={}", encoded(&forged));
        assert_eq!(ask(&layer, &cookie).await, Err("session_signature"));
        let bearer = Request::builder().header(AUTHORIZATION, format!("Bearer {forged}"));
        let asked = authenticate(&layer, bearer.body(()).unwrap()).await;
        assert_eq!(asked.unwrap_err(), "session_signature");
    }
    assert_eq!(monitor.commands(), [""; 0]);
    let connections = redis.command(&["CLIENT", "LIST", "TYPE", "normal"]);
    assert!(!connections.contains("127.0.0.1"), "{connections}");
}
