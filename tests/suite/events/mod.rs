//! The events for the operator. `leaks` checks that they reveal no secret.

mod observability;
mod user_ids;

use std::{
    any::Any,
    io,
    sync::{Arc, Mutex},
};

use http::{Request, Version, header::AUTHORIZATION};
use serde_json::json;
use tower::Layer;
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer};
use tracing_subscriber::{filter::LevelFilter, util::SubscriberInitExt};

use crate::support::*;

#[tokio::test]
async fn each_rejection_is_one_debug_event_with_its_reason() {
    let expired = token(&claims_with(json!({ "exp": NOW - 1 })));
    let forged = sign(
        r#"{"alg":"HS256"}"#,
        claims().to_string(),
        "another secret, of 32 bytes or more",
    );
    let requests = [
        ("no token", get("/"), "missing_token"),
        ("not a JWT", with_bearer("a.b.c.d"), "malformed"),
        ("an expired token", with_bearer(&expired), "expired"),
        (
            "the signature of another secret",
            with_bearer(&forged),
            "signature",
        ),
        ("two tokens", with_two_tokens(), "several_tokens"),
    ];
    for (description, request, reason) in requests {
        let events = Captured::start();
        assert_eq!(ask(layer(), request).await.reason(), reason);
        assert_rejected_once(&events, reason, description);
    }

    let as_alice = |path| by(CurrentUser::new("alice", "alice@example.com"), get(path));
    for (description, path, reason) in [
        ("a path of another user", "/api/bob/tasks", "not_owner"),
        ("a dot segment", "/api/alice/../bob", "not_owner"),
    ] {
        let events = Captured::start();
        assert_eq!(ask(owner(), as_alice(path)).await.reason(), reason);
        assert_rejected_once(&events, reason, description);
    }
}

#[tokio::test]
async fn a_grpc_rejection_is_logged() {
    let mut request = get("/pkg.Service/Method");
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", content_type);

    let events = Captured::start();
    let answer = ask(layer(), request).await;

    assert_eq!(answer.header("grpc-status"), Some("16"));
    assert_rejected_once(&events, "missing_token", "gRPC");
}

#[tokio::test]
async fn an_accepted_request_emits_no_event() {
    let events = Captured::start();
    let request = by(
        CurrentUser::new("alice", "alice@example.com"),
        get("/api/alice"),
    );
    assert_eq!(ask(owner(), request).await.status(), 200);
    let request = with_bearer(&token(&claims()));
    assert_eq!(ask(layer(), request).await.status(), 200);
    let anonymous = builder().allow_anonymous().build().unwrap();
    assert_eq!(ask(anonymous, get("/")).await.status(), 200);
    assert_eq!(events.text(), "");
}

