//! A Redis that is killed, restarted, and stopped, under load.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    runtime::Builder,
    task::JoinSet,
    time::{sleep, timeout},
};
use tower_jwt_auth::JwtAuthLayer;

use super::{RedisServer, UNAVAILABLE, key, sessions_at};
use crate::sessions::server::{ask, cookie, encoded, layer, record, signed, token};

/// Two seconds, and a moment for a slow machine.
const MAX_REQUEST: Duration = Duration::from_millis(2_500);

/// The interval of the probes, and a moment for a slow machine.
const MAX_RECOVERY: Duration = Duration::from_millis(1_500);

type Outcome = Result<String, &'static str>;

/// The sessions of the load, and their outcomes while Redis responds.
fn sessions() -> Vec<(String, Outcome)> {
    let forged = encoded(&signed(&token(1), "another-secret-0123456789abcdefghijk"));
    vec![
        (cookie(1), Ok("user-1".to_owned())),
        (cookie(2), Err("session")),
        (cookie(3), Err("session")),
        (cookie(4), Err("banned")),
        (cookie(5), Err("session")),
        (
            format!("better-auth.session_token={forged}"),
            Err("session_signature"),
        ),
    ]
}

/// Stores the sessions, so that they also exist after a restart.
fn store(redis: &RedisServer) {
    redis.sign_in(1);
    redis.sign_in(2);
    redis.command(&["DEL", &key(2)]);
    let mut expired = record(&token(3));
    expired["session"]["expiresAt"] = "2001-01-01T00:00:00.000Z".into();
    redis.store(3, &expired);
    let mut banned = record(&token(4));
    banned["user"]["banned"] = true.into();
    redis.store(4, &banned);
    redis.sign_in(5);
    let revocation = "better-auth:revoked-sessions-before-user-5";
    redis.set(revocation, u64::MAX.to_string());
    redis.command(&["SAVE"]);
}

/// Two tasks that send requests until the end of the test.
struct Load {
    is_over: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: usize,
    unavailable: usize,
    longest: Duration,
    wrong: Vec<String>,
}

impl Load {
    fn start(layer: &JwtAuthLayer) -> Self {
        let seen = Arc::<Mutex<Seen>>::default();
        let is_over = Arc::<AtomicBool>::default();
        let mut tasks = JoinSet::new();
        for _ in 0..2 {
            let layer = layer.clone();
            let (seen, is_over) = (Arc::clone(&seen), Arc::clone(&is_over));
            tasks.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    for (cookie, expected) in sessions() {
                        let start = Instant::now();
                        let outcome = ask(&layer, &cookie).await;
                        let mut seen = seen.lock().unwrap();
                        seen.requests += 1;
                        seen.longest = seen.longest.max(start.elapsed());
                        // A signature is checked without Redis.
                        let may_fail = expected != Err("session_signature");
                        if may_fail && outcome == Err(UNAVAILABLE) {
                            seen.unavailable += 1;
                        } else if outcome != expected {
                            seen.wrong.push(format!("{outcome:?}, not {expected:?}"));
                        }
                    }
                    sleep(Duration::from_millis(1)).await;
                }
            });
        }
        Self {
            is_over,
            tasks,
            seen,
        }
    }

    fn unavailable(&self) -> usize {
        self.seen.lock().unwrap().unavailable
    }

    /// Ends the load. Returns the number of requests and the longest of them.
    async fn end(self) -> (usize, Duration) {
        self.is_over.store(true, Ordering::Relaxed);
        self.tasks.join_all().await;
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.wrong, [""; 0]);
        assert!(seen.longest < MAX_REQUEST, "{:?}", seen.longest);
        (seen.requests, seen.longest)
    }
}

/// Waits until the first session is accepted, and returns how long that took.
async fn recovery(layer: &JwtAuthLayer) -> Duration {
    let start = Instant::now();
    while ask(layer, &cookie(1)).await.is_err() {
        assert!(start.elapsed() < MAX_RECOVERY);
        sleep(Duration::from_millis(2)).await;
    }
    start.elapsed()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn restarts_under_load_cause_only_503() {
    restart(4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes two minutes"]
async fn a_hundred_restarts_under_load_cause_only_503() {
    restart(100).await;
}

async fn restart(count: usize) {
    let Some(mut redis) = RedisServer::start() else {
        return;
    };
    store(&redis);
    let layer = redis.layer();
    let load = Load::start(&layer);
    let mut longest = Duration::ZERO;
    for _ in 0..count {
        recovery(&layer).await;
        // The load uses the connection for a moment.
        sleep(Duration::from_millis(20)).await;
        let before = load.unavailable();
        redis.kill();
        let killed = Instant::now();
        while load.unavailable() == before {
            assert!(killed.elapsed() < MAX_REQUEST, "the load noticed no outage");
            sleep(Duration::from_millis(1)).await;
        }
        redis.restart();
        longest = longest.max(recovery(&layer).await);
    }
    let (requests, longest_request) = load.end().await;
    println!(
        "{count} restarts: {requests} requests of up to {longest_request:?}, recovery in up to {longest:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stopped_server_causes_503_until_it_continues() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    store(&redis);
    let layer = redis.layer();
    let load = Load::start(&layer);
    recovery(&layer).await;
    sleep(Duration::from_millis(20)).await;
    redis.signal("STOP");
    let stopped = Instant::now();
    sleep(Duration::from_millis(2_300)).await;
    assert!(load.unavailable() > 0, "the load noticed no outage");
    redis.signal("CONT");
    let duration = stopped.elapsed();
    let recovery = recovery(&layer).await;
    let (requests, longest) = load.end().await;
    println!(
        "stopped for {duration:?}: {requests} requests of up to {longest:?}, recovery in {recovery:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_wait_for_a_server_that_pauses() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    store(&redis);
    let layer = redis.layer();
    let load = Load::start(&layer);
    recovery(&layer).await;
    for _ in 0..3 {
        redis.signal("STOP");
        sleep(Duration::from_millis(200)).await;
        redis.signal("CONT");
        sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(load.unavailable(), 0);
    load.end().await;
}

/// The first lookup is in a runtime that does not run any more while it connects, as if a handler
/// blocked the only thread.
#[test]
fn a_stalled_runtime_that_connects_blocks_no_other_runtime() {
    let Some(redis) = RedisServer::start() else {
        return;
    };
    redis.command(&["CONFIG", "SET", "requirepass", "password"]);
    let url = format!("redis://:password@127.0.0.1:{}", redis.port);
    let layer = layer(sessions_at(url));
    let stalled = Builder::new_current_thread().enable_all().build().unwrap();
    redis.signal("STOP");
    let moment = Duration::from_millis(100);
    let asked = async { timeout(moment, ask(&layer, &cookie(1))).await };
    assert!(stalled.block_on(asked).is_err());
    redis.signal("CONT");

    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let outcomes = [2, 3, 4].map(|number| runtime.block_on(ask(&layer, &cookie(number))));
    assert_eq!(outcomes, [const { Err("session") }; 3]);
}
