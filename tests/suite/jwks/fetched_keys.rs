//! Key sets from a URL: faults of the server, and what they are answered with.

use std::{
    future::Future,
    net::TcpListener,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use http::{Method, Version};
use serde_json::json;
use tokio::{task::JoinSet, time::sleep};
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::{
    events::Captured,
    support::{
        key_server::{KeyServer, Mode},
        signing_keys::{SigningKey, jwks},
        *,
    },
};

/// A layer for the keys of this URL whose clock stands at [`NOW`].
pub(crate) fn from_url(url: impl Into<String>) -> JwtAuthBuilder {
    JwtAuthLayer::builder().jwks_url(url).clock(|| at(NOW))
}

/// A layer that has the keys of this server, and fetches them again each second.
async fn refreshed_each_second(server: &KeyServer) -> JwtAuthLayer {
    let builder = from_url(server.url()).jwks_ttl(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    layer
}

pub(crate) fn key(kid: &str) -> SigningKey {
    SigningKey::generate("EdDSA", kid)
}

/// Asks until the condition holds, for five seconds at most.
pub(crate) async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(5), "it never came");
        sleep(Duration::from_millis(20)).await;
    }
}

async fn reason_over_http(layer: &JwtAuthLayer, token: &str) -> &'static str {
    ask(layer.clone(), with_bearer(token)).await.reason()
}

