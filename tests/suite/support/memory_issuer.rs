//! An issuer in memory, for tests on a paused clock: hours take no time, and the results do not
//! depend on the speed of the machine.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::support::{signing_keys::*, *};

/// The key IDs of the keys that [`MemoryIssuer::rotate`] creates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum KeyIds {
    Fresh,
    /// Each key replaces the one before it under the same ID.
    Reused,
    /// Neither keys nor tokens have a key ID.
    Missing,
}

/// An issuer and fetcher. Fetches fail while the issuer has no keys.
#[derive(Clone)]
pub(crate) struct MemoryIssuer {
    keys: Arc<Mutex<Vec<Arc<SigningKey>>>>,
    fetches: Arc<Mutex<Vec<Instant>>>,
    start: Instant,
    pub(crate) max_age: Option<Duration>,
    /// The duration of a fetch.
    pub(crate) delay: Duration,
    pub(crate) key_ids: KeyIds,
    /// Whether a fetch reads the keys when it starts, instead of when it ends.
    pub(crate) reads_first: bool,
}

impl MemoryIssuer {
    pub(crate) fn new() -> Self {
        Self {
            keys: Arc::default(),
            fetches: Arc::default(),
            start: Instant::now(),
            max_age: None,
            delay: Duration::from_millis(30),
            key_ids: KeyIds::Fresh,
            reads_first: false,
        }
    }

    pub(crate) fn set(&self, keys: impl IntoIterator<Item = Arc<SigningKey>>) {
        *self.keys.lock().unwrap() = keys.into_iter().collect();
    }

    /// Creates a new key and keeps the one before it.
    pub(crate) fn rotate(&self) -> Arc<SigningKey> {
        let is_reused = self.key_ids == KeyIds::Reused;
        let kid = if is_reused {
            "1".to_owned()
        } else {
            format!("{:?}", self.start.elapsed())
        };
        let new = Arc::new(SigningKey::generate("EdDSA", &kid));
        let before = self.keys.lock().unwrap().last().cloned();
        let before = before.filter(|_| !is_reused);
        self.set(before.into_iter().chain([Arc::clone(&new)]));
        new
    }

    pub(crate) fn newest(&self) -> Arc<SigningKey> {
        Arc::clone(self.keys.lock().unwrap().last().unwrap())
    }

    pub(crate) fn builder(&self) -> JwtAuthBuilder {
        self.without_audience().allow_any_audience()
    }

    /// A builder that needs an audience or a client.
    pub(crate) fn without_audience(&self) -> JwtAuthBuilder {
        let start = self.start;
        JwtAuthLayer::builder()
            .clock(move || at(NOW + start.elapsed().as_secs()))
            .jwks_url("https://app.example.com/api/auth/jwks")
            .jwks_fetcher(self.clone())
    }

    pub(crate) fn layer(&self) -> JwtAuthLayer {
        self.builder().build().unwrap()
    }

    /// A token that this key signs now and that expires in 15 minutes.
    pub(crate) fn token(&self, key: &SigningKey, subject: &str) -> String {
        match self.key_ids {
            KeyIds::Missing => self.without_key_id(key, subject),
            _ => key.token(&self.claims(subject)),
        }
    }

    pub(crate) fn without_key_id(&self, key: &SigningKey, subject: &str) -> String {
        key.sign(&json!({ "alg": key.alg }), &self.claims(subject))
    }

    /// A token with an invented key ID.
    pub(crate) fn invented(&self, key: &SigningKey, key_id: &str, subject: &str) -> String {
        let header = json!({ "alg": "EdDSA", "kid": key_id });
        key.sign(&header, &self.claims(subject))
    }

    fn claims(&self, subject: &str) -> Value {
        let now = NOW + self.start.elapsed().as_secs();
        claims_with(json!({ "sub": subject, "iat": now, "exp": now + 900 }))
    }

    /// The start of each fetch.
    pub(crate) fn fetches(&self) -> Vec<Instant> {
        self.fetches.lock().unwrap().clone()
    }
}

impl JwksFetch for MemoryIssuer {
    fn fetch<'a>(
        &'a self,
        _url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async move {
            self.fetches.lock().unwrap().push(Instant::now());
            let first = self.keys.lock().unwrap().clone();
            sleep(self.delay).await;
            let keys = if self.reads_first {
                first
            } else {
                self.keys.lock().unwrap().clone()
            };
            if keys.is_empty() {
                return Err(FetchError::new("gone"));
            }
            let entries = keys.iter().map(|key| match self.key_ids {
                KeyIds::Missing => without(key.jwk(), "kid"),
                _ => key.jwk(),
            });
            let fetched = FetchedJwks::new(jwks_of(entries));
            Ok(match self.max_age {
                Some(age) => fetched.with_max_age(age),
                None => fetched,
            })
        })
    }
}