#[tokio::test]
async fn a_missing_secret_is_logged_as_an_error_once_per_layer() {
    let layer = || {
        JwtAuthLayer::builder()
            .secrets([] as [&str; 0])
            .allow_missing_secret()
            .build()
            .unwrap()
    };
    assert_logged_once_per_layer(
        layer,
        || with_bearer("a.b.c"),
        (
            "not_configured",
            "ERROR",
            ["secret", "environment variable"],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_missing_layer_is_logged_as_an_error_once_per_layer() {
    assert_logged_once_per_layer(
        owner,
        || get("/api/alice"),
        ("no_user", "ERROR", ["JwtAuthLayer", "outside"]),
    )
    .await;
}

#[tokio::test]
async fn a_missing_audience_is_logged_as_a_warning_once_per_layer() {
    let token = token(&claims_with(json!({ "aud": "https://api.example.com" })));
    assert_logged_once_per_layer(
        layer,
        || with_bearer(&token),
        (
            "audience_not_configured",
            "WARN",
            [".audience(", ".allow_any_audience()"],
        ),
    )
    .await;
}

#[tokio::test]
async fn a_token_without_its_scheme_is_logged_with_the_fix() {
    let token = token(&claims());
    let jwe = format!("{token}.a.b");
    let filled = |values: [&str; 8]| values.map(|value| value.replace('$', &token));
    let hint = "without the Bearer scheme; send `Bearer <token>`";
    let likely_tokens = filled([
        "$",
        " $ ",
        "Bearer:$",
        "Bearer$",
        "bearer=$",
        "Token $",
        "JWT $",
        "Bearer: $",
    ]);
    for value in likely_tokens.iter().chain([&jwe]) {
        let events = Captured::start();
        let layer = layer();
        for _ in 0..3 {
            let answer = ask(layer.clone(), with_authorization(value)).await;
            answer.assert_not_authenticated(value);
        }
        let count = |level| {
            let events = events.at(level);
            events.iter().filter(|event| event.contains(hint)).count()
        };
        assert_eq!(count("INFO"), told(), "{value}");
        assert_eq!(count("DEBUG"), 3 * told(), "{value}");
        assert!(!events.text().contains("eyJ"), "{value}");
    }

    let others = filled([
        "Bearer",
        "DPoP $",
        "Basic eyJhOmI=",
        "x",
        "eyJhbGciOiJIUzI1NiJ9.e30",
        "$+",
        "a.b.c",
        "\"$\"",
    ]);
    for value in &others {
        let events = Captured::start();
        ask(layer(), with_authorization(value))
            .await
            .assert_not_authenticated(value);
        assert!(!events.text().contains("Bearer <token>"), "{value}");
    }
}

#[tokio::test]
async fn a_missing_scheme_is_logged_if_anonymous_is_allowed() {
    let events = Captured::start();
    let anonymous = builder().allow_anonymous().build().unwrap();
    for _ in 0..3 {
        let request = with_authorization(token(&claims()));
        ask(anonymous.clone(), request)
            .await
            .assert_reached("nobody", "anonymous");
    }
    assert_eq!(events.at("INFO").len(), told());
    assert_eq!(events.text().lines().count(), told());

    let events = Captured::start();
    let cookie = builder().token_sources([tower_jwt_auth::TokenSource::cookie("token")]);
    ask(
        cookie.build().unwrap(),
        with_authorization(token(&claims())),
    )
    .await;
    assert!(
        !events.text().contains("scheme"),
        "only a cookie is configured"
    );
}

#[tokio::test]
async fn an_empty_aud_is_logged_as_a_warning_with_its_own_fix() {
    let events = Captured::start();
    let token = token(&claims_with(json!({ "aud": [] })));
    let answer = ask(layer(), with_bearer(&token)).await;
    answer.assert_invalid_token("audience_not_configured", "an empty list");
    let warnings = events.at("WARN").join("");
    assert_eq!(
        warnings.contains("names no audience"),
        told() == 1,
        "{warnings}"
    );
    assert!(!warnings.contains(".audience("), "{warnings}");
}

#[tokio::test]
async fn a_time_in_the_wrong_unit_is_logged_with_the_cause() {
    let milliseconds = "probably in milliseconds";
    let lifetime = "not a lifetime";
    for (members, reason, hint) in [
        (json!({ "exp": NOW * 1000 }), "claims", Some(milliseconds)),
        (
            json!({ "exp": NOW as f64 * 1e9 }),
            "claims",
            Some(milliseconds),
        ),
        (
            json!({ "exp": 253_402_300_800_u64 }),
            "claims",
            Some(milliseconds),
        ),
        (
            json!({ "nbf": NOW * 1000 }),
            "not_yet_valid",
            Some(milliseconds),
        ),
        (json!({ "exp": 3600 }), "expired", Some(lifetime)),
        (json!({ "exp": 946_684_799 }), "expired", Some(lifetime)),
        (json!({ "exp": 0 }), "claims", Some(lifetime)),
        (json!({ "exp": -3600 }), "claims", Some(lifetime)),
        (json!({ "exp": 946_684_800 }), "expired", None),
        (json!({ "exp": NOW - 1 }), "expired", None),
        (json!({ "exp": "3600" }), "claims", None),
        (json!({ "exp": null }), "claims", None),
        (json!({ "nbf": NOW + 1 }), "not_yet_valid", None),
        (
            json!({ "exp": 3600, "email": 1, "cnf": {} }),
            "bound_token",
            None,
        ),
    ] {
        let events = Captured::start();
        let answer = ask(layer(), with_bearer(&token(&claims_with(members.clone())))).await;
        answer.assert_invalid_token(reason, &members);
        let text = events.text();
        for level in ["WARN", "DEBUG"] {
            let events = events.at(level).join("");
            for hint_text in [milliseconds, lifetime] {
                let expected = hint == Some(hint_text) && told() == 1;
                assert_eq!(events.contains(hint_text), expected, "{members}: {text}");
            }
        }
        assert!(!text.contains("3600"), "{members}: {text}");
    }
}

#[tokio::test]
async fn rejections_of_different_kinds_are_each_logged() {
    let events = Captured::start();
    let layer = owner();
    ask(layer.clone(), get("/api/alice")).await;
    let request = by(
        CurrentUser::new("alice", "alice@example.com"),
        get("/api/bob"),
    );
    ask(layer, request).await;
    assert_eq!(events.at("DEBUG").len(), 2 * told());
    assert_eq!(events.at("ERROR").len(), told());
}

/// Sends the request three times through services of one layer, and then through another layer.
async fn assert_logged_once_per_layer<L>(
    layer: impl Fn() -> L,
    request: impl Fn() -> Request<()>,
    (reason, level, fix_parts): (&str, &str, [&str; 2]),
) where
    L: Layer<Inner, Service: tower::Service<Request<()>, Error = std::convert::Infallible>> + Clone,
    <L::Service as tower::Service<Request<()>>>::Response: IntoAnswer,
{
    let events = Captured::start();
    let first = layer();
    for _ in 0..3 {
        assert_eq!(ask(first.clone(), request()).await.reason(), reason);
    }
    let field = format!("reason=\"{reason}\"");
    let logged = events.at(level);
    assert_eq!(logged.len(), told(), "{logged:#?}");
    for event in &logged {
        assert!(event.contains(&field), "{event}");
        for part in fix_parts {
            assert!(event.contains(part), "no {part:?} in: {event}");
        }
    }
    assert_eq!(events.at("DEBUG").len(), 3 * told());

    ask(layer(), request()).await;
    assert_eq!(events.at(level).len(), 2 * told(), "another layer");
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn by(user: CurrentUser, mut request: Request<()>) -> Request<()> {
    request.extensions_mut().insert(user);
    request
}

fn with_two_tokens() -> Request<()> {
    let mut request = with_bearer("a.b.c");
    let second = http::HeaderValue::from_static("Bearer d.e.f");
    request.headers_mut().append(AUTHORIZATION, second);
    request
}

fn assert_rejected_once(events: &Captured, reason: &str, description: &str) {
    let expected = if cfg!(feature = "tracing") {
        vec![format!("reason=\"{reason}\"")]
    } else {
        Vec::new()
    };
    // A hint may be logged as well, once for each layer and reason.
    let events: Vec<String> = events.text().lines().map(str::to_owned).collect();
    let is_hint = |event: &&String| event.trim_start().starts_with("INFO ");
    let events: Vec<String> = events
        .iter()
        .filter(|event| !is_hint(event))
        .cloned()
        .collect();
    assert_eq!(events.len(), expected.len(), "{description}: {events:#?}");
    for (event, field) in events.iter().zip(expected) {
        let event = event.trim_start();
        assert!(event.starts_with("DEBUG "), "{description}: {event}");
        assert!(event.contains(&field), "{description}: {event}");
    }
}

/// The number of events for a fault that is logged once: none without the feature `tracing`.
pub(crate) fn told() -> usize {
    usize::from(cfg!(feature = "tracing"))
}

/// Captures the events of this thread until it is dropped: all levels, one line for each event.
pub(crate) struct Captured {
    text: Arc<Mutex<Vec<u8>>>,
    _guard: Box<dyn Any>,
}

impl Captured {
    pub(crate) fn start() -> Self {
        keep_all_levels_on();
        let text = Arc::<Mutex<Vec<u8>>>::default();
        let writer = Arc::clone(&text);
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::TRACE)
            .with_ansi(false)
            .without_time()
            .with_writer(move || Writer(Arc::clone(&writer)))
            .finish();
        Self {
            text,
            _guard: Box::new(subscriber.set_default()),
        }
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.text.lock().unwrap().clone()).unwrap()
    }

    pub(crate) fn at(&self, level: &str) -> Vec<String> {
        let text = self.text();
        let lines = text.lines().map(str::trim_start);
        let lines = lines.filter(|line| line.split(' ').next() == Some(level));
        lines.map(str::to_owned).collect()
    }
}

struct Writer(Arc<Mutex<Vec<u8>>>);

impl io::Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps two subscribers alive for the whole process. With at most one subscriber, `tracing`
/// caches whether the thread that first reaches an event is interested in it, and that thread may
/// belong to another test without a subscriber.
fn keep_all_levels_on() {
    #[cfg(feature = "tracing")]
    {
        use std::sync::LazyLock;

        use tracing::Dispatch;

        static KEPT: LazyLock<[Dispatch; 2]> = LazyLock::new(|| {
            [(), ()].map(|()| {
                let subscriber = tracing_subscriber::fmt()
                    .with_max_level(LevelFilter::TRACE)
                    .with_writer(io::sink);
                Dispatch::new(subscriber.finish())
            })
        });
        LazyLock::force(&KEPT);
    }
}