#[tokio::test]
async fn keys_that_were_never_fetched_are_a_503_and_never_a_401() {
    let signer = key("1");
    let set = jwks([&signer]);
    let elsewhere = KeyServer::start(Mode::Set(set.clone())).await;
    let closed = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let html = "<!doctype html><title>Sign in</title>".to_owned();
    let modes = [
        ("404", Mode::Status("404 Not Found")),
        ("429", Mode::Status("429 Too Many Requests")),
        ("500", Mode::Status("500 Internal Server Error")),
        ("204", Mode::Status("204 No Content")),
        ("HTML", Mode::Set(html)),
        ("an empty object", Mode::Set("{}".into())),
        (
            "keys that are no array",
            Mode::Set(r#"{"keys": {}}"#.into()),
        ),
        ("no keys", Mode::Set(r#"{"keys": []}"#.into())),
        ("50 MB", Mode::Padded(50_000_000, set.clone())),
        ("just over 1 MiB", Mode::Padded(1024 * 1024, set.clone())),
        (
            "a redirect to another host",
            Mode::RedirectTo(elsewhere.url()),
        ),
        ("a reset", Mode::Reset),
        ("less than it said", Mode::Lie(10, set.clone())),
        ("more than it said", Mode::Short(10, set.clone())),
        ("no answer", Mode::Hang),
        ("a byte now and then", Mode::Drip(set.clone())),
    ];
    let signer = Arc::new(signer);
    let mut cases = JoinSet::new();
    for (description, mode) in modes {
        let signer = Arc::clone(&signer);
        cases.spawn(async move {
            let server = KeyServer::start(mode).await;
            let layer = from_url(server.url()).build().unwrap();
            assert!(layer.ready().await.is_err(), "{description}");
            assert_unavailable(&layer, &signer, description).await;
            assert!(layer.jwks_health()[0].last_error.is_some(), "{description}");
        });
    }
    cases.join_all().await;
    assert_eq!(elsewhere.count(), 0, "a redirect was followed");

    let layer = from_url(format!("http://{closed}/jwks")).build().unwrap();
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(error.contains("refused"), "{error}");
    assert_unavailable(&layer, &signer, "a closed port").await;
}

#[tokio::test]
async fn a_set_of_a_mebibyte_is_read_and_of_a_larger_one_no_more_than_that() {
    const LARGEST: usize = 1024 * 1024;
    let set = jwks([&key("1")]);
    let padding = LARGEST - set.len();
    let server = KeyServer::start(Mode::Padded(padding, set.clone())).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();

    for padding in [padding + 1, 50_000_000] {
        let server = KeyServer::start(Mode::Padded(padding, set.clone())).await;
        let layer = from_url(server.url()).build().unwrap();
        let error = layer.ready().await.unwrap_err().to_string();
        let said = format!("the response is larger than {LARGEST} bytes");
        assert!(error.contains(&said), "{error}");
    }
}

async fn assert_unavailable(layer: &JwtAuthLayer, signer: &SigningKey, description: &str) {
    let token = signer.token(&claims());
    let answer = ask(layer.clone(), with_bearer(&token)).await;
    assert_eq!(answer.status(), 503, "{description}");
    assert_eq!(answer.reason(), "keys_unavailable", "{description}");
    assert_eq!(answer.challenge(), None, "{description}");
    assert!(answer.header("retry-after").is_some(), "{description}");
    let detail = "Authentication is temporarily unavailable";
    assert_eq!(answer.json(), json!({ "detail": detail }), "{description}");

    let mut grpc = with_bearer(&token);
    *grpc.method_mut() = Method::POST;
    *grpc.version_mut() = Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    grpc.headers_mut().insert("content-type", content_type);
    let answer = ask(layer.clone(), grpc).await;
    assert_eq!(answer.status(), 200, "{description}");
    assert_eq!(answer.header("grpc-status"), Some("14"), "{description}");
}

#[tokio::test]
async fn what_needs_no_key_is_judged_while_there_are_none() {
    let server = KeyServer::start(Mode::Status("500 Oops")).await;
    let layer = from_url(server.url()).build().unwrap();
    let _ = layer.ready().await;
    let header = |header: serde_json::Value| key("1").sign(&header, &claims());
    for (description, token, reason) in [
        ("no JWT", "a.b".to_owned(), "malformed"),
        ("HS256", token(&claims()), "algorithm"),
        ("none", header(json!({ "alg": "none" })), "algorithm"),
        (
            "crit",
            header(json!({ "alg": "EdDSA", "crit": ["exp"] })),
            "critical_header",
        ),
        (
            "another typ",
            header(json!({ "alg": "EdDSA", "typ": "dpop+jwt" })),
            "token_type",
        ),
        ("padding", key("1").token(&claims()) + "=", "malformed"),
    ] {
        assert_eq!(
            reason_over_http(&layer, &token).await,
            reason,
            "{description}"
        );
    }
    ask(layer.clone(), get("/"))
        .await
        .assert_not_authenticated("no token");
    // Claims are judged only once the signature has verified.
    let expired = key("1").token(&claims_with(json!({ "exp": 1 })));
    assert_eq!(reason_over_http(&layer, &expired).await, "keys_unavailable");
}

#[tokio::test]
async fn requests_wait_for_the_first_fetch_and_are_accepted() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Slow(Duration::from_millis(300), jwks([&signer]))).await;
    let layer = from_url(server.url()).build().unwrap();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
    assert_eq!(server.count(), 1);
}

#[tokio::test]
async fn held_keys_outlast_every_fault_of_the_server_until_they_are_too_old() {
    let signer = key("1");
    let set = jwks([&signer]);
    let token = signer.token(&claims());
    for (description, mode) in [
        ("500", Mode::Status("500 Oops")),
        ("HTML", Mode::Set("<html>".into())),
        ("a reset", Mode::Reset),
        ("a hang", Mode::Hang),
        ("drips", Mode::Drip(set.clone())),
        ("less than it said", Mode::Lie(10, set.clone())),
        ("more than it said", Mode::Short(10, set.clone())),
    ] {
        let server = KeyServer::start(Mode::Set(set.clone())).await;
        let layer = from_url(server.url())
            .jwks_ttl(Duration::from_secs(1))
            .jwks_max_stale(Duration::from_millis(2500))
            .build()
            .unwrap();
        layer.ready().await.unwrap();
        server.set(mode);
        until(async || server.count() > 1).await;
        assert_eq!(
            reason_over_http(&layer, &token).await,
            "accepted",
            "{description}"
        );
        let start = Instant::now();
        until(async || reason_over_http(&layer, &token).await == "keys_unavailable").await;
        assert!(start.elapsed() < Duration::from_secs(3), "{description}");
    }
}

#[tokio::test]
async fn a_key_that_has_left_the_set_is_refused_from_the_next_refresh_on() {
    let (old, new) = (key("old"), key("new"));
    let server = KeyServer::start(Mode::Set(jwks([&old]))).await;
    let layer = refreshed_each_second(&server).await;
    let token = old.token(&claims());
    assert_eq!(reason_over_http(&layer, &token).await, "accepted");
    server.set(Mode::Set(jwks([&new])));
    until(async || reason_over_http(&layer, &token).await == "unknown_key").await;
    assert_eq!(
        reason_over_http(&layer, &new.token(&claims())).await,
        "accepted"
    );
}

#[tokio::test]
async fn of_a_server_that_flips_between_two_sets_each_key_counts_while_it_is_there() {
    let [always, one, other] = ["always", "one", "other"].map(key);
    let sets = [jwks([&always, &one]), jwks([&other, &always])];
    let server = KeyServer::start(Mode::Flip(sets.clone())).await;
    let layer = refreshed_each_second(&server).await;
    let verify = |key: &SigningKey| reason(&layer, &key.token(&claims()));
    let (mut states, start) = (Vec::new(), Instant::now());
    while start.elapsed() < Duration::from_secs(5) {
        assert_eq!(verify(&always), "accepted");
        let fetches = layer.jwks_health()[0].fetches;
        let state = (verify(&one), verify(&other));
        if fetches == layer.jwks_health()[0].fetches {
            // No set came in between, and there is one of the two.
            let is_first = state == ("accepted", "unknown_key");
            assert!(
                is_first || state == ("unknown_key", "accepted"),
                "{state:?}"
            );
            if states.last() != Some(&state) {
                states.push(state);
            }
        }
        sleep(Duration::from_millis(5)).await;
    }
    assert!((3..=6).contains(&states.len()), "{states:?}");

    let [first, _] = sets;
    server.set(Mode::Set(first));
    until(async || verify(&other) == "unknown_key").await;
    assert_eq!((verify(&always), verify(&one)), ("accepted", "accepted"));
    assert_apart(&server);
}

#[tokio::test]
async fn a_key_that_the_other_replica_had_is_asked_for_and_brought_by_turns() {
    let [one, other] = ["one", "other"].map(key);
    let server = KeyServer::start(Mode::Flip([&other, &one].map(|key| jwks([key])))).await;
    let builder = from_url(server.url()).jwks_cooldown(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    for key in [&one, &other, &one, &other] {
        let token = key.token(&claims());
        assert_eq!(reason_over_http(&layer, &token).await, "accepted");
    }
    assert_eq!(server.count(), 4);
    assert_apart(&server);
}

/// No two fetches were within a second, give or take what the way to the server took.
fn assert_apart(server: &KeyServer) {
    let gaps = server.gaps();
    assert!(gaps.iter().all(|gap| gap.as_millis() >= 900), "{gaps:?}");
}

#[tokio::test]
async fn a_refresh_keeps_no_request_waiting() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let layer = refreshed_each_second(&server).await;
    server.set(Mode::Slow(Duration::from_millis(500), jwks([&signer])));
    until(async || server.count() > 1).await;
    let start = Instant::now();
    for _ in 0..20 {
        assert_eq!(
            reason_over_http(&layer, &signer.token(&claims())).await,
            "accepted"
        );
    }
    assert!(
        start.elapsed() < Duration::from_millis(400),
        "{:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn a_max_age_of_zero_is_read_as_a_minute_or_the_shorter_ttl() {
    // A set that may not be kept is kept for a minute all the same, unless the time to live that
    // was configured is shorter.
    let signer = key("1");
    let set = jwks([&signer]);
    let server = KeyServer::start(Mode::SetWith(set, "cache-control: max-age=0\r\n")).await;
    let patient = from_url(server.url()).build().unwrap();
    patient.ready().await.unwrap();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(), 1);
    let hasty = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    hasty.ready().await.unwrap();
    until(async || server.count() > 2).await;
    drop(patient);
}

#[test]
fn a_layer_is_built_outside_of_a_runtime_and_works_in_each_that_it_is_served_in() {
    let signer = key("1");
    let token = signer.token(&claims());
    // A server that outlives the runtimes of its clients.
    let serving = tokio::runtime::Runtime::new().unwrap();
    let server = serving.block_on(KeyServer::start(Mode::Set(jwks([&signer]))));
    let layer = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &token), "keys_unavailable");
    for fetches in [1, 2] {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            assert_eq!(reason_over_http(&layer, &token).await, "accepted");
            until(async || server.count() >= fetches).await;
        });
    }
}

