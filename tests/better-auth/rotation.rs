//! Keys that rotate while requests arrive.

use std::{
    collections::HashSet,
    env,
    io::{self, Write},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tokio::{sync::Semaphore, time::sleep};
use tower_jwt_auth::JwtAuthLayer;

use super::{SECRET, reason_of, server::Server, tasks_of, with_another_user};

const TOKEN: &str = "/api/auth/token";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn valid_tokens_are_accepted_while_keys_rotate() {
    let run = Run {
        rotation: Duration::from_secs(4),
        grace: Duration::from_secs(60),
        length: Duration::from_secs(15),
        cooldown: Duration::from_secs(1),
        attack_every: None,
        invents_subjects: false,
        signs_one_by_one: true,
    };
    let Some(counts) = run.run().await else {
        return;
    };
    assert!(counts.rotations >= 3, "{counts:?}");
    assert_eq!(counts.rejected, 0, "{counts:?}");
    // One fetch at the start, and at most one for each rotation.
    assert!(counts.fetches <= 1 + counts.rotations, "{counts:?}");
}

/// Takes minutes: `ROTATION_MINUTES=8 cargo test --all-features --test better-auth -- --ignored
/// --nocapture`. With `ROTATION_ATTACK=subjects`, the attacker also invents users.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "takes minutes"]
async fn valid_tokens_are_accepted_during_rotations_under_attack() {
    let minutes = env::var("ROTATION_MINUTES")
        .ok()
        .and_then(|minutes| minutes.parse().ok());
    let run = Run {
        rotation: Duration::from_secs(75),
        grace: Duration::from_secs(600),
        length: Duration::from_secs(60 * minutes.unwrap_or(8)),
        cooldown: Duration::from_secs(5),
        attack_every: Some(Duration::from_secs(1)),
        invents_subjects: env::var("ROTATION_ATTACK").is_ok_and(|attack| attack == "subjects"),
        signs_one_by_one: false,
    };
    let Some(counts) = run.run().await else {
        return;
    };
    assert!(counts.rotations >= 3, "{counts:?}");
    assert_eq!(counts.rejected, 0, "{counts:?}");
}

/// A Better Auth server whose keys rotate, two clients that get a new token five times a second and
/// send ten requests with each, and optionally an attacker.
#[derive(Debug)]
struct Run {
    rotation: Duration,
    grace: Duration,
    length: Duration,
    cooldown: Duration,
    /// The interval of an attacker who sends new tokens with invented key IDs.
    attack_every: Option<Duration>,
    /// Whether each of these tokens also has an invented subject.
    invents_subjects: bool,
    /// Whether tokens are signed one at a time. Better Auth creates two keys if two tokens are
    /// signed at once when a key expires. A fast rotation must avoid this, because the layer limits
    /// the rate of extra fetches.
    signs_one_by_one: bool,
}

#[derive(Debug)]
#[allow(dead_code)] // Printed.
struct Counts {
    rotations: u32,
    requests: u32,
    rejected: u32,
    attacks: u32,
    attacks_accepted: u32,
    fetches: u32,
}

impl Run {
    async fn run(&self) -> Option<Counts> {
        let server = Server::start(&[
            ("BETTER_AUTH_SECRET", SECRET),
            ("ROTATION_INTERVAL", &self.rotation.as_secs().to_string()),
            ("GRACE_PERIOD", &self.grace.as_secs().to_string()),
        ])?;
        let server = Arc::new(server);
        let auth = JwtAuthLayer::better_auth(&server.origin)
            .jwks_cooldown(self.cooldown)
            .build()
            .unwrap();
        auth.ready().await.unwrap();

        let state = Arc::new(Shared::default());
        let signing = Arc::new(Semaphore::new(if self.signs_one_by_one { 1 } else { 9 }));
        let mut tasks = Vec::new();
        for client in 0..2 {
            let (server, auth, state) = (Arc::clone(&server), auth.clone(), Arc::clone(&state));
            let signing = Arc::clone(&signing);
            tasks.push(tokio::spawn(async move {
                let user = server.sign_up(&format!("client{client}@example.com")).await;
                while !state.is_over.load(Ordering::Relaxed) {
                    let permit = signing.acquire().await.unwrap();
                    let token = server.token(TOKEN, &user).await;
                    drop(permit);
                    state.kids.lock().unwrap().insert(kid(&token));
                    for _ in 0..10 {
                        let answer =
                            super::ask_layer(auth.clone(), &token, &tasks_of(&user.id)).await;
                        state.requests.fetch_add(1, Ordering::Relaxed);
                        if answer.status() != 200 {
                            println!("rejected: {} {}", answer.status(), reason_of(&answer));
                            state.rejected.fetch_add(1, Ordering::Relaxed);
                        }
                        sleep(Duration::from_millis(20)).await;
                    }
                }
            }));
        }
        if let Some(every) = self.attack_every {
            let (server, auth, state) = (Arc::clone(&server), auth.clone(), Arc::clone(&state));
            let invents_subjects = self.invents_subjects;
            tasks.push(tokio::spawn(async move {
                let user = server.sign_up("mallory@example.com").await;
                while !state.is_over.load(Ordering::Relaxed) {
                    let attack = state.attacks.fetch_add(1, Ordering::Relaxed);
                    let token = server.token(TOKEN, &user).await;
                    let mut forged = with_kid(&token, &format!("invented{attack}"));
                    if invents_subjects {
                        forged = with_another_user(&forged, &user.id, &format!("user{attack}"));
                    }
                    let (auth, state) = (auth.clone(), Arc::clone(&state));
                    let path = tasks_of(&user.id);
                    // The attacker does not wait for the response.
                    tokio::spawn(async move {
                        let answer = super::ask_layer(auth, &forged, &path).await;
                        if answer.status() == 200 {
                            state.attacks_accepted.fetch_add(1, Ordering::Relaxed);
                        }
                    });
                    sleep(every).await;
                }
            }));
        }
        let start = Instant::now();
        while start.elapsed() < self.length {
            sleep(Duration::from_millis(100)).await;
        }
        state.is_over.store(true, Ordering::Relaxed);
        for task in tasks {
            task.await.unwrap();
        }
        let kids = state.kids.lock().unwrap().len() as u32;
        let count = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
        let counts = Counts {
            rotations: kids - 1,
            requests: count(&state.requests),
            rejected: count(&state.rejected),
            attacks: count(&state.attacks),
            attacks_accepted: count(&state.attacks_accepted),
            fetches: server.text("/test/jwks-count").await.parse().unwrap(),
        };
        // Not with `println!`, whose output is hidden if a test passes.
        let _ = writeln!(
            io::stderr(),
            "rotation: {self:?}, default settings of the layer: {counts:?}"
        );
        assert_eq!(counts.attacks_accepted, 0, "{counts:?}");
        Some(counts)
    }
}

#[derive(Default)]
struct Shared {
    is_over: AtomicBool,
    kids: Mutex<HashSet<String>>,
    requests: AtomicU32,
    rejected: AtomicU32,
    attacks: AtomicU32,
    attacks_accepted: AtomicU32,
}

fn header(token: &str) -> Value {
    let encoded = token.split('.').next().unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap()).unwrap()
}

fn kid(token: &str) -> String {
    header(token)["kid"].as_str().unwrap().to_owned()
}

fn with_kid(token: &str, kid: &str) -> String {
    let mut header = header(token);
    header["kid"] = json!(kid);
    let (_, rest) = token.split_once('.').unwrap();
    format!(
        "{}.{rest}",
        BASE64_URL_SAFE_NO_PAD.encode(header.to_string())
    )
}
