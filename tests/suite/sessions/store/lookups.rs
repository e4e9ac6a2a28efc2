//! When a store is asked, and its failures.

use std::{
    pin::{Pin, pin},
    sync::atomic::Ordering,
    thread,
    time::Duration,
};

use http::{Request, header::AUTHORIZATION};
use tokio::{
    task::JoinSet,
    time::{Instant, sleep, timeout},
};
use tower_jwt_auth::{
    BetterAuthSessions, JwtAuthLayer,
    sessions::{SessionStore, SessionStoreError},
};

use super::{Found, ORIGIN, Store, UNAVAILABLE, valid};
use crate::{
    events::{Captured, told},
    sessions::{
        server::{self, SECRET, ask, authenticate, cookie, layer, signed, token},
        settings::assert_problem,
    },
};

const SHORT: Duration = Duration::from_millis(50);

async fn ask_all(layer: &JwtAuthLayer, cookies: impl Iterator<Item = String>) -> Vec<String> {
    let mut asking = JoinSet::new();
    for cookie in cookies {
        let layer = layer.clone();
        asking.spawn(async move { ask(&layer, &cookie).await.unwrap() });
    }
    asking.join_all().await
}

#[tokio::test]
async fn a_store_gets_the_token_without_its_mac() {
    let store = Store::new(valid);
    let layer = layer(store.sessions().raw_tokens());
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    for bearer in [signed(&token(2), SECRET), token(3)] {
        let request = Request::builder().header(AUTHORIZATION, format!("Bearer {bearer}"));
        let user = authenticate(&layer, request.body(()).unwrap()).await;
        let user = user.unwrap().unwrap();
        assert_eq!(user.issuer(), Some(ORIGIN));
    }
    let tokens = store.0.tokens.lock().unwrap().clone();
    assert_eq!(tokens, [token(1), token(2), token(3)]);
}

#[tokio::test]
async fn a_forged_token_never_reaches_a_store() {
    let store = Store::new(valid);
    let forged = signed(&token(1), "another-secret-0123456789abcdefghijk");
    let cookie = format!("better-auth.session_token={}", server::encoded(&forged));
    assert_eq!(ask(&store.layer(), &cookie).await, Err("session_signature"));
    assert_eq!(store.lookups(), 0);
}

#[tokio::test]
async fn a_store_is_asked_for_each_request() {
    let store = Store::new(valid);
    let layer = store.layer();
    for lookups in 1..=3 {
        assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
        assert_eq!(store.lookups(), lookups);
    }
    store.set(|_| Ok(None));
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    // Unless answers may be older.
    store.set(valid);
    let layer = server::layer(store.sessions().fresh_for(Duration::from_secs(60)));
    for _ in 0..3 {
        assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    }
    assert_eq!(store.lookups(), 5);
}

#[tokio::test]
async fn concurrent_requests_with_one_session_share_a_lookup() {
    let store = Store::slow(SHORT, valid);
    let asked = ask_all(&store.layer(), (0..1_000).map(|_| cookie(1))).await;
    assert_eq!(asked, vec!["user-1"; 1_000]);
    assert_eq!(store.lookups(), 1);
}