#[tokio::test]
async fn the_task_ends_with_the_last_clone_of_layer_and_services() {
    use tower::Layer;

    let server = KeyServer::start(Mode::Set(jwks([&key("1")]))).await;
    let layer = refreshed_each_second(&server).await;
    let service = layer.layer(());
    drop(layer);
    until(async || server.count() > 1).await;
    drop(service);
    // What was under way may still arrive.
    sleep(Duration::from_millis(100)).await;
    let count = server.count();
    sleep(Duration::from_millis(1500)).await;
    assert_eq!(server.count(), count);
}

/// A fetcher of one's own.
struct Mine(
    Arc<AtomicUsize>,
    fn(usize) -> Result<FetchedJwks, FetchError>,
);

impl JwksFetch for Mine {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async move {
            assert_eq!(url, "https://app.example.com/keys?of=mine");
            self.1(self.0.fetch_add(1, Ordering::Relaxed))
        })
    }
}

#[tokio::test]
async fn a_fetcher_of_ones_own_is_asked_in_place_of_the_built_in_one_and_may_panic() {
    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let asked = Arc::new(AtomicUsize::new(0));
    let answers = |asked| match asked {
        0 => panic!("on purpose"),
        1 => Err(FetchError::new("not today")),
        _ => Ok(FetchedJwks::new(SET)),
    };
    let layer = from_url("https://app.example.com/keys?of=mine")
        .jwks_fetcher(Mine(Arc::clone(&asked), answers))
        .build()
        .unwrap();
    let error = layer.ready().await.unwrap_err().to_string();
    assert!(
        error.contains("panicked") && error.contains("app.example.com"),
        "{error}"
    );
    let last_error = || {
        layer.jwks_health()[0]
            .last_error
            .clone()
            .unwrap_or_default()
    };
    until(async || last_error().contains("not today")).await;
    until(async || layer.jwks_health()[0].keys == 1).await;
    assert_eq!(layer.jwks_health()[0].last_error, None);
    assert_eq!(layer.jwks_health()[0].fetches, 3);
}

