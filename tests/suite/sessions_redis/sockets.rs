//! The connection: made by the first lookup, shared by all, and replaced if it breaks.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    time::{sleep, timeout},
};

use super::{RedisServer, UNAVAILABLE, bounds::ask_all, key, redis::free_port, sessions_at};
use crate::{
    events::{Captured, told},
    sessions::server::{ask, cookie, layer},
};

const USER: &str = "user-1";

impl RedisServer {
    /// The number of connections since its start, with that of this call.
    fn connections(&self) -> usize {
        let stats = self.command(&["INFO", "stats"]);
        let (_, count) = stats.split_once("total_connections_received:").unwrap();
        count.lines().next().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn one_connection_serves_all_requests() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    redis.command(&["RPUSH", &key(3), "not a record"]);
    let before = redis.connections();
    let layer = redis.layer();
    // Each call is a connection, too.
    assert_eq!(redis.connections() - before, 1);
    let before = redis.connections();
    let asked = ask_all(&layer, (10..200).map(cookie)).await;
    assert_eq!(asked, vec![Err("session"); 190]);
    let clones: Vec<_> = (0..10).map(|_| layer.clone()).collect();
    for _ in 0..10 {
        for layer in &clones {
            assert_eq!(ask(layer, &cookie(1)).await, Ok(USER.to_owned()));
            assert_eq!(ask(layer, &cookie(2)).await, Err("session"));
            assert_eq!(ask(layer, &cookie(3)).await, Err(UNAVAILABLE));
        }
    }
    assert_eq!(redis.connections() - before, 2);
}

#[tokio::test]
async fn the_connection_is_closed_with_the_layer() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let layer = redis.layer();
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    let clone = layer.clone();
    let is_connected = || {
        let clients = redis.command(&["CLIENT", "LIST", "TYPE", "normal"]);
        clients.contains("addr=127.0.0.1")
    };
    drop(layer);
    sleep(Duration::from_millis(20)).await;
    assert!(is_connected());
    drop(clone);
    let start = Instant::now();
    while is_connected() {
        assert!(start.elapsed() < Duration::from_secs(5));
        sleep(Duration::from_millis(5)).await;
    }
}

/// A network that drops packets does not close the connection.
#[tokio::test]
async fn a_connection_without_a_response_is_closed_and_not_used_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let (closed, is_closed) = tokio::sync::oneshot::channel();
    tokio::spawn(async move {
        let (mut silent, _) = listener.accept().await.unwrap();
        tokio::spawn(async move {
            let mut command = Vec::new();
            silent.read_to_end(&mut command).await.unwrap();
            closed.send(command).unwrap();
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 1024];
        while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
            stream.write_all(b"$-1\r\n").await.unwrap();
        }
    });
    let layer = layer(sessions_at(url));
    assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE));
    for number in 1..10 {
        assert_eq!(ask(&layer, &cookie(number)).await, Err("session"));
    }
    let command = timeout(Duration::from_secs(5), is_closed).await;
    assert!(!command.unwrap().unwrap().is_empty());
}

