//! A clock that jumps back and forth by hours, as on a machine that wakes up or changes its time.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use tokio::task::JoinSet;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, SharedKeys};

use crate::{
    jwks::support::key,
    key_source::secret_file::Folder,
    support::{
        key_server::{KeyServer, Mode},
        signing_keys::jwks,
        *,
    },
};

const HOUR: u64 = 60 * 60;

thread_local! {
    /// The times that the clock returned on this thread.
    static READINGS: RefCell<Vec<SystemTime>> = const { RefCell::new(Vec::new()) };
}

/// Returns another time for each call: mostly within hours of [`NOW`], often within a second of a
/// time in a token, and sometimes a time that no valid clock returns.
fn jumping() -> SystemTime {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    // Steps of a large prime reach every second, in no obvious order.
    let jump = count.wrapping_mul(2_654_435_761);
    let time = match count % 10 {
        0..6 => at(NOW - 4 * HOUR + jump % (8 * HOUR)),
        6 | 7 => at(NOW + 600 - 1 + jump % 3),
        8 => at(NOW - 2 * HOUR - 1 + jump % 3),
        _ => match jump % 4 {
            0 => UNIX_EPOCH,
            1 => UNIX_EPOCH - Duration::from_secs(HOUR),
            2 => at(u64::from(u32::MAX)),
            _ => at(253_402_300_800), // the year 10,000
        },
    };
    READINGS.with_borrow_mut(|all| all.push(time));
    time
}

/// `nbf` and `exp` of each token.
const WINDOWS: [(u64, u64); 4] = [
    (0, NOW + 600),
    (NOW - 2 * HOUR, NOW + 600),
    (0, NOW - 2 * HOUR),
    (NOW + 600, NOW + 3 * HOUR),
];

fn expected((nbf, exp): (u64, u64), time: SystemTime) -> &'static str {
    // A time before the epoch comes from a broken clock, and all tokens have expired.
    let now = time.duration_since(UNIX_EPOCH);
    let now = now.map_or(u64::MAX, |since| since.as_secs());
    if now >= exp {
        "expired"
    } else if now < nbf {
        "not_yet_valid"
    } else {
        "accepted"
    }
}

/// Two threads send the tokens while the clock jumps. Each result must match the time that the
/// clock returned for it.
fn assert_results_match_the_clock(way: &str, layer: &JwtAuthLayer, tokens: &[String; 4]) {
    let verify = || {
        let mut results = BTreeMap::new();
        for turn in 0..5_000 {
            let (window, token) = (WINDOWS[turn % 4], &tokens[turn % 4]);
            READINGS.with_borrow_mut(Vec::clear);
            let result = reason(layer, token);
            let readings = READINGS.with_borrow(Clone::clone);
            let [time] = readings[..] else {
                panic!("{way}: not one reading for one result: {readings:?}")
            };
            assert_eq!(
                result,
                expected(window, time),
                "{way}: {window:?} at {time:?}"
            );
            *results.entry(result).or_insert(0) += 1;
        }
        results
    };
    let results = thread::scope(|scope| {
        let threads = [(); 2].map(|()| scope.spawn(verify));
        threads.map(|thread| thread.join().unwrap())
    });
    println!("{way}: {results:?}");
    for results in results {
        for result in ["accepted", "expired", "not_yet_valid"] {
            assert!(results[result] > 500, "{way}: {results:?}");
        }
    }
}

/// A token for each window.
fn tokens(sign: impl Fn(&serde_json::Value) -> String) -> [String; 4] {
    WINDOWS.map(|(nbf, exp)| {
        let times = json!({ "nbf": nbf, "exp": exp, "iat": NOW - HOUR });
        sign(&claims_with(times))
    })
}

fn with_jumping_clock() -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .leeway(Duration::ZERO)
        .clock(jumping)
}

#[test]
fn times_are_checked_against_one_clock_reading_with_a_secret() {
    let folder = Folder::new("clock_jumps");
    fs::write(folder.path("secrets"), SECRET).unwrap();
    for (way, builder) in [
        ("a secret", with_jumping_clock().secret(SECRET)),
        (
            "a secret file",
            with_jumping_clock().secret_from_file(folder.path("secrets")),
        ),
    ] {
        assert_results_match_the_clock(way, &builder.build().unwrap(), &tokens(token));
    }
}

#[test]
fn times_are_checked_against_one_clock_reading_with_a_key() {
    let signer = key("1");
    let set = KeySet::from_jwks(&jwks([&signer])).unwrap();
    let builder = with_jumping_clock()
        .shared_keys(SharedKeys::new(set))
        .allow_any_audience();
    let tokens = tokens(|claims| signer.token(claims));
    assert_results_match_the_clock("shared keys", &builder.build().unwrap(), &tokens);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn clock_jumps_neither_expire_nor_refetch_keys() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let builder = with_jumping_clock().jwks_url(server.url());
    let layer = builder.allow_any_audience().build().unwrap();
    layer.ready().await.unwrap();
    let tokens = tokens(|claims| signer.token(claims));
    tokio::task::block_in_place(|| {
        assert_results_match_the_clock("fetched keys", &layer, &tokens);
    });
    assert_eq!(server.count(), 1);

    // `iat` of a token with an unknown key does not matter.
    let stranger = key("2");
    for iat in [0, NOW - HOUR, NOW, NOW + 4 * HOUR] {
        let exp = u64::from(u32::MAX) * 2;
        let token = stranger.token(&claims_with(json!({ "iat": iat, "exp": exp })));
        for _ in 0..20 {
            let reason = reason(&layer, &token);
            assert!(
                ["unknown_key", "expired"].contains(&reason),
                "{iat}: {reason}"
            );
        }
    }
    assert!(server.count() <= 2, "{}", server.count());
    assert_eq!(layer.jwks_health()[0].keys, 1);
}

#[tokio::test]
async fn extreme_times_do_not_panic_with_an_unknown_key() {
    let [known, stranger] = ["1", "2"].map(key);
    let server = KeyServer::start(Mode::Set(jwks([&known]))).await;
    let stranger = Arc::new(stranger);
    let mut cases = JoinSet::new();
    for now in [UNIX_EPOCH, at(1), at(NOW), at(253_402_300_799)] {
        let (url, stranger) = (server.url(), Arc::clone(&stranger));
        cases.spawn(async move {
            let builder = any_audience().clock(move || now);
            let builder = builder.jwks_url(url).jwks_cooldown(Duration::from_secs(1));
            let layer = builder.build().unwrap();
            layer.ready().await.unwrap();
            for iat in [json!(0), json!(1e300), json!(NOW), json!(9_999_999_999_u64)] {
                let claims = claims_with(json!({ "iat": iat, "exp": 253_402_300_799_u64 }));
                let request = with_bearer(&stranger.token(&claims));
                let answer = ask(layer.clone(), request).await.reason();
                let is_rejected = ["unknown_key", "expired"].contains(&answer);
                assert!(is_rejected, "{now:?}, {iat}: {answer}");
            }
        });
    }
    cases.join_all().await;
}