#[test]
fn keys_are_fetched_over_https_unless_from_this_machine_or_it_is_said() {
    for (url, mend) in [
        ("http://auth:3000/api/auth/jwks", ".allow_http()"),
        ("http://127.0.0.1.example.com/jwks", ".allow_http()"),
        ("http://localhost.example.com/jwks", ".allow_http()"),
        ("ftp://app.example.com/jwks", "https://"),
        ("app.example.com/jwks", "https://"),
        ("/jwks", "https://"),
        ("https://user:password@app.example.com/jwks", "user name"),
        ("https://user:pass/word@app.example.com/jwks", "port"),
        ("https://app.example.com:/jwks", "port"),
        ("https://app.example.com:65536/jwks", "port"),
        ("", "https://"),
    ] {
        let error = from_url(url).build().unwrap_err().to_string();
        assert!(error.contains(mend), "{url}: {error}");
        assert!(!error.contains("password"), "{url}: {error}");
    }
    for url in [
        "http://localhost:1/jwks",
        "http://127.8.9.1:1/",
        "http://[::1]:1/jwks",
    ] {
        assert!(from_url(url).build().is_ok(), "{url}");
    }
    assert!(
        from_url("http://auth:3000/jwks")
            .allow_http()
            .build()
            .is_ok()
    );
}

