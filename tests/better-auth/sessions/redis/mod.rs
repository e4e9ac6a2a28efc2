//! Sessions that Better Auth stores in Redis, and three replicas of a service that read them there.

mod ends;

use std::{
    sync::{Arc, Mutex, PoisonError, Weak},
    thread,
};

use serde_json::{Value, json};
use tower_jwt_auth::BetterAuthSessions;

use self::process::RedisServer;
use super::{Account, RELEASES, Service, Site};
use crate::{SECRET, server::Server};

#[path = "../../../suite/sessions_redis/redis.rs"]
#[allow(dead_code)]
mod process;

const HIDDEN_COLUMN: &str = "passwordHint";

const SHORT: &str = "short:";

/// A Better Auth, and the Redis that has its sessions.
struct Stored {
    server: Server,
    redis: RedisServer,
}

impl Stored {
    /// Returns the servers of each release, or none if the test is skipped. The tests that run at the
    /// same time share them, and the last one ends them.
    fn releases() -> Arc<Vec<Self>> {
        static RUNNING: Mutex<Weak<Vec<Stored>>> = Mutex::new(Weak::new());
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let started = thread::scope(|scope| {
                let starts = RELEASES.map(|release| scope.spawn(move || Self::start(release)));
                let started = starts.map(|start| start.join().unwrap());
                started.into_iter().flatten().collect()
            });
            let started = Arc::new(started);
            *running = Arc::downgrade(&started);
            started
        })
    }

    fn start(release: &str) -> Option<Self> {
        let redis = RedisServer::start()?;
        let short = json!({ "/short": { "SESSION_TTL": "3", "REDIS_PREFIX": SHORT } });
        let server = Server::start(&[
            ("RELEASE", release),
            ("BETTER_AUTH_SECRET", SECRET),
            ("ADMIN", "1"),
            ("REDIS_URL", &redis.url()),
            ("HIDDEN_COLUMN", HIDDEN_COLUMN),
            ("VARIANTS", &short.to_string()),
        ])?;
        Some(Self { server, redis })
    }

    fn site(&self) -> Site<'_> {
        Site::main(&self.server)
    }

    fn sessions(&self) -> BetterAuthSessions {
        BetterAuthSessions::redis(self.redis.url(), self.site().origin()).secret(SECRET)
    }

    fn replicas(&self) -> [Service; 3] {
        [(); 3].map(|()| Service::with(self.sessions()))
    }

    /// Signs up a user with the role `admin`.
    async fn admin(&self) -> Account {
        let site = self.site();
        let account = site.sign_up("admin").await;
        site.set("user", &account.id, json!({ "role": "admin" }))
            .await;
        // The record in Redis has the role since the sign-in after the change.
        site.sign_in(&account).await
    }
}

#[tokio::test]
async fn the_users_of_redis_are_those_of_get_session() {
    for stored in Stored::releases().iter() {
        let site = stored.site();
        let ada = site.sign_up("ada").await;
        let key = format!("better-auth:{}", ada.token());
        let record = stored.redis.command(&["GET", &key]);
        assert!(record.contains(HIDDEN_COLUMN), "{site}: {record}");

        let redis = Service::with(stored.sessions()).cookie(&ada.cookie).await;
        let remote = Service::with(site.sessions()).cookie(&ada.cookie).await;
        assert_eq!(redis.status, 200, "{site}");
        assert_eq!(
            without_nulls(&redis.user),
            without_nulls(&remote.user),
            "{site}"
        );
        assert!(redis.user["claims"].get(HIDDEN_COLUMN).is_none(), "{site}");

        let named = stored.sessions().user_columns([HIDDEN_COLUMN]);
        let named = Service::with(named).cookie(&ada.cookie).await;
        assert_eq!(named.user["claims"][HIDDEN_COLUMN], "hidden", "{site}");
    }
}

/// Better Auth's endpoint and its storage differ in the columns without a value.
fn without_nulls(value: &Value) -> Value {
    match value {
        Value::Object(members) => { members.iter() }
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name.clone(), without_nulls(value)))
            .collect(),
        other => other.clone(),
    }
}

#[tokio::test]
async fn a_new_role_takes_effect_on_the_next_request() {
    for stored in Stored::releases().iter() {
        let (site, replicas) = (stored.site(), stored.replicas());
        let (admin, ada) = (stored.admin().await, site.sign_up("ada").await);
        for role in ["editor", "user"] {
            let body = json!({ "userId": ada.id, "role": role });
            site.post("/api/auth/admin/set-role", &admin.cookie, &body)
                .await;
            for replica in &replicas {
                let answer = replica.cookie(&ada.cookie).await;
                assert_eq!(answer.user["claims"]["role"], role, "{site}");
            }
        }
    }
}
