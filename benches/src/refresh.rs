//! The latency of single requests while the key set is fetched repeatedly.

use std::{
    future::Future,
    hint::black_box,
    pin::Pin,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tower::Layer;
use tower_jwt_auth::{
    JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::{
    keys::{Alg, SigningKey},
    requests::Requests,
    rounds::Plan,
    service::{Noop, ask},
    tokens::Naming,
};

/// The response time of the issuer.
const FETCH_TIME: Duration = Duration::from_millis(20);

/// An upper bound for the time to read the keys.
const READ_TIME: Duration = Duration::from_millis(10);

/// The shortest time to live that the builder accepts.
const MIN_TTL: Duration = Duration::from_secs(1);

/// The nanoseconds of each quantile: without fetches, with a fetch every second, and for the requests
/// during such a fetch.
pub fn measure(plan: Plan) -> Value {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .expect("a runtime");
    let key = SigningKey::new(Alg::EdDsa);
    let mut requests = Requests::own(&key.tokens(Naming::Anonymous));
    let window = plan.slice * 75; // three seconds: two or three fetches
    let mut steady = Vec::new();
    let mut refreshed = Vec::new();
    let mut during = Vec::new();
    for _ in 0..plan.runs {
        steady.extend(
            run(
                &runtime,
                &key,
                Duration::from_secs(600),
                window,
                &mut requests,
            )
            .all,
        );
        let latencies = run(&runtime, &key, MIN_TTL, window, &mut requests);
        refreshed.extend(latencies.all);
        during.extend(latencies.during);
    }
    json!({
        "without": quantiles(steady),
        "with": quantiles(refreshed),
        "during": quantiles(during),
    })
}

struct Latencies {
    all: Vec<u64>,
    during: Vec<u64>,
}

fn run(
    runtime: &Runtime,
    key: &SigningKey,
    ttl: Duration,
    window: Duration,
    requests: &mut Requests,
) -> Latencies {
    let fetches = Arc::new(Mutex::new(Vec::new()));
    let auth = {
        let _context = runtime.enter();
        JwtAuthLayer::builder()
            .jwks_url("https://app.example.com/jwks")
            .jwks_fetcher(SlowFetcher {
                jwks: jwks_of_many(key),
                fetches: Arc::clone(&fetches),
            })
            .jwks_ttl(ttl)
            .allow_any_audience()
            .build()
            .expect("the configuration is valid")
    };
    runtime
        .block_on(auth.ready())
        .expect("the keys are fetched");
    let mut service = auth.layer(Noop);
    let begin = Instant::now();
    let mut times = Vec::new();
    while begin.elapsed() < window {
        let request = requests.make::<()>();
        let start = Instant::now();
        let response = black_box(ask(&mut service, request));
        times.push((start, start.elapsed()));
        assert!(response.status().is_success());
    }
    let fetches = fetches.lock().expect("no thread panics");
    let nanos = |took: Duration| u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
    let is_during = |start: Instant| {
        fetches
            .iter()
            .any(|&fetch| start >= fetch && start < fetch + FETCH_TIME + READ_TIME)
    };
    Latencies {
        all: times.iter().map(|&(_, took)| nanos(took)).collect(),
        during: times
            .iter()
            .filter(|(start, _)| is_during(*start))
            .map(|&(_, took)| nanos(took))
            .collect(),
    }
}

/// A set of many keys. The last key signs the tokens.
fn jwks_of_many(key: &SigningKey) -> String {
    let keys_of = |key: &SigningKey| -> Value {
        serde_json::from_str::<Value>(&key.jwks()).expect("it is JSON")["keys"][0].clone()
    };
    let mut keys: Vec<_> = (0..20)
        .map(|other: u32| {
            let mut jwk = keys_of(&SigningKey::new(Alg::Es256));
            jwk["kid"] = format!("other-{other}").into();
            jwk
        })
        .collect();
    keys.push(keys_of(key));
    json!({ "keys": keys }).to_string()
}

struct SlowFetcher {
    jwks: String,
    fetches: Arc<Mutex<Vec<Instant>>>,
}

impl JwksFetch for SlowFetcher {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async {
            self.fetches
                .lock()
                .expect("no thread panics")
                .push(Instant::now());
            tokio::time::sleep(FETCH_TIME).await;
            Ok(FetchedJwks::new(self.jwks.clone()))
        })
    }
}

fn quantiles(mut latencies: Vec<u64>) -> Value {
    latencies.sort_unstable();
    let at = |share: f64| {
        let index = (latencies.len() as f64 * share) as usize;
        latencies.get(index.min(latencies.len().saturating_sub(1)))
    };
    json!({ "requests": latencies.len(), "p50": at(0.5), "p99": at(0.99), "p999": at(0.999) })
}