#[tokio::test]
async fn the_query_of_a_url_is_sent_and_shown_nowhere() {
    // Nobody listens there.
    let url = "http://127.0.0.1:1/jwks?api_key=password";
    let builder = from_url(url);
    let layer = builder.clone().build().unwrap();
    let error = layer.ready().await.unwrap_err();
    let texts = format!(
        "{builder:?} {layer:?} {error:?} {error} {:?}",
        layer.jwks_health()
    );
    assert!(texts.contains("http://127.0.0.1:1/jwks"), "{texts}");
    assert!(!texts.contains("password"), "{texts}");
}

#[tokio::test]
async fn one_bad_key_in_a_set_is_skipped_and_the_others_work() {
    let (good, other) = (key("good"), key("other"));
    let mut set: serde_json::Value = serde_json::from_str(&jwks([&good, &other])).unwrap();
    set["keys"][1]["d"] = "AAAA".into();
    let server = KeyServer::start(Mode::Set(set.to_string())).await;
    let layer = from_url(server.url()).build().unwrap();
    layer.ready().await.unwrap();
    assert_eq!(
        reason_over_http(&layer, &good.token(&claims())).await,
        "accepted"
    );
    assert_eq!(
        reason_over_http(&layer, &other.token(&claims())).await,
        "unknown_key"
    );
}

#[tokio::test]
async fn a_stale_time_below_the_time_to_live_costs_nothing_while_the_server_answers() {
    let signer = key("1");
    let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
    let layer = from_url(server.url())
        .jwks_ttl(Duration::from_secs(1))
        .jwks_max_stale(Duration::ZERO)
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    let start = Instant::now();
    while start.elapsed() < Duration::from_millis(2500) {
        let reason = reason_over_http(&layer, &signer.token(&claims())).await;
        assert_eq!(reason, "accepted", "after {:?}", start.elapsed());
        sleep(Duration::from_millis(5)).await;
    }
    assert!(server.count() > 1);
}

#[tokio::test]
async fn times_without_end_are_no_fault() {
    let signer = key("1");
    let forever = "cache-control: max-age=18446744073709551615\r\n";
    let server = KeyServer::start(Mode::SetWith(jwks([&signer]), forever)).await;
    let layer = from_url(server.url())
        .jwks_ttl(Duration::MAX)
        .jwks_max_stale(Duration::MAX)
        .build()
        .unwrap();
    layer.ready().await.unwrap();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
}

#[test]
fn outside_of_any_runtime_a_request_is_answered_503_and_nothing_panics() {
    use tower::{Layer, ServiceExt, service_fn};

    let signer = key("1");
    let layer = from_url("http://127.0.0.1:1/jwks").build().unwrap();
    let inner = service_fn(|_: http::Request<()>| {
        let response = http::Response::new(String::new());
        std::future::ready(Ok::<_, std::convert::Infallible>(response))
    });
    let request = with_bearer(&signer.token(&claims()));
    let events = Captured::start();
    let mut future = Box::pin(layer.layer(inner).oneshot(request));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let std::task::Poll::Ready(Ok(response)) = future.as_mut().poll(&mut context) else {
        panic!("nothing is waited for")
    };
    assert_eq!(response.status(), 503);
    assert_eq!(reason(&layer, &signer.token(&claims())), "keys_unavailable");
    let faults = events.at("ERROR");
    let of_runtime = |event: &&String| event.contains("no tokio runtime");
    assert_eq!(faults.iter().filter(of_runtime).count(), 1, "{faults:#?}");
}

