//! Keys that rotate a thousand times under a hundred thousand requests of two threads: what is
//! valid all the while is never refused, and what is revoked is never accepted after that.

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

/// The keys of the issuer come again after so many rotations.
const KEYS: usize = 20;

/// An issuer whose set is, after each rotation, the key that was next and the one that is next.
struct Issuer {
    keys: Vec<SigningKey>,
    tokens: Vec<String>,
    /// The latest rotation that has begun, and the latest that is known to be over.
    begun: AtomicUsize,
    over: AtomicUsize,
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
            begun: AtomicUsize::new(0),
            over: AtomicUsize::new(0),
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

    /// Begins the next rotation, once its share of the requests has come.
    fn begin(&self) -> usize {
        let rotation = self.begun.load(SeqCst) + 1;
        let start = Instant::now();
        while self.requests.load(SeqCst) < rotation * (REQUESTS / ROTATIONS) {
            assert!(start.elapsed().as_secs() < 20, "nobody sends any more");
            thread::yield_now();
        }
        self.begun.store(rotation, SeqCst);
        rotation
    }

    /// Sends tokens until the last rotation is over, and all that were to be sent.
    fn send(&self, ask: impl Fn(&str) -> &'static str) -> Tally {
        let mut tally = Tally::default();
        while !self.is_closed.load(SeqCst) || self.requests.load(SeqCst) < REQUESTS {
            let count = self.requests.fetch_add(1, SeqCst);
            let first = self.over.load(SeqCst);
            // The one that is to go next, the next, the last that went, and all others in turn.
            let number = match count % 4 {
                0 => first % KEYS,
                1 => (first + 1) % KEYS,
                2 => (first + KEYS - 1) % KEYS,
                _ => count / 4 % KEYS,
            };
            let answer = ask(&self.tokens[number]);
            let last = self.begun.load(SeqCst);
            let listed = (first..=last).filter(|rotation| Self::is_listed(number, *rotation));
            let told = || format!("key {number} between rotations {first} and {last}: {answer}");
            match (listed.count(), answer) {
                (0, "unknown_key") => tally.revoked += 1,
                (all, "accepted") if all == last - first + 1 => tally.valid += 1,
                (some, "accepted" | "unknown_key") if some > 0 && some <= last - first => {
                    tally.either += 1;
                }
                _ => panic!("{}", told()),
            }
            // Not so far ahead that the rotations come after the requests.
            while !self.is_closed.load(SeqCst)
                && self.requests.load(SeqCst) > (last + 2) * (REQUESTS / ROTATIONS)
                && self.over.load(SeqCst) == first
            {
                thread::yield_now();
            }
        }
        tally
    }

    /// Two threads send while the rotations are made.
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

/// Lets the threads come to an end, however the rotations did.
struct Closing<'a>(&'a Issuer);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.is_closed.store(true, SeqCst);
    }
}

/// How often a request was made with a key that was listed all the while, and accepted; with one
/// that was not, and refused; with one that came or went meanwhile.
#[derive(Debug, Default)]
struct Tally {
    valid: usize,
    revoked: usize,
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

/// What a request over HTTP is answered, by a layer that holds keys and so never waits.
fn reason_at_once(layer: &JwtAuthLayer, token: &str) -> &'static str {
    let answer = pin!(ask(layer.clone(), with_bearer(token)));
    match answer.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer.reason(),
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn requests_are_verified_correctly_while_shared_keys_rotate() {
    let issuer = Issuer::new();
    let sets: Vec<_> = (0..KEYS)
        .map(|rotation| KeySet::from_jwks(&issuer.jwks(rotation)).unwrap())
        .collect();
    let keys = SharedKeys::new(sets[0].clone());
    let layer = keyless().shared_keys(keys.clone()).build().unwrap();
    let tally = issuer.run(
        |token| reason_at_once(&layer, token),
        || {
            for _ in 0..ROTATIONS {
                let rotation = issuer.begin();
                keys.replace(sets[rotation % KEYS].clone());
                issuer.over.store(rotation, SeqCst);
            }
        },
    );
    tally.assert_tested("shared keys");
}

/// Each fetch is answered with the set that is listed then.
struct Published(Arc<Issuer>);

impl JwksFetch for Published {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        let set = self.0.jwks(self.0.begun.load(SeqCst));
        Box::pin(ready(Ok(FetchedJwks::new(set))))
    }
}

#[test]
fn tokens_are_verified_correctly_while_fetched_keys_rotate() {
    let issuer = Arc::new(Issuer::new());
    // Fetches are a second apart, so the time of the task that fetches is one that passes at once.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let layer = keyless()
        .jwks_url("https://app.example.com/keys")
        .jwks_fetcher(Published(Arc::clone(&issuer)))
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    runtime.block_on(layer.ready()).unwrap();
    let fetches = || layer.jwks_health()[0].fetches;
    let tally = issuer.run(
        |token| {
            let _time = runtime.enter();
            reason(&layer, token)
        },
        || {
            for _ in 0..ROTATIONS {
                let rotation = issuer.begin();
                // One may have begun before.
                let enough = fetches() + 2;
                runtime.block_on(async {
                    while fetches() < enough {
                        sleep(Duration::from_millis(200)).await;
                    }
                });
                issuer.over.store(rotation, SeqCst);
            }
        },
    );
    println!("{} fetches", fetches());
    tally.assert_tested("fetched keys");
}
