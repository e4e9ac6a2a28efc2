//! Sessions in a store of the application.

mod columns;
mod lookups;

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::time::sleep;
use tower_jwt_auth::{
    BetterAuthSessions, JwtAuthLayer,
    sessions::{SessionStore, SessionStoreError, StoredSession},
};

use super::server::{self, SECRET, layer};

const ORIGIN: &str = "https://app.example.com";

const UNAVAILABLE: Result<String, &str> = Err("sessions_unavailable");

type Found = Result<Option<StoredSession>, SessionStoreError>;

type Respond = dyn Fn(&str) -> Found + Send + Sync;

/// A store that responds as a test says.
#[derive(Clone)]
struct Store(Arc<Shared>);

struct Shared {
    respond: Mutex<Arc<Respond>>,
    delay: Duration,
    tokens: Mutex<Vec<String>>,
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Store {
    fn new(respond: impl Fn(&str) -> Found + Send + Sync + 'static) -> Self {
        Self::slow(Duration::ZERO, respond)
    }

    fn slow(delay: Duration, respond: impl Fn(&str) -> Found + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared {
            respond: Mutex::new(Arc::new(respond)),
            delay,
            tokens: Mutex::default(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
        }))
    }

    fn set(&self, respond: impl Fn(&str) -> Found + Send + Sync + 'static) {
        *self.0.respond.lock().unwrap() = Arc::new(respond);
    }

    fn sessions(&self) -> BetterAuthSessions {
        BetterAuthSessions::store(self.clone(), ORIGIN).secret(SECRET)
    }

    fn layer(&self) -> JwtAuthLayer {
        layer(self.sessions())
    }

    fn lookups(&self) -> usize {
        self.0.tokens.lock().unwrap().len()
    }
}

impl SessionStore for Store {
    fn find<'a>(&'a self, token: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let shared = &*self.0;
            shared.tokens.lock().unwrap().push(token.to_owned());
            let running = shared.running.fetch_add(1, Ordering::Relaxed) + 1;
            shared.most.fetch_max(running, Ordering::Relaxed);
            if !shared.delay.is_zero() {
                sleep(shared.delay).await;
            }
            shared.running.fetch_sub(1, Ordering::Relaxed);
            let respond = Arc::clone(&shared.respond.lock().unwrap());
            respond(token)
        })
    }
}

/// The session of [`server::user_of`] a token.
fn valid(token: &str) -> Found {
    found(&server::record(token))
}

fn found(record: &Value) -> Found {
    let (session, user) = (record["session"].to_string(), record["user"].to_string());
    Ok(Some(StoredSession::from_json(session, user)))
}
