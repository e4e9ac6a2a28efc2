//! A Better Auth that stops, and starts again.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};
use tower_jwt_auth::JwtAuthLayer;

use super::{Service, Site, newest_release};
use crate::{SECRET, server::Server};

/// The time in which a lookup must end, waiting included, and a second for a slow machine.
const LONGEST_REQUEST: Duration = Duration::from_secs(2 + 1);

const UNAVAILABLE: (u16, &str) = (503, "sessions_unavailable");

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_under_load_causes_only_503() {
    let start = |port: &str, database: &str| {
        let variables = [
            ("BETTER_AUTH_SECRET", SECRET),
            ("PORT", port),
            ("DATABASE", database),
        ];
        Server::start(&variables)
    };
    let Some(server) = start("0", "{}") else {
        return;
    };
    let site = Site::main(&server);
    let sessions = || site.sessions().fresh_for(Duration::ZERO);
    let auth = JwtAuthLayer::builder().sessions(sessions());
    let optional = Service::new(auth.allow_anonymous());
    let service = Service::with(sessions());
    let cached = Service::with(site.sessions());
    let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
    let dead = site.sign_up("carol").await;
    site.post("/api/auth/sign-out", &dead.cookie, &json!({}))
        .await;

    let session = (401, "session");
    let is_over = Arc::new(AtomicBool::new(false));
    let clients = [
        (&service, ada.cookie.clone(), (200, &*ada.id)),
        (&service, bob.cookie.clone(), (200, &*bob.id)),
        (&optional, ada.cookie.clone(), (200, &*ada.id)),
        (&service, dead.cookie, session),
        (&service, ada.forged_cookie(), session),
        (&cached, ada.cookie.clone(), (200, &*ada.id)),
    ]
    .map(|(service, cookie, outcome)| (Client::start(service, cookie, &is_over), outcome));
    wait_until("the first answers", || {
        clients.iter().all(|(client, _)| client.requests() >= 5)
    })
    .await;

    let database = server.text("/test/database").await;
    let port = server.origin.rsplit(':').next().unwrap().to_owned();
    drop(server);
    // All clients except that of kept answers.
    let waiting = || clients[..5].iter();
    wait_until("503", || {
        waiting().all(|(client, _)| client.latest() == 503)
    })
    .await;
    sleep(Duration::from_millis(500)).await;

    let _server = start(&port, &database).unwrap();
    wait_until("recovery", || {
        waiting().all(|(client, (status, _))| client.latest() == *status)
    })
    .await;
    is_over.store(true, Ordering::Relaxed);

    for (number, (client, outcome)) in clients.into_iter().enumerate() {
        let seen = client.finish().await;
        let mut phases: Vec<_> = { seen.iter() }
            .map(|(status, who, _)| (*status, &**who))
            .collect();
        phases.dedup();
        match number {
            5 => assert_eq!(phases, [outcome], "client {number}"),
            _ => assert_eq!(phases, [outcome, UNAVAILABLE, outcome], "client {number}"),
        }
        let longest = seen.iter().map(|(.., time)| *time).max().unwrap();
        assert!(longest < LONGEST_REQUEST, "client {number}: {longest:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_costs_each_client_its_timeout_at_most() {
    let Some(site) = newest_release() else {
        return;
    };
    let mut accounts = Vec::new();
    for _ in 0..6 {
        accounts.push(site.sign_up("ada").await);
        site.answer_lookups_with(&accounts[accounts.len() - 1], &json!("hang"))
            .await;
    }
    let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
    let mut requests = JoinSet::new();
    for account in &accounts {
        let (service, cookie) = (service.clone(), account.cookie.clone());
        requests.spawn(async move { timed(&service, &cookie).await });
    }
    for (status, who, time) in requests.join_all().await {
        assert_eq!((status, &*who), UNAVAILABLE);
        assert!(time < LONGEST_REQUEST, "{time:?}");
    }

    // The breaker is open, so that the next requests do not wait as long.
    let (status, _, time) = timed(&service, &accounts[0].cookie).await;
    assert_eq!(status, 503);
    assert!(time < Duration::from_secs(1), "{time:?}");

    for account in &accounts {
        site.answer_lookups_with(account, &Value::Null).await;
    }
    let start = Instant::now();
    while service.cookie(&accounts[0].cookie).await.status != 200 {
        assert!(start.elapsed() < LONGEST_REQUEST);
        sleep(Duration::from_millis(50)).await;
    }
    for account in &accounts {
        let answer = service.cookie(&account.cookie).await;
        assert_eq!(answer.outcome(), (200, &*account.id));
    }
}

/// A status, the user or the reason, and the time that the request took.
type Seen = (u16, String, Duration);

async fn timed(service: &Service, cookie: &str) -> Seen {
    let start = Instant::now();
    let answer = service.cookie(cookie).await;
    let (status, who) = answer.outcome();
    (status, who.to_owned(), start.elapsed())
}

/// Sends one request after the other.
struct Client {
    seen: Arc<Mutex<Vec<Seen>>>,
    task: tokio::task::JoinHandle<()>,
}

impl Client {
    fn start(service: &Service, cookie: String, is_over: &Arc<AtomicBool>) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (all, is_over) = (Arc::clone(&seen), Arc::clone(is_over));
        let service = service.clone();
        let task = tokio::spawn(async move {
            while !is_over.load(Ordering::Relaxed) {
                let answer = timed(&service, &cookie).await;
                all.lock().unwrap().push(answer);
                sleep(Duration::from_millis(5)).await;
            }
        });
        Self { seen, task }
    }

    fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    fn latest(&self) -> u16 {
        self.seen
            .lock()
            .unwrap()
            .last()
            .map_or(0, |(status, ..)| *status)
    }

    async fn finish(self) -> Vec<Seen> {
        self.task.await.unwrap();
        Arc::try_unwrap(self.seen).unwrap().into_inner().unwrap()
    }
}

async fn wait_until(what: &str, is_true: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < Duration::from_secs(10), "no {what}");
        sleep(Duration::from_millis(10)).await;
    }
}