#[tokio::test]
async fn keys_are_held_no_more_once_the_set_has_none_that_can_be_used() {
    let signer = key("1");
    let other = key("1");
    let mut of_encryption: serde_json::Value = serde_json::from_str(&jwks([&signer])).unwrap();
    of_encryption["keys"][0]["use"] = "enc".into();
    for (description, set) in [
        ("no keys", r#"{"keys":[]}"#.to_owned()),
        ("one for encryption", of_encryption.to_string()),
        ("two keys of one kid", jwks([&signer, &other])),
    ] {
        let server = KeyServer::start(Mode::Set(jwks([&signer]))).await;
        let layer = refreshed_each_second(&server).await;
        let token = signer.token(&claims());
        assert_eq!(
            reason_over_http(&layer, &token).await,
            "accepted",
            "{description}"
        );
        server.set(Mode::Set(set));
        until(async || reason_over_http(&layer, &token).await == "keys_unavailable").await;
        server.set(Mode::Set(jwks([&signer])));
        until(async || reason_over_http(&layer, &token).await == "accepted").await;
    }
}

#[test]
fn old_keys_are_dropped_even_where_nobody_polls_the_task_that_fetches() {
    let signer = key("1");
    let serving = tokio::runtime::Runtime::new().unwrap();
    let server = serving.block_on(KeyServer::start(Mode::Set(jwks([&signer]))));
    let fetched = || {
        let idle = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let layer = idle.block_on(async {
            let layer = from_url(server.url())
                .jwks_ttl(Duration::from_secs(1))
                .jwks_max_stale(Duration::ZERO)
                .build()
                .unwrap();
            layer.ready().await.unwrap();
            layer
        });
        (layer, idle)
    };
    let (of_idle, idle) = fetched();
    let (of_ended, ended) = fetched();
    drop(ended);
    let token = signer.token(&claims());
    assert_eq!(reason(&of_idle, &token), "accepted");
    assert_eq!(reason(&of_ended, &token), "accepted");
    std::thread::sleep(Duration::from_millis(2200));
    assert_eq!(reason(&of_idle, &token), "keys_unavailable");
    assert_eq!(reason(&of_ended, &token), "keys_unavailable");
    drop(idle);
}

#[tokio::test]
async fn a_set_of_a_hundred_thousand_entries_holds_up_nobody() {
    let signer = key("1");
    let many = |number: usize| {
        let first = signer.jwk().to_string();
        format!(r#"{{"keys":[{first}{}]}}"#, ",1".repeat(number))
    };
    let server = KeyServer::start(Mode::Set(many(100_000))).await;
    let layer = refreshed_each_second(&server).await;
    server.set(Mode::Set(many(200_000)));
    until(async || server.count() > 1).await;
    let start = Instant::now();
    assert_eq!(
        reason_over_http(&layer, &signer.token(&claims())).await,
        "accepted"
    );
    assert_eq!(layer.jwks_health()[0].keys, 1);
    assert!(
        start.elapsed() < Duration::from_millis(500),
        "{:?}",
        start.elapsed()
    );
}

/// Run by the test below, in a process whose environment names a proxy.
#[tokio::test]
#[ignore = "run by another test"]
async fn child_behind_a_proxy() {
    let layer = from_url("http://127.0.0.1:1/api/auth/jwks")
        .build()
        .unwrap();
    assert!(layer.ready().await.is_err());
}

#[tokio::test]
async fn no_proxy_that_the_environment_names_is_asked_for_keys() {
    let proxy = KeyServer::start(Mode::Set(jwks([&key("1")]))).await;
    let url = format!("http://{}", proxy.addr);
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "jwks::fetched_keys::child_behind_a_proxy",
        "--ignored",
    ]);
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"] {
        child.env(variable, &url);
    }
    let output = child.output().await.unwrap();
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && printed.contains("1 passed"),
        "{printed}"
    );
    assert_eq!(proxy.count(), 0);
}
