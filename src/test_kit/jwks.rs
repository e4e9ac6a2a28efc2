use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{TestClock, TestIssuer, TestToken, ed25519};
use crate::{
    JwtAuthBuilder,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

/// The JWK Set of an issuer whose keys rotate, in memory: what a layer fetches its keys from in
/// tests, without a network.
///
/// Clones are the same set: give one to the layer and keep one. Two clocks are at work: the tokens
/// expire by the issuer's [`clock`](Self::clock), and what is fetched ages by tokio's. With
/// `#[tokio::test(start_paused = true)]` (tokio's feature `test-util`) the latter stands still too
/// while anybody has work, and minutes pass in no time.
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
/// // A key that the layer has not heard of is fetched while the request waits.
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
    /// Listed beside the newest.
    old: Vec<TestIssuer>,
    is_failing: bool,
    delay: Duration,
    fetches: usize,
}

/// Never asked, since the set is its own fetcher (RFC 2606 section 2).
const URL: &str = "https://test-kit.invalid/jwks";

impl TestJwks {
    /// The set of a new [`TestIssuer::eddsa`].
    pub fn new() -> Self {
        Self::of(TestIssuer::eddsa())
    }

    /// The set of this issuer.
    ///
    /// # Panics
    ///
    /// When it is an issuer of HS256, whose secret nobody publishes.
    pub fn of(issuer: TestIssuer) -> Self {
        let _must_be_there = issuer.private_key();
        Self(Arc::new(Mutex::new(State {
            newest: issuer,
            old: Vec::new(),
            is_failing: false,
            delay: Duration::ZERO,
            fetches: 0,
        })))
    }

    /// Starts a layer that fetches its keys from here, and takes the time of its tokens from
    /// [`clock`](Self::clock).
    ///
    /// It fetches in a task of tokio's: build it in a runtime, or the first request starts that.
    pub fn layer(&self) -> JwtAuthBuilder {
        let builder = self.state().newest.keyless_layer();
        builder.jwks_url(URL).jwks_fetcher(self.clone())
    }

    /// The issuer with its newest key. It stays as it is when the keys rotate, so that one that was
    /// kept mints the tokens of an old key.
    pub fn issuer(&self) -> TestIssuer {
        self.state().newest.clone()
    }

    /// A valid token, signed with the newest key: [`TestIssuer::token`].
    pub fn token(&self, user_id: &str) -> String {
        self.issuer().token(user_id)
    }

    /// Starts a token of the newest key: [`TestIssuer::token_for`].
    pub fn token_for(&self, user_id: &str) -> TestToken {
        self.issuer().token_for(user_id)
    }

    /// The clock by which the tokens expire.
    pub fn clock(&self) -> TestClock {
        self.state().newest.clock().clone()
    }

    /// Makes a new key, which signs from now on. The ones before it stay listed, until
    /// [`retire_old`](Self::retire_old).
    ///
    /// A layer hears of it when a token names it, or when it next fetches the set.
    pub fn rotate(&self) {
        let mut state = self.state();
        let new = state.newest.with_new_key();
        let old = std::mem::replace(&mut state.newest, new);
        state.old.push(old);
    }

    /// Lists the newest key alone. A layer that has the others forgets them when it next fetches the
    /// set, and refuses their tokens for `unknown_key` then.
    pub fn retire_old(&self) {
        self.state().old.clear();
    }

    /// Lets fetches fail, or succeed again.
    pub fn fail(&self, is_failing: bool) {
        self.state().is_failing = is_failing;
    }

    /// Lets fetches take this long, by tokio's clock. What they bring is what stands here when they
    /// end.
    ///
    /// A layer gives up on one after five seconds.
    pub fn delay(&self, delay: Duration) {
        self.state().delay = delay;
    }

    /// How many fetches have begun.
    pub fn fetches(&self) -> usize {
        self.state().fetches
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self) -> Duration {
        let mut state = self.state();
        state.fetches += 1;
        state.delay
    }

    fn answer(&self) -> Result<FetchedJwks, FetchError> {
        let state = self.state();
        if state.is_failing {
            return Err(FetchError::new("TestJwks::fail was said"));
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
            tokio::time::sleep(self.begin()).await;
            self.answer()
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
