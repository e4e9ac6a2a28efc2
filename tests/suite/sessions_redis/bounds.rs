//! The number of lookups, and which requests share one.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower_jwt_auth::JwtAuthLayer;

use super::{RedisServer, UNAVAILABLE, key, sessions_at};
use crate::sessions::server::{ask, cookie, layer};

/// Sends all these `Cookie` fields at once.
pub(super) async fn ask_all(
    layer: &JwtAuthLayer,
    cookies: impl Iterator<Item = String>,
) -> Vec<Result<String, &'static str>> {
    let mut asking = JoinSet::new();
    for cookie in cookies {
        let layer = layer.clone();
        asking.spawn(async move { ask(&layer, &cookie).await });
    }
    asking.join_all().await
}

#[tokio::test]
async fn each_request_asks_unless_answers_are_kept() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    let minute = Duration::from_secs(60);
    for (sessions, lookups, after_sign_out) in [
        (redis.sessions(), 5, Err("session")),
        (
            redis.sessions().fresh_for(minute),
            1,
            Ok("user-1".to_owned()),
        ),
    ] {
        redis.sign_in(1);
        let layer = layer(sessions);
        let mut monitor = redis.monitor();
        for _ in 0..5 {
            assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
        }
        assert_eq!(monitor.commands().len(), 2 * lookups);
        redis.command(&["DEL", &key(1)]);
        assert_eq!(ask(&layer, &cookie(1)).await, after_sign_out);
    }
}

#[tokio::test]
async fn concurrent_requests_with_one_session_share_a_lookup() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    let mut monitor = redis.monitor();
    for _ in 0..3 {
        // The lookup takes so long that all requests arrive during it.
        redis.command(&["CLIENT", "PAUSE", "100", "ALL"]);
        let asked = ask_all(&layer, (0..1_000).map(|_| cookie(1))).await;
        assert_eq!(asked, vec![Ok("user-1".to_owned()); 1_000]);
        let commands = monitor.commands();
        let lookups = commands.iter().filter(|command| command.contains("GET"));
        assert_eq!(lookups.count(), 2, "{commands:?}");
    }
}

#[tokio::test]
async fn at_most_64_lookups_run_at_a_time_and_others_wait() {
    for (configured, most) in [(None, 64), (Some(3), 3), (Some(100), 100)] {
        let (url, sizes) = slow_server().await;
        let sessions = sessions_at(url);
        let layer = layer(match configured {
            Some(count) => sessions.max_lookups(count),
            None => sessions,
        });
        let count = 2 * most + 1;
        let asked = ask_all(&layer, (0..count).map(cookie)).await;
        assert_eq!(asked, vec![Err("session"); count]);
        let sizes = sizes.lock().unwrap();
        assert_eq!(sizes.iter().max(), Some(&most), "{sizes:?}");
        assert_eq!(sizes.iter().sum::<usize>(), count, "{sizes:?}");
    }
}

/// A server without any session, which responds only after all commands of the moment have arrived.
/// Returns its URL, and the numbers of commands.
async fn slow_server() -> (String, Arc<Mutex<Vec<usize>>>) {
    const PAUSE: Duration = Duration::from_millis(100);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("redis://{}", listener.local_addr().unwrap());
    let sizes = Arc::<Mutex<Vec<usize>>>::default();
    let seen = Arc::clone(&sizes);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let mut received = Vec::new();
            while let Ok(Ok(read @ 1..)) = timeout(PAUSE, stream.read(&mut buffer)).await {
                received.extend_from_slice(&buffer[..read]);
            }
            let text = String::from_utf8(received).unwrap();
            let commands = text.matches("\r\nGET\r\n").count();
            if commands > 0 {
                seen.lock().unwrap().push(commands);
            }
            if stream
                .write_all("$-1\r\n".repeat(commands).as_bytes())
                .await
                .is_err()
            {
                return;
            }
        }
    });
    (url, sizes)
}

#[tokio::test]
async fn a_hung_server_costs_one_timeout() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.sign_in(1);
    let layer = redis.layer();
    redis.signal("STOP");
    let start = Instant::now();
    let asked = ask_all(&layer, (0..100).map(cookie)).await;
    assert_eq!(asked, vec![Err(UNAVAILABLE); 100]);
    let elapsed = start.elapsed().as_millis();
    assert!((2_000..2_300).contains(&elapsed), "{elapsed} ms");
    // The breaker is open.
    let start = Instant::now();
    let asked = ask_all(&layer, (100..200).map(cookie)).await;
    assert_eq!(asked, vec![Err(UNAVAILABLE); 100]);
    let elapsed = start.elapsed().as_millis();
    assert!(elapsed < 500, "{elapsed} ms");

    redis.signal("CONT");
    let returned = Instant::now();
    while ask(&layer, &cookie(1)).await.is_err() {
        assert!(returned.elapsed() < Duration::from_millis(1_500));
        sleep(Duration::from_millis(5)).await;
    }
}
