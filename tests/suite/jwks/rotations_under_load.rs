//! Keys that rotate 1,000 times during 100,000 requests of two threads. Tokens whose key stays in
//! the set are never rejected, and tokens whose key was removed are never accepted.

use std::{
    future::{Future, ready},
    ops::AddAssign,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use tokio::time::sleep;
use tower_jwt_auth::{
    JwtAuthLayer, KeySet, SharedKeys,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::{
    jwks::support::key,
    support::{
        signing_keys::{SigningKey, jwks},
        *,
    },
};

const ROTATIONS: usize = 1000;
const REQUESTS: usize = 100_000;

/// The number of keys. After as many rotations, the issuer uses the first key again.
const KEYS: usize = 20;

/// An issuer whose set contains the current key and the next one.
struct Issuer {
    keys: Vec<SigningKey>,
    tokens: Vec<String>,
    /// The latest rotation that has started.
    started: AtomicUsize,
    /// The latest rotation that the layer has applied.
    applied: AtomicUsize,
    requests: AtomicUsize,
    is_closed: AtomicBool,
}

impl Issuer {
    fn new() -> Self {
        let keys: Vec<_> = (0..KEYS).map(|number| key(&number.to_string())).collect();
        let tokens = keys.iter().map(|key| key.token(&claims())).collect();
        Self {
            keys,
            tokens,
            started: AtomicUsize::new(0),
            applied: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
            is_closed: AtomicBool::new(false),
        }
    }

    fn is_listed(number: usize, rotation: usize) -> bool {
        [rotation, rotation + 1]
            .map(|listed| listed % KEYS)
            .contains(&number)
    }

    fn jwks(&self, rotation: usize) -> String {
        let listed = |number: &usize| Self::is_listed(*number, rotation);
        jwks((0..KEYS).filter(listed).map(|number| &self.keys[number]))
    }

    /// Starts the next rotation after its share of the requests.
    fn start_rotation(&self) -> usize {
        let rotation = self.started.load(SeqCst) + 1;
        let start = Instant::now();
        while self.requests.load(SeqCst) < rotation * (REQUESTS / ROTATIONS) {
            assert!(start.elapsed().as_secs() < 20, "no thread sends requests");
            thread::yield_now();
        }
        self.started.store(rotation, SeqCst);
        rotation
    }

    /// Sends tokens until the last rotation has been applied and enough requests were sent.
    fn send(&self, ask: impl Fn(&str) -> &'static str) -> Tally {
        let mut tally = Tally::default();
        while !self.is_closed.load(SeqCst) || self.requests.load(SeqCst) < REQUESTS {
            let count = self.requests.fetch_add(1, SeqCst);
            let first = self.applied.load(SeqCst);
            // In turn: the current key, the next key, the last removed key, and any key.
            let number = match count % 4 {
                0 => first % KEYS,
                1 => (first + 1) % KEYS,
                2 => (first + KEYS - 1) % KEYS,
                _ => count / 4 % KEYS,
            };
            let answer = ask(&self.tokens[number]);
            let last = self.started.load(SeqCst);
            let listed = (first..=last).filter(|rotation| Self::is_listed(number, *rotation));
            let failure = || format!("key {number} between rotations {first} and {last}: {answer}");
            match (listed.count(), answer) {
                (0, "unknown_key") => tally.revoked += 1,
                (all, "accepted") if all == last - first + 1 => tally.valid += 1,
                (some, "accepted" | "unknown_key") if some > 0 && some <= last - first => {
                    tally.either += 1;
                }
                _ => panic!("{}", failure()),
            }
            // Wait for the rotations, so that they happen during the requests.
            while !self.is_closed.load(SeqCst)
                && self.requests.load(SeqCst) > (last + 2) * (REQUESTS / ROTATIONS)
                && self.applied.load(SeqCst) == first
            {
                thread::yield_now();
            }
        }
        tally
    }

    /// Rotates the keys while two threads send requests.
    fn run(&self, ask: impl Fn(&str) -> &'static str + Sync, rotate: impl FnOnce()) -> Tally {
        thread::scope(|scope| {
            let threads = [(); 2].map(|()| scope.spawn(|| self.send(&ask)));
            let closing = Closing(self);
            rotate();
            drop(closing);
            let mut sum = Tally::default();
            for thread in threads {
                sum += thread.join().unwrap();
            }
            sum
        })
    }
}

/// Stops the threads even if a rotation panics.
struct Closing<'a>(&'a Issuer);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.is_closed.store(true, SeqCst);
    }
}

