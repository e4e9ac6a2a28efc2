//! [`TestSessions`]: a Better Auth server's sessions in memory.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{
    clock::TestClock,
    session::TestSession,
    signer::{Signer, random_secret, seed},
};
use crate::{
    auth::{JwtAuthBuilder, JwtAuthLayer},
    lookups::LookupError,
    sessions::{BetterAuthSessions, Found, Record, SessionCredential, SessionSource},
};

/// The sessions of a Better Auth server, in memory. A layer looks them up there without a network.
///
/// Clones share the sessions: pass one to the layer and keep another. Sessions, bans, and the answers
/// that a layer keeps expire by [`clock`](Self::clock). Only the time for which lookups wait is tokio's:
/// with `#[tokio::test(start_paused = true)]` (tokio's feature `test-util`), waiting takes no time.
///
/// ```
/// use std::time::Duration;
/// use axum::{Router, body::Body, routing::get};
/// use http::Request;
/// use tower::ServiceExt;
/// use tower_jwt_auth::test_kit::TestSessions;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sessions = TestSessions::new();
/// let auth = sessions.layer().build()?;
/// let app = Router::new().route("/me", get(async || "hello")).route_layer(auth);
///
/// let cookie = sessions.sign_in("alice");
/// let status = async || {
///     let request = Request::get("/me").header("cookie", &cookie).body(Body::empty());
///     app.clone().oneshot(request.unwrap()).await.unwrap().status()
/// };
/// assert_eq!(status().await, 200);
///
/// sessions.sign_out(&cookie);
/// assert_eq!(status().await, 200); // the answer is kept for ten seconds
/// sessions.clock().advance(Duration::from_secs(10));
/// assert_eq!(status().await, 401);
/// assert_eq!(sessions.lookups(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestSessions {
    origin: String,
    secret: Arc<str>,
    clock: TestClock,
    server: Arc<Server>,
}

const DEFAULT_ORIGIN: &str = "https://app.example.com";

const COOKIE_NAME: &str = "better-auth.session_token";

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The characters of a cookie that `encodeURIComponent` encodes, as Better Auth does.
const ENCODED: AsciiSet = NON_ALPHANUMERIC.remove(b'.');

impl TestSessions {
    /// Creates a server at the origin `https://app.example.com`, with a new secret and no sessions.
    pub fn new() -> Self {
        Self {
            origin: DEFAULT_ORIGIN.to_owned(),
            secret: random_secret().into(),
            clock: TestClock::new(),
            server: Arc::default(),
        }
    }

    /// Sets the origin: it is the issuer of the users, and its pages may use the session cookie.
    #[must_use]
    pub fn with_origin(mut self, origin: impl Into<String>) -> Self {
        self.origin = origin.into();
        self
    }

    /// Reads the time from this clock, for example that of a [`TestIssuer`](super::TestIssuer) whose
    /// tokens the layer also accepts.
    #[must_use]
    pub fn with_clock(mut self, clock: &TestClock) -> Self {
        self.clock = clock.clone();
        self
    }

    /// Starts a builder for a layer that accepts these sessions and no tokens, and uses
    /// [`clock`](Self::clock).
    pub fn layer(&self) -> JwtAuthBuilder {
        JwtAuthLayer::builder()
            .with_clock(self.clock.reader())
            .sessions(self.sessions())
    }

    /// Returns the settings for these sessions, with the secret, for a layer that also accepts tokens
    /// or that the service builds itself. Other settings can be added.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tower_jwt_auth::test_kit::{TestIssuer, TestSessions};
    ///
    /// let issuer = TestIssuer::hs256().with_issuer("https://app.example.com");
    /// let sessions = TestSessions::new().with_clock(issuer.clock());
    /// let settings = sessions.sessions().raw_tokens().fresh_for(Duration::from_secs(1));
    /// let auth = issuer.layer().sessions(settings).build()?;
    /// # drop(auth);
    /// # Ok::<(), tower_jwt_auth::ConfigError>(())
    /// ```
    pub fn sessions(&self) -> BetterAuthSessions {
        let server = Arc::clone(&self.server);
        let clock = self.clock.reader();
        BetterAuthSessions::for_tests(&self.origin, server, clock).secret(&*self.secret)
    }

    /// Signs a user in: returns the value of a `Cookie` header with a new session, as in
    /// `better-auth.session_token=…`. The user's email is `<user ID>@example.com`, the name is the
    /// user ID, and the session expires in seven days.
    ///
    /// A layer of other `TestSessions` rejects the cookie with `session_signature`.
    pub fn sign_in(&self, user_id: &str) -> String {
        self.session_for(user_id).sign_in()
    }

