//! Tokens that name a key which is not held: fetched once, bounded, and in nobody's way.

use std::{
    convert::Infallible,
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};
use tower::{Layer, Service, ServiceBuilder, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, TokenError};

use super::{
    fetched_keys::{from_url, key, until},
    key_server::{KeyServer, Mode},
    signing_keys::{SigningKey, jwks},
    support::*,
};

/// A server and a layer that hold the first key, when the issuer has both.
async fn rotated(
    mode: impl Fn(String) -> Mode,
) -> (KeyServer, JwtAuthLayer, SigningKey, SigningKey) {
    let (old, new) = (key("old"), key("new"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    server.set(mode(jwks([&old, &new])));
    (server, layer, old, new)
}

async fn reason_over_http(layer: &JwtAuthLayer, token: &str) -> &'static str {
    ask(layer.clone(), with_bearer(token)).await.reason()
}

#[tokio::test]
async fn a_new_key_is_fetched_once_and_its_token_accepted() {
    let (server, layer, old, new) = rotated(Mode::Set).await;
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &old.token(&claims())).await,
        "accepted"
    );
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn two_hundred_and_fifty_six_requests_wait_for_one_fetch_and_the_next_is_answered_at_once() {
    let slow = |set| Mode::Slow(Duration::from_millis(400), set);
    let (server, layer, _, new) = rotated(slow).await;
    let token = new.token(&claims());
    let mut waiting = JoinSet::new();
    for _ in 0..256 {
        let (layer, token) = (layer.clone(), token.clone());
        waiting.spawn(async move { reason_over_http(&layer, &token).await });
    }
    until(async || server.count() == 2).await;
    let start = Instant::now();
    assert_eq!(reason_over_http(&layer, &token).await, "unknown_key");
    assert!(
        start.elapsed() < Duration::from_millis(200),
        "{:?}",
        start.elapsed()
    );
    let reasons = waiting.join_all().await;
    assert_eq!(reasons, vec!["accepted"; 256]);
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_request_waits_two_seconds_at_most() {
    let (_server, layer, _, new) = rotated(|_| Mode::Hang).await;
    let start = Instant::now();
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "unknown_key"
    );
    let waited = start.elapsed();
    assert!((1900..2500).contains(&waited.as_millis()), "{waited:?}");
}

