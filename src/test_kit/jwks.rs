//! [`TestJwks`]: a key set in memory that rotates and fails.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{clock::TestClock, ed25519, issuer::TestIssuer, token::TestToken};
use crate::{
    auth::JwtAuthBuilder,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

/// The JWK Set of an issuer with rotating keys, in memory. A layer fetches its keys from it without
/// a network.
///
/// Clones share the set: pass one to the layer and keep another. Two clocks are involved: tokens
/// expire by the issuer's [`clock`](Self::clock), but fetched keys age by tokio's. With
/// `#[tokio::test(start_paused = true)]` (tokio's feature `test-util`), tokio's clock stops while
/// there is work and jumps ahead otherwise, so waiting for minutes takes no time.
///
/// ```
/// use tower_jwt_auth::test_kit::TestJwks;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jwks = TestJwks::new();
/// let auth = jwks.layer().build()?;
/// auth.ready().await?;
/// assert!(auth.verifier().verify(&jwks.token("alice")).is_ok());
///
/// // A new key is fetched while the request waits.
/// jwks.rotate();
/// assert!(auth.verifier().verify_waiting(&jwks.token("alice")).await.is_ok());
/// assert_eq!(jwks.fetches(), 2);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TestJwks(Arc<Mutex<State>>);

struct State {
    newest: TestIssuer,
    /// The issuers with the earlier keys, which the set still lists.
    old: Vec<TestIssuer>,
    is_failing: bool,
    delay: Duration,
    fetches: usize,
}

/// Never requested, because the set is its own fetcher (RFC 2606 section 2 reserves the name).
const URL: &str = "https://test-kit.invalid/jwks";

impl TestJwks {
    /// Creates the set of a new [`TestIssuer::eddsa`].
    pub fn new() -> Self {
        Self::of(TestIssuer::eddsa())
    }

    /// Creates the set of this issuer.
    ///
    /// # Panics
    ///
    /// Panics if it is an HS256 issuer, because a secret must not be published.
    pub fn of(issuer: TestIssuer) -> Self {
        let _must_not_panic = issuer.private_key();
        Self(Arc::new(Mutex::new(State {
            newest: issuer,
            old: Vec::new(),
            is_failing: false,
            delay: Duration::ZERO,
            fetches: 0,
        })))
    }

    /// Starts a builder for a layer that fetches its keys from this set and uses
    /// [`clock`](Self::clock) for its tokens.
    ///
    /// The layer fetches in a tokio task. If it is built outside a runtime, the first request
    /// starts the task.
    pub fn layer(&self) -> JwtAuthBuilder {
        let builder = self.state().newest.keyless_layer();
        builder.jwks_url(URL).jwks_fetcher(self.clone())
    }

    /// Returns the issuer with its newest key. The returned issuer does not change when the keys
    /// rotate, so it can later mint tokens with an old key.
    pub fn issuer(&self) -> TestIssuer {
        self.state().newest.clone()
    }

    /// Mints a valid token, signed with the newest key: see [`TestIssuer::token`].
    pub fn token(&self, user_id: &str) -> String {
        self.issuer().token(user_id)
    }

    /// Starts a token with the newest key: see [`TestIssuer::token_for`].
    pub fn token_for(&self, user_id: &str) -> TestToken {
        self.issuer().token_for(user_id)
    }

    /// Returns the clock by which the tokens expire.
    pub fn clock(&self) -> TestClock {
        self.state().newest.clock().clone()
    }

    /// Creates a new key, which signs from now on. The earlier keys stay listed until
    /// [`retire_old`](Self::retire_old).
    ///
    /// A layer discovers the new key when a token names it, or at its next fetch.
    pub fn rotate(&self) {
        let mut state = self.state();
        let new = state.newest.with_new_key();
        let old = std::mem::replace(&mut state.newest, new);
        state.old.push(old);
    }

    /// Removes all keys but the newest from the set. At its next fetch, a layer drops the others
    /// and then rejects their tokens with `unknown_key`.
    pub fn retire_old(&self) {
        self.state().old.clear();
    }

    /// Makes fetches fail, or succeed again.
    pub fn fail(&self, is_failing: bool) {
        self.state().is_failing = is_failing;
    }

    /// Delays fetches by this time, on tokio's clock. A fetch returns the set as it is when the
    /// delay ends.
    ///
    /// A layer gives up on a fetch after five seconds.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// Returns how many fetches have started.
    pub fn fetches(&self) -> usize {
        self.state().fetches
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn start_fetch(&self) -> Duration {
        let mut state = self.state();
        state.fetches += 1;
        state.delay
    }

    fn listed_keys(&self) -> Result<FetchedJwks, FetchError> {
        let state = self.state();
        if state.is_failing {
            return Err(FetchError::new("TestJwks::fail(true) was called"));
        }
        let listed = state.old.iter().chain([&state.newest]);
        Ok(FetchedJwks::new(ed25519::jwks(
            listed.map(TestIssuer::private_key),
        )))
    }
}

impl Default for TestJwks {
    fn default() -> Self {
        Self::new()
    }
}

impl JwksFetch for TestJwks {
    fn fetch<'a>(
        &'a self,
        _url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async move {
            tokio::time::sleep(self.start_fetch()).await;
            self.listed_keys()
        })
    }
}

impl fmt::Debug for TestJwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("TestJwks")
            .field("newest", &state.newest)
            .field("old", &state.old.len())
            .field("is_failing", &state.is_failing)
            .field("delay", &state.delay)
            .field("fetches", &state.fetches)
            .finish()
    }
}