#[tokio::test]
async fn an_idle_connection_that_the_server_closed_is_replaced() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let socket = redis.socket();
    for url in [redis.url(), format!("redis+unix://{}", socket.display())] {
        let layer = layer(sessions_at(&url));
        for _ in 0..20 {
            assert_eq!(ask(&layer, &cookie(1)).await, Ok(USER.to_owned()), "{url}");
            let killed = redis.command(&["CLIENT", "KILL", "TYPE", "normal"]);
            assert_eq!(killed, ":1", "{url}");
            sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn a_unix_socket_is_an_address() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let path = redis.socket();
    let path = path.display();
    for url in [
        format!("redis+unix://{path}"),
        format!("unix://{path}"),
        format!("valkey+unix://{path}"),
    ] {
        let asked = ask(&layer(sessions_at(&url)), &cookie(1)).await;
        assert_eq!(asked, Ok(USER.to_owned()), "{url}");
    }
    let log = Captured::start();
    let missing = layer(sessions_at(format!("redis+unix://{path}.missing")));
    assert_eq!(ask(&missing, &cookie(1)).await, Err(UNAVAILABLE));
    let warnings = log.at("WARN");
    assert_eq!(warnings.len(), told());
    for warning in warnings {
        let words = "Redis cannot be reached";
        assert!(warning.contains(words), "{warning}");
    }
}

#[tokio::test]
async fn a_server_that_refuses_or_closes_connections_is_an_outage() {
    let closing = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let closing_port = closing.local_addr().unwrap().port();
    tokio::spawn(async move { while closing.accept().await.is_ok() {} });
    for (row, address) in [
        ("refuses", format!(":secret@127.0.0.1:{}", free_port())),
        ("closes", format!("127.0.0.1:{closing_port}")),
        (
            "closes during AUTH",
            format!(":secret@127.0.0.1:{closing_port}"),
        ),
    ] {
        let log = Captured::start();
        let layer = layer(sessions_at(format!("redis://{address}")));
        for _ in 0..20 {
            assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{row}");
        }
        let text = log.text();
        assert!(!text.contains("secret@"), "{row}: {text}");
        // The breaker is open after five failures.
        let failures = text.matches("Redis cannot be reached").count();
        assert_eq!(failures, 5 * told(), "{row}: {text}");
    }
}

/// The user name and the password are not part of it.
#[tokio::test]
async fn an_event_names_the_address() {
    if told() == 0 {
        return;
    }
    let port = free_port();
    for (url, address) in [
        ("redis://reader:secret@127.0.0.1", "redis://127.0.0.1"),
        ("rediss://:secret@127.0.0.1", "rediss://127.0.0.1"),
        ("redis://reader:secret@[::1]", "redis://[::1]"),
    ] {
        let log = Captured::start();
        let layer = layer(sessions_at(format!("{url}:{port}/1")));
        assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{url}");
        let service = format!("service=\"{address}:{port}\"");
        let text = log.text();
        assert!(text.contains(&service), "{url}: no {service} in {text}");
        assert!(
            !text.contains("secret") && !text.contains("reader"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn a_server_that_is_not_redis_is_a_misconfiguration() {
    for (row, response) in [
        ("HTTP", &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..]),
        ("binary", b"\x15\x03\x03\x00\x02\x02\x28"),
        ("another type", b"*1\r\n:1\r\n"),
        ("a number", b":1\r\n"),
    ] {
        let address = serve(response).await;
        let log = Captured::start();
        let layer = layer(sessions_at(format!("redis://{address}")));
        for _ in 0..10 {
            assert_eq!(ask(&layer, &cookie(1)).await, Err(UNAVAILABLE), "{row}");
        }
        let text = log.text();
        let failures = text.matches("can be looked up").count();
        assert_eq!(failures, 0, "{row}: {text}");
        let warnings = log.at("WARN");
        assert_eq!(warnings.len(), told(), "{row}: {text}");
        for warning in warnings {
            let words = ["check the URL", "not the JSON"];
            let is_explained = words.iter().any(|word| warning.contains(word));
            assert!(is_explained, "{row}: {warning}");
        }
    }
}

#[tokio::test]
async fn the_code_of_an_error_decides_whether_it_is_an_outage() {
    for (response, words, is_outage) in [
        ("-LOADING Redis is loading", "not ready: LOADING", true),
        ("-MASTERDOWN Link is down", "not ready: MASTERDOWN", true),
        ("-CLUSTERDOWN Hash slot", "not ready: CLUSTERDOWN", true),
        ("-TRYAGAIN Multiple keys", "not ready: TRYAGAIN", true),
        ("-MOVED 3999 127.0.0.1:6381", "cluster", false),
        ("-ASK 3999 127.0.0.1:6381", "cluster", false),
        ("-ERR unknown command", "rejects the command (ERR)", false),
        ("-BUSY a script", "rejects the command (BUSY)", false),
        ("-OTHER a code", "rejects the command (OTHER)", false),
    ] {
        let address = serve(format!("{response}\r\n")).await;
        let log = Captured::start();
        let layer = layer(sessions_at(format!("redis://{address}")));
        for _ in 0..10 {
            assert_eq!(
                ask(&layer, &cookie(1)).await,
                Err(UNAVAILABLE),
                "{response}"
            );
        }
        if told() == 0 {
            continue;
        }
        let text = log.text();
        let lookups = text.matches(words).count();
        assert_eq!(
            lookups,
            if is_outage { 5 } else { 10 },
            "{response}: {text}"
        );
        // Errors repeat parts of commands.
        let (_, detail) = response.split_once(' ').unwrap();
        assert!(!text.contains(detail), "{response}: {text}");
    }
}

/// Starts a server that sends this in response to all that it receives.
async fn serve(response: impl AsRef<[u8]>) -> SocketAddr {
    let response = response.as_ref().to_vec();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let response = response.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while stream.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                    if stream.write_all(&response).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    address
}
