//! The cookie `session_data`. The session's user in the cookie and in the store have different names,
//! which show what was accepted.

mod bounds;
mod chunks;
mod common;
mod compact;
#[cfg(feature = "jwks-custom")]
mod fetched;
mod jwe;
mod jwt;
pub(crate) mod maker;
mod only;
mod public;
mod settings;

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use http::Request;
use serde_json::{Value, json};
use tower_jwt_auth::{
    BetterAuthSessions, CurrentUser, JwtAuthBuilder, JwtAuthLayer,
    sessions::{SessionStore, SessionStoreError, StoredSession},
};

use super::server::{self, SECRET, authenticate, cookie, request, token};
use crate::support::{
    any_audience,
    signing_keys::{SigningKey, jwks},
};

pub(crate) const ORIGIN: &str = "https://app.example.com";

/// The name of the user in the cookie.
pub(crate) const CACHED: &str = "Ada of the cookie";

/// The name of the user in the store.
pub(crate) const STORED: &str = "Ada of the store";

/// A store with session 1.
#[derive(Clone, Default)]
struct Store(Arc<AtomicUsize>);

impl SessionStore for Store {
    fn find<'a>(
        &'a self,
        token: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Option<StoredSession>, SessionStoreError>> + Send + 'a>>
    {
        self.0.fetch_add(1, Ordering::Relaxed);
        let record = payload_of(token, STORED);
        let part = |name: &str| record[name].to_string();
        let found = (token == server::token(1))
            .then(|| StoredSession::from_json(part("session"), part("user")));
        Box::pin(async { Ok(found) })
    }
}

/// A layer whose store has session 1, and the keys of its issuer.
struct Fixture {
    layer: JwtAuthLayer,
    lookups: Arc<AtomicUsize>,
    key: Arc<SigningKey>,
}

impl Fixture {
    fn new() -> Self {
        Self::with(|sessions| sessions)
    }

    fn with(configure: impl FnOnce(BetterAuthSessions) -> BetterAuthSessions) -> Self {
        Self::built(configure, |builder, _| builder.issuer(ORIGIN))
    }

    /// A layer with a public key, and with these settings.
    fn built(
        configure: impl FnOnce(BetterAuthSessions) -> BetterAuthSessions,
        build: impl FnOnce(JwtAuthBuilder, &SigningKey) -> JwtAuthBuilder,
    ) -> Self {
        let key = Arc::new(SigningKey::generate("EdDSA", "key-1"));
        let store = Store::default();
        let lookups = Arc::clone(&store.0);
        let sessions = BetterAuthSessions::store(store, ORIGIN).secret(SECRET);
        let sessions = configure(sessions.cookie_cache());
        let builder = any_audience().jwks_text(jwks([&*key])).sessions(sessions);
        let layer = build(builder, &key).build().unwrap();
        Self {
            layer,
            lookups,
            key,
        }
    }

    /// The user for session 1 beside a cookie `session_data`.
    async fn user(&self, data: &str) -> CurrentUser {
        let cookies = format!("{}; better-auth.session_data={data}", cookie(1));
        let found = authenticate(&self.layer, request(&cookies)).await;
        found.unwrap().expect("anonymous requests are not allowed")
    }

    async fn is_accepted(&self, data: &str) -> bool {
        let lookups = self.lookups();
        let user = self.user(data).await;
        let is_cached = user.name() == Some(CACHED);
        assert!(is_cached || user.name() == Some(STORED), "{user:?}");
        assert_eq!(self.lookups() - lookups, usize::from(!is_cached), "{data}");
        is_cached
    }

    #[track_caller]
    fn assert_rows(&self, rows: impl IntoIterator<Item = (impl AsRef<str>, String, bool)>) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        for (row, data, is_accepted) in rows {
            let accepted = runtime.block_on(self.is_accepted(&data));
            assert_eq!(accepted, is_accepted, "{}", row.as_ref());
        }
    }

    fn lookups(&self) -> usize {
        self.lookups.load(Ordering::Relaxed)
    }

    /// The outcome for these cookies: the name of the user, or the reason for the rejection.
    async fn ask(&self, cookies: &str) -> String {
        outcome(&self.layer, request(cookies)).await
    }
}

async fn outcome(layer: &JwtAuthLayer, request: Request<()>) -> String {
    match authenticate(layer, request).await {
        Ok(Some(user)) => user.name().unwrap_or_default().to_owned(),
        Ok(None) => "anonymous".to_owned(),
        Err(reason) => reason.to_owned(),
    }
}

/// The payload for session 1 in the cookie.
pub(crate) fn payload() -> Value {
    payload_of(&token(1), CACHED)
}

fn payload_of(token: &str, name: &str) -> Value {
    let mut record = server::record(token);
    record["user"]["name"] = name.into();
    record["updatedAt"] = json!(1_799_999_760_000_u64);
    record["version"] = "1".into();
    record
}

/// The payload with this value at a path such as `session.token`. `null` removes the member.
fn changed(path: &str, value: Value) -> Value {
    let mut payload = payload();
    let (parent, name) = match path.split_once('.') {
        Some((part, name)) => (&mut payload[part], name),
        None => (&mut payload, path),
    };
    let parent = parent.as_object_mut().unwrap();
    match value {
        Value::Null => parent.remove(name),
        value => parent.insert(name.to_owned(), value),
    };
    payload
}
