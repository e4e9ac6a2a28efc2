//! Measures how the layer scales to two threads, compared with a bare HMAC, and the latency of requests
//! while keys are fetched. Prints JSON.
//!
//! ```sh
//! cargo bench -p tower-jwt-auth-benches --bench scaling
//! ```

use std::{
    hint::black_box,
    sync::Barrier,
    thread,
    time::{Duration, Instant},
};

use hmac::Mac;
use serde_json::json;
use tower::Layer;
use tower_jwt_auth::JwtAuthLayer;
use tower_jwt_auth_benches::{
    keys::{Alg, SigningKey, prepared_hmac},
    layers, refresh,
    requests::Requests,
    rounds::{Lane, Plan, measure},
    service::{Noop, ask},
    tokens::Naming,
};

fn main() {
    let plan = Plan::from_args();
    let key = SigningKey::new(Alg::Hs256);
    let tokens = key.tokens(Naming::Anonymous);
    let inputs: Vec<_> = tokens
        .iter()
        .map(|token| token.rsplit_once('.').expect("a token has dots").0)
        .collect();
    let auth = layers::jwt_auth(&key, Naming::Anonymous);
    let cached = layers::with_cache(&key, Naming::Anonymous, &tokens);
    let requests = |auth: &JwtAuthLayer| {
        let (mut service, mut requests) = (auth.layer(Noop), Requests::own(&tokens));
        move || drop(black_box(ask(&mut service, requests.make::<()>())))
    };
    let (layer, cached) = (|| requests(&auth), || requests(&cached));
    let hmac = || {
        let (prepared, mut inputs) = (prepared_hmac(), inputs.iter().cycle());
        move || {
            let input = inputs.next().expect("a cycle has no end");
            black_box(prepared.clone().chain_update(input).finalize());
        }
    };
    let lanes = vec![
        Lane::new("layer_1_thread", |times| on_threads(1, times, layer)),
        Lane::new("hmac_1_thread", |times| on_threads(1, times, hmac)),
        Lane::new("cached_1_thread", |times| on_threads(1, times, cached)),
        Lane::new("layer_2_threads", |times| on_threads(2, times, layer)),
        Lane::new("hmac_2_threads", |times| on_threads(2, times, hmac)),
        Lane::new("cached_2_threads", |times| on_threads(2, times, cached)),
    ];
    let threads = measure(plan, lanes);
    let refresh = refresh::measure(plan);
    println!("{}", json!({ "threads": threads, "refresh": refresh }));
}

/// The time for this many steps on each thread, from the first start to the last end. The threads
/// measure it themselves, because the main thread may wake up late.
fn on_threads<S: FnMut()>(threads: usize, times: u64, prepare: impl Fn() -> S + Sync) -> Duration {
    let barrier = Barrier::new(threads);
    let work = || {
        let mut step = prepare();
        barrier.wait();
        let start = Instant::now();
        for _ in 0..times {
            step();
        }
        (start, Instant::now())
    };
    let spans: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let join =
            |worker: thread::ScopedJoinHandle<'_, _>| worker.join().expect("no thread panics");
        workers.into_iter().map(join).collect()
    });
    let first = spans.iter().map(|&(start, _)| start).min();
    let last = spans.iter().map(|&(_, end)| end).max();
    last.zip(first)
        .map(|(last, first)| last - first)
        .expect("there is a thread")
}