#[tokio::test]
async fn at_most_64_lookups_of_a_store_run_at_a_time() {
    type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;
    let rows: [(Configure, usize); 2] = [(|it| it, 64), (|it| it.max_lookups(3), 3)];
    for (configure, most) in rows {
        let store = Store::slow(Duration::from_millis(10), valid);
        let layer = layer(configure(store.sessions()));
        ask_all(&layer, (0..200).map(cookie)).await;
        assert_eq!(store.lookups(), 200);
        assert_eq!(store.0.most.load(Ordering::Relaxed), most);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_store_is_given_up_after_two_seconds() {
    let store = Store::slow(Duration::from_millis(1_900), valid);
    assert_eq!(
        ask(&store.layer(), &cookie(1)).await,
        Ok("user-1".to_owned())
    );
    let store = Store::slow(Duration::from_secs(3_600), valid);
    let layer = store.layer();
    // The timeouts open the breaker.
    for lookups in [1, 2, 3, 4, 5, 5, 5] {
        let start = Instant::now();
        assert_eq!(ask(&layer, &cookie(1)).await, UNAVAILABLE);
        let elapsed = start.elapsed();
        assert!(elapsed <= Duration::from_millis(2_010), "{elapsed:?}");
        assert_eq!(store.lookups(), lookups);
    }
}

/// Returns the session as it was a moment before the answer arrives.
struct Replica(Store);

impl SessionStore for Replica {
    fn find<'a>(&'a self, token: &'a str) -> Pin<Box<dyn Future<Output = Found> + Send + 'a>> {
        Box::pin(async move {
            let found = self.0.find(token).await;
            sleep(SHORT).await;
            found
        })
    }
}

/// A handler blocks the only thread, and the user signs out elsewhere.
#[tokio::test]
async fn an_answer_that_arrives_after_two_seconds_is_not_used() {
    let store = Store::new(valid);
    let sessions = BetterAuthSessions::store(Replica(store.clone()), ORIGIN).secret(SECRET);
    let layer = layer(sessions);
    let cookie = cookie(1);
    let mut first = pin!(ask(&layer, &cookie));
    assert!(timeout(SHORT / 2, &mut first).await.is_err());
    store.set(|_| Ok(None));
    thread::sleep(Duration::from_millis(2_100));
    assert_eq!(ask(&layer, &cookie).await, UNAVAILABLE);
    assert_eq!(first.await, UNAVAILABLE);
    assert_eq!(ask(&layer, &cookie).await, Err("session"));
}

#[tokio::test]
async fn a_panic_of_a_store_causes_503_and_is_logged() {
    let store = Store::slow(SHORT, |_| panic!("a bug of the store"));
    let layer = store.layer();
    let events = Captured::start();
    for _ in 0..10 {
        let cookie = cookie(1);
        let asked = timeout(Duration::from_secs(5), ask(&layer, &cookie)).await;
        assert_eq!(asked, Ok(UNAVAILABLE));
    }
    assert_eq!(store.lookups(), 10);
    let warnings = events.at("WARN");
    assert_eq!(warnings.len(), told(), "{warnings:?}");
    assert!(warnings.iter().all(|it| it.contains("the lookup panicked")));
    store.set(valid);
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn only_an_unreachable_store_opens_the_breaker() {
    type CreateError = fn(&'static str) -> SessionStoreError;
    let rows: [(CreateError, usize); 2] = [
        (SessionStoreError::unreachable, 5),
        (SessionStoreError::new, 20),
    ];
    for (error, lookups) in rows {
        let store = Store::new(move |_| Err(error("relation \"session\" does not exist")));
        let layer = store.layer();
        let events = Captured::start();
        for number in 0..20 {
            assert_eq!(ask(&layer, &cookie(number)).await, UNAVAILABLE);
        }
        assert_eq!(store.lookups(), lookups);
        let warnings = events.at("WARN");
        assert_eq!(warnings.len(), told(), "{warnings:?}");
        for part in ["the session store", "relation \"session\" does not exist"] {
            assert!(
                warnings.iter().all(|it| it.contains(part)),
                "{part}: {warnings:?}"
            );
        }
    }
}

#[test]
fn a_store_needs_the_secret_and_has_no_url() {
    let store = Store::new(valid);
    type Configure = fn(BetterAuthSessions) -> BetterAuthSessions;
    let secret = |it: BetterAuthSessions| it.secret(SECRET);
    let rows: [(&str, Configure, &[&str]); 5] = [
        ("the secret", secret, &[]),
        ("no secret", |it| it, &[".secret(…)", "BETTER_AUTH_SECRET"]),
        (
            "raw tokens have no MAC",
            |it| it.raw_tokens(),
            &[".secret(…)"],
        ),
        (
            "a URL",
            |it| {
                it.secret(SECRET)
                    .session_url("https://a.example/get-session")
            },
            &[".session_url(…)", "no effect", "remove"],
        ),
        (
            "plain HTTP",
            |it| it.secret(SECRET).allow_http(),
            &[".allow_http()", "no effect", "remove"],
        ),
    ];
    for (row, configure, parts) in rows {
        let sessions = configure(BetterAuthSessions::store(store.clone(), ORIGIN));
        let builder = JwtAuthLayer::builder().sessions(sessions);
        assert_problem(row, builder, parts);
    }
}