#[tokio::test]
async fn a_token_that_would_be_refused_anyway_asks_for_no_fetch() {
    let (server, layer, _, new) = rotated(Mode::Set).await;
    let unknown = json!({ "alg": "EdDSA", "kid": "new" });
    for (description, token) in [
        ("expired", new.token(&claims_with(json!({ "exp": 1 })))),
        (
            "for an audience",
            new.token(&claims_with(json!({ "aud": "somebody" }))),
        ),
        ("no subject", new.token(&claims_without("sub"))),
        ("no email", new.token(&claims_without("email"))),
        ("claims that are no JSON", {
            let input = format!("{}.{}", encode(unknown.to_string()), encode("{"));
            format!("{input}.{}", encode(new.signature(input.as_bytes())))
        }),
    ] {
        assert_eq!(
            reason_over_http(&layer, &token).await,
            "unknown_key",
            "{description}"
        );
    }
    assert_eq!(server.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_invented_key_ids_make_a_handful_of_fetches_and_harm_nobody() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();

    let is_over = Arc::new(AtomicBool::new(false));
    let valid = tokio::spawn({
        let (layer, token, is_over) =
            (layer.clone(), signer.token(&claims()), Arc::clone(&is_over));
        async move {
            let mut times = Vec::new();
            while !is_over.load(Ordering::Relaxed) {
                let start = Instant::now();
                assert_eq!(reason_over_http(&layer, &token).await, "accepted");
                times.push(start.elapsed());
                tokio::task::yield_now().await;
            }
            times
        }
    });
    let start = Instant::now();
    let mut attackers = JoinSet::new();
    for attacker in 0..20 {
        let (layer, token) = (layer.clone(), signer.token(&claims()));
        let (_, rest) = token
            .split_once('.')
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        attackers.spawn(async move {
            let mut times = Vec::new();
            for attack in 0..500 {
                let header = json!({ "alg": "EdDSA", "kid": format!("{attacker}-{attack}") });
                let forged = format!("{}.{rest}", encode(header.to_string()));
                let start = Instant::now();
                assert_eq!(reason_over_http(&layer, &forged).await, "unknown_key");
                times.push(start.elapsed());
            }
            times
        });
    }
    let invented: Vec<_> = attackers.join_all().await.concat();
    let elapsed = start.elapsed();
    is_over.store(true, Ordering::Relaxed);
    let valid = valid.await.unwrap();

    // Not with `println!`, which is hidden where a test passes.
    let _ = writeln!(
        io::stderr(),
        "{} requests with invented key ids in {elapsed:?}: p99 {:?}, at most {:?}; {} valid ones: \
         p99 {:?}; {} fetches",
        invented.len(),
        p99(&invented),
        invented.iter().max().unwrap(),
        valid.len(),
        p99(&valid),
        server.count(),
    );
    let more = usize::try_from(elapsed.as_secs() / 30).unwrap();
    assert!(server.count() <= 1 + 4 + more, "{} fetches", server.count());
    let apart = Duration::from_millis(990);
    assert!(
        server.gaps().iter().all(|&gap| gap >= apart),
        "{:?}",
        server.gaps()
    );
}

fn p99(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

#[tokio::test]
async fn the_same_key_id_that_is_nowhere_is_fetched_for_once() {
    let (server, layer, _, _) = rotated(Mode::Set).await;
    let token = key("nowhere").token(&claims());
    for _ in 0..50 {
        assert_eq!(reason_over_http(&layer, &token).await, "unknown_key");
    }
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_harms_neither_the_fetch_nor_the_others() {
    let slow = |set| Mode::Slow(Duration::from_millis(400), set);
    let (server, layer, _, new) = rotated(slow).await;
    let token = new.token(&claims());
    let gone = tokio::spawn({
        let (layer, token) = (layer.clone(), token.clone());
        async move { reason_over_http(&layer, &token).await }
    });
    until(async || server.count() == 2).await;
    let stays = tokio::spawn({
        let (layer, token) = (layer.clone(), token.clone());
        async move { reason_over_http(&layer, &token).await }
    });
    sleep(Duration::from_millis(50)).await;
    gone.abort();
    assert_eq!(stays.await.unwrap(), "accepted");
    assert_eq!(server.count(), 2);
}

#[tokio::test]
async fn a_verifier_judges_at_once_or_waits_as_it_is_asked() {
    let (_server, layer, _, new) = rotated(Mode::Set).await;
    let (verifier, token) = (layer.verifier(), new.token(&claims()));
    let start = Instant::now();
    assert_eq!(verifier.verify(&token).unwrap_err(), TokenError::UnknownKey);
    assert!(start.elapsed() < Duration::from_millis(50));
    assert_eq!(
        verifier.verify_waiting(&token).await.unwrap().user_id(),
        "alice"
    );
    assert_eq!(verifier.verify(&token).unwrap().user_id(), "alice");
}

async fn own_id(request: Request<()>) -> Result<Response<Full<Bytes>>, Infallible> {
    let user = request.extensions().get::<CurrentUser>().cloned();
    let id = user.map(|user| user.user_id().to_owned());
    Ok(Response::new(Full::from(id.unwrap_or_default())))
}

#[tokio::test]
async fn a_waiting_request_holds_no_permit_of_the_inner_service() {
    let slow = |set| Mode::Slow(Duration::from_millis(500), set);
    for buffered in [false, true] {
        let (_server, layer, old, new) = rotated(slow).await;
        let limited = ServiceBuilder::new()
            .layer(layer)
            .concurrency_limit(1)
            .service(service_fn(own_id));
        let service = if buffered {
            tower::util::BoxCloneSyncService::new(
                tower::buffer::Buffer::new(limited, 8).map_err(|error| panic!("{error}")),
            )
        } else {
            tower::util::BoxCloneSyncService::new(limited)
        };
        let call = |token: String| {
            let service = service.clone();
            async move {
                service
                    .oneshot(with_bearer(&token))
                    .await
                    .unwrap()
                    .into_answer()
                    .await
            }
        };
        let waiting = tokio::spawn(call(new.token(&claims())));
        sleep(Duration::from_millis(50)).await;
        let start = Instant::now();
        let other = call(old.token(&claims())).await;
        assert_eq!(other.status(), 200, "buffered: {buffered}");
        assert!(
            start.elapsed() < Duration::from_millis(300),
            "buffered: {buffered}"
        );
        let waited = waiting.await.unwrap();
        assert_eq!(
            (waited.status().as_u16(), &*waited.body),
            (200, &b"alice"[..])
        );
    }
}

/// Panics when it is called before it was ready, and is ready at the second time of asking.
#[derive(Default)]
struct Strict {
    polled: usize,
    calls: Arc<AtomicUsize>,
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        Self {
            polled: 0,
            calls: Arc::clone(&self.calls),
        }
    }
}

impl Service<Request<()>> for Strict {
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = std::future::Ready<Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.polled += 1;
        if self.polled < 2 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        assert!(self.polled >= 2, "called before it was ready");
        self.polled = 0;
        self.calls.fetch_add(1, Ordering::Relaxed);
        std::future::ready(Ok(Response::new(Full::default())))
    }
}

#[tokio::test]
async fn the_inner_service_is_ready_when_a_request_that_waited_calls_it() {
    let (_server, layer, old, new) = rotated(Mode::Set).await;
    let inner = Strict::default();
    let calls = Arc::clone(&inner.calls);
    let mut service = layer.layer(inner);
    // The same service, again and again, as a connection has it.
    for token in [
        old.token(&claims()),
        new.token(&claims()),
        old.token(&claims()),
    ] {
        let response = service
            .ready()
            .await
            .unwrap()
            .call(with_bearer(&token))
            .await
            .unwrap();
        assert_eq!(response.status(), 200);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 3);
}

/// Two clients ask all the time, each with a token of the newest key, while an attacker invents a
/// key id every second, in this subject's name, and the issuer makes a new key.
async fn assert_rotates_under_attack(subject: fn(usize) -> String) {
    let (old, new) = (Arc::new(key("old")), Arc::new(key("new")));
    let server = KeyServer::start(Mode::Set(jwks([&*old]))).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    let has_rotated = Arc::new(AtomicBool::new(false));
    let named = |subject: &str| claims_with(json!({ "sub": subject, "iat": NOW }));

    let mut clients = JoinSet::new();
    for client in ["alice", "bob"] {
        let (layer, claims, has_rotated) = (layer.clone(), named(client), Arc::clone(&has_rotated));
        let (old, new) = (Arc::clone(&old), Arc::clone(&new));
        clients.spawn(async move {
            let start = Instant::now();
            while start.elapsed() < Duration::from_secs(7) {
                let key = if has_rotated.load(Ordering::Relaxed) {
                    &new
                } else {
                    &old
                };
                let reason = reason_over_http(&layer, &key.token(&claims)).await;
                assert_eq!(reason, "accepted", "{client} after {:?}", start.elapsed());
                sleep(Duration::from_millis(20)).await;
            }
        });
    }
    for attack in 0..7 {
        let header = json!({ "alg": "EdDSA", "kid": format!("invented{attack}") });
        let token = old.sign(&header, &named(&subject(attack)));
        let layer = layer.clone();
        tokio::spawn(async move { reason_over_http(&layer, &token).await });
        sleep(Duration::from_millis(700)).await;
        if attack == 5 {
            server.set(Mode::Set(jwks([&*old, &*new])));
            has_rotated.store(true, Ordering::Relaxed);
        }
        sleep(Duration::from_millis(300)).await;
    }
    clients.join_all().await;
    assert!(server.count() <= 1 + 4, "{} fetches", server.count());
}

#[tokio::test]
async fn no_valid_request_is_refused_while_keys_rotate_and_an_attacker_invents_key_ids() {
    tokio::join!(
        assert_rotates_under_attack(|_| "mallory".to_owned()),
        assert_rotates_under_attack(|attack| format!("mallory{attack}")),
        // A name that the attacker does not have: its user must not be taken for him.
        assert_rotates_under_attack(|_| "alice".to_owned()),
    );
}

#[tokio::test]
async fn a_key_id_that_somebody_foresaw_is_fetched_for_all_the_same() {
    let (old, new) = (key("1"), key("2"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    let claims = claims_with(json!({ "iat": NOW }));
    let foreseen = old.sign(&json!({ "alg": "EdDSA", "kid": "2" }), &claims);
    assert_eq!(reason_over_http(&layer, &foreseen).await, "unknown_key");
    assert_eq!(server.count(), 2);

    sleep(Duration::from_millis(1100)).await;
    server.set(Mode::Set(jwks([&old, &new])));
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims)).await,
        "accepted"
    );
    assert_eq!(server.count(), 3);
}