/// The number of requests by their result.
#[derive(Debug, Default)]
struct Tally {
    /// Accepted: the key was in the set during the whole request.
    valid: usize,
    /// Rejected: the key was never in the set during the request.
    revoked: usize,
    /// Either: the set gained or lost the key during the request.
    either: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.valid += other.valid;
        self.revoked += other.revoked;
        self.either += other.either;
    }
}

impl Tally {
    fn assert_tested(&self, way: &str) {
        println!("{way}: {ROTATIONS} rotations, {self:?}");
        let sum = self.valid + self.revoked + self.either;
        assert!(sum >= REQUESTS, "{way}: {self:?}");
        assert!(self.valid > sum / 10, "{way}: {self:?}");
        assert!(self.revoked > sum / 10, "{way}: {self:?}");
    }
}

/// Returns the reason of a request that does not wait, because the layer has its keys.
fn reason_without_waiting(layer: &JwtAuthLayer, token: &str) -> &'static str {
    let answer = pin!(ask(layer.clone(), with_bearer(token)));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.reason(),
        Poll::Pending => panic!("the request waits"),
    }
}

#[test]
fn requests_are_verified_correctly_while_shared_keys_rotate() {
    let issuer = Issuer::new();
    let sets: Vec<_> = (0..KEYS)
        .map(|rotation| KeySet::from_jwks(&issuer.jwks(rotation)).unwrap())
        .collect();
    let keys = SharedKeys::new(sets[0].clone());
    let layer = any_audience().shared_keys(keys.clone()).build().unwrap();
    let tally = issuer.run(
        |token| reason_without_waiting(&layer, token),
        || {
            for _ in 0..ROTATIONS {
                let rotation = issuer.start_rotation();
                keys.replace(sets[rotation % KEYS].clone());
                issuer.applied.store(rotation, SeqCst);
            }
        },
    );
    tally.assert_tested("shared keys");
}

/// A fetcher that returns the current set.
struct Published(Arc<Issuer>);

impl JwksFetch for Published {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        let set = self.0.jwks(self.0.started.load(SeqCst));
        Box::pin(ready(Ok(FetchedJwks::new(set))))
    }
}

#[test]
fn tokens_are_verified_correctly_while_fetched_keys_rotate() {
    let issuer = Arc::new(Issuer::new());
    // Fetches are a second apart, so the fetching task runs on a paused clock.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let layer = any_audience()
        .jwks_url("https://app.example.com/keys")
        .jwks_fetcher(Published(Arc::clone(&issuer)))
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    runtime.block_on(layer.ready()).unwrap();
    let fetches = || layer.jwks_health()[0].fetches;
    let tally = issuer.run(
        |token| {
            let _clock = runtime.enter();
            reason(&layer, token)
        },
        || {
            for _ in 0..ROTATIONS {
                let rotation = issuer.start_rotation();
                // A fetch may have started before the rotation.
                let enough = fetches() + 2;
                runtime.block_on(async {
                    while fetches() < enough {
                        sleep(Duration::from_millis(200)).await;
                    }
                });
                issuer.applied.store(rotation, SeqCst);
            }
        },
    );
    println!("{} fetches", fetches());
    tally.assert_tested("fetched keys");
}