    /// Starts a session that differs from that of [`sign_in`](Self::sign_in) in the columns that you
    /// set.
    pub fn session_for(&self, user_id: &str) -> TestSession {
        TestSession::new(self.clone(), user_id)
    }

    /// Returns the session token in a cookie of [`sign_in`](Self::sign_in), for
    /// `Authorization: Bearer` or for a cookie with another name. Its first 32 characters are the raw
    /// token.
    pub fn bearer(cookie: &str) -> &str {
        match cookie.split_once('=') {
            // Otherwise, it is the padding of the MAC.
            Some((_, token)) if !token.is_empty() => token,
            _ => cookie,
        }
    }

    /// Ends a session, given its cookie or token. A layer notices it when it looks the session up
    /// again, by default after ten seconds of its clock.
    ///
    /// # Panics
    ///
    /// Panics if these `TestSessions` did not create the session.
    pub fn sign_out(&self, cookie: &str) {
        let token = Self::bearer(cookie);
        let token = token.split_once('.').map_or(token, |(token, _)| token);
        let mut state = self.server.state();
        let record = state.records.get_mut(token);
        *record.expect("the session belongs to these TestSessions") = None;
    }

    /// Makes lookups fail as if the server could not be reached, or succeed again.
    ///
    /// After five failures, a layer tries only about one lookup per second, on tokio's clock, until one
    /// succeeds.
    pub fn fail(&self, is_failing: bool) {
        self.server.state().is_failing = is_failing;
    }

    /// Delays lookups by this time, on tokio's clock. A lookup returns the session as it is when the
    /// delay ends.
    ///
    /// A layer gives up on a lookup after two seconds.
    pub fn delay(&self, delay: Duration) {
        self.server.state().delay = delay;
    }

    /// Returns how many lookups have started.
    pub fn lookups(&self) -> usize {
        self.server.state().lookups
    }

    /// Returns the clock of the sessions and of the [`layer`](Self::layer).
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// Returns the secret that signs the session tokens, as Better Auth's `BETTER_AUTH_SECRET` does.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Adds a session with a new token. `record` returns the text of its record.
    pub(super) fn add(&self, record: impl FnOnce(&str) -> String) -> String {
        let seed = seed().map(|byte| ALPHANUMERIC[usize::from(byte) % ALPHANUMERIC.len()]);
        let token: String = seed.into_iter().map(char::from).collect();
        let record = record(&token);
        let mut state = self.server.state();
        state.records.insert(token.clone(), Some(record));
        let mac = STANDARD.encode(Signer::secret(&*self.secret).sign(token.as_bytes()));
        let mac = utf8_percent_encode(&mac, &ENCODED);
        format!("{COOKIE_NAME}={token}.{mac}")
    }
}

impl Default for TestSessions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for TestSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.server.state();
        f.debug_struct("TestSessions")
            .field("origin", &self.origin)
            .field("clock", &self.clock)
            .field("sessions", &state.records.len())
            .field("is_failing", &state.is_failing)
            .field("delay", &state.delay)
            .field("lookups", &state.lookups)
            .finish_non_exhaustive()
    }
}

/// The server that a layer asks.
#[derive(Default)]
struct Server(Mutex<State>);

#[derive(Default)]
struct State {
    /// The records by the tokens of their sessions; `None` after the sign-out.
    records: HashMap<String, Option<String>>,
    is_failing: bool,
    delay: Duration,
    lookups: usize,
}

impl Server {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_lookup(&self) -> Duration {
        let mut state = self.state();
        state.lookups += 1;
        state.delay
    }

    fn record(&self, token: &str) -> Result<Option<Record>, LookupError> {
        let state = self.state();
        if state.is_failing {
            return Err(LookupError {
                message: "TestSessions::fail(true) was called".to_owned(),
                is_outage: true,
            });
        }
        let record = state.records.get(token).cloned().flatten();
        record.map_or(Ok(None), |json| Record::of_response(&json))
    }
}

impl SessionSource for Server {
    fn find(self: Arc<Self>, credential: SessionCredential) -> Found {
        Box::pin(async move {
            let delay = self.start_lookup();
            if !delay.is_zero() {
                tokio::time::sleep(delay).await;
            }
            self.record(&credential.token)
        })
    }
}
