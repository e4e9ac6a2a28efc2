//! What the operator is told, and what nobody is told.

use std::{
    any::Any,
    io,
    sync::{Arc, Mutex},
};

use http::{Request, Version, header::AUTHORIZATION};
use serde_json::{Value, json};
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, PathOwnerLayer, Secret};
use tracing_subscriber::{filter::LevelFilter, util::SubscriberInitExt};

use super::support::*;

#[tokio::test]
async fn each_refusal_is_one_event_at_debug_with_its_reason() {
    let expired = token(&claims_with(json!({ "exp": NOW - 1 })));
    let forged = sign(
        r#"{"alg":"HS256"}"#,
        claims().to_string(),
        "another secret, of 32 bytes or more",
    );
    let requests = [
        ("no token", get("/"), "missing_token"),
        ("no JWT", with_bearer("a.b.c.d"), "malformed"),
        ("an expired token", with_bearer(&expired), "expired"),
        ("another's signature", with_bearer(&forged), "signature"),
        ("two tokens", with_two_tokens(), "several_tokens"),
    ];
    for (description, request, reason) in requests {
        let events = Captured::start();
        assert_eq!(ask(layer(), request).await.reason(), reason);
        assert_refused_once(&events, reason, description);
    }

    let as_alice = |path| by(CurrentUser::new("alice", "alice@example.com"), get(path));
    for (description, path, reason) in [
        ("a path of another's", "/api/bob/tasks", "not_owner"),
        ("a path of nobody's", "/elsewhere", "not_owner"),
        ("a dot segment", "/api/alice/../bob", "not_owner"),
    ] {
        let events = Captured::start();
        assert_eq!(ask(owner(), as_alice(path)).await.reason(), reason);
        assert_refused_once(&events, reason, description);
    }
}

#[tokio::test]
async fn a_refusal_in_grpc_is_told_too() {
    let mut request = get("/pkg.Service/Method");
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", content_type);

    let events = Captured::start();
    let answer = ask(layer(), request).await;

    assert_eq!(answer.header("grpc-status"), Some("16"));
    assert_refused_once(&events, "missing_token", "gRPC");
}

#[tokio::test]
async fn a_request_that_goes_on_is_no_event() {
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
async fn a_missing_secret_is_an_error_event_once_per_layer() {
    let layer = || {
        JwtAuthLayer::builder()
            .secrets([] as [&str; 0])
            .allow_missing_secret()
            .build()
            .unwrap()
    };
    assert_fault_is_told_once_per_layer(
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
async fn a_missing_layer_is_an_error_event_once_per_layer() {
    assert_fault_is_told_once_per_layer(
        owner,
        || get("/api/alice"),
        ("no_user", "ERROR", ["JwtAuthLayer", "outside"]),
    )
    .await;
}

#[tokio::test]
async fn a_missing_audience_is_a_warning_once_per_layer() {
    let token = token(&claims_with(json!({ "aud": "https://api.example.com" })));
    assert_fault_is_told_once_per_layer(
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
async fn faults_of_different_kinds_are_each_told() {
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
async fn assert_fault_is_told_once_per_layer<L>(
    layer: impl Fn() -> L,
    request: impl Fn() -> Request<()>,
    (reason, level, mends): (&str, &str, [&str; 2]),
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
    let faults = events.at(level);
    assert_eq!(faults.len(), told(), "{faults:#?}");
    for fault in &faults {
        assert!(fault.contains(&field), "{fault}");
        for mend in mends {
            assert!(fault.contains(mend), "no {mend:?} in: {fault}");
        }
    }
    assert_eq!(events.at("DEBUG").len(), 3 * told());

    ask(layer(), request()).await;
    assert_eq!(events.at(level).len(), 2 * told(), "another layer");
}

#[tokio::test]
async fn no_event_and_no_answer_holds_any_part_of_a_token_a_secret_or_a_claim() {
    let requests: Vec<(&str, Request<()>)> = marked_tokens()
        .into_iter()
        .map(|(description, token)| (description, with_bearer(&token)))
        .chain([("two tokens", {
            let mut request = with_bearer(MARK);
            let second = http::HeaderValue::from_static("Bearer m4rk3d-second-token");
            request.headers_mut().append(AUTHORIZATION, second);
            request
        })])
        .collect();
    let marked = Marked::new();
    let layers = [
        marked_layer(),
        JwtAuthLayer::builder()
            .secret(MARKED_SECRET)
            .clock(|| at(NOW))
            .issuer("https://app.example.com")
            .audience("https://api.example.com")
            .check(|_| false)
            .build()
            .unwrap(),
        JwtAuthLayer::builder()
            .secrets([] as [&str; 0])
            .allow_missing_secret()
            .build()
            .unwrap(),
    ];
    for layer in layers {
        for (description, request) in &requests {
            let events = Captured::start();
            let answer = ask(layer.clone(), copy(request)).await;
            marked.assert_absent(&events.text(), description);
            if answer.status() != 200 {
                let body = String::from_utf8_lossy(&answer.body);
                marked.assert_absent(&format!("{:?} {body}", answer.response), description);
            }
        }
    }

    let user = marked_layer().verifier().verify(&marked_token()).unwrap();
    for path in ["/api/bob/tasks", "/elsewhere", "/api/%2e%2e/x"] {
        let events = Captured::start();
        let answer = ask(owner(), by(user.clone(), get(path))).await;
        assert_eq!(answer.reason(), "not_owner");
        let body = String::from_utf8_lossy(&answer.body);
        let text = format!("{} {:?} {body}", events.text(), answer.response);
        marked.assert_absent(&text, path);
    }
}

#[tokio::test]
async fn no_debug_or_display_text_holds_any_part_of_a_token_a_secret_or_a_claim() {
    let marked = Marked::new();
    let layer = marked_layer();
    let verifier = layer.verifier();
    let user = verifier.verify(&marked_token()).unwrap();
    let claims_error = user.claims::<Vec<u32>>().unwrap_err();
    let wrong_type = user.claims::<WrongType>().err().unwrap();
    let config_error = JwtAuthLayer::builder()
        .secret("m4rk3d")
        .secret("m4rk3d-secret-of-many-bytes-and-a-newline\n")
        .realm("m4rk3d-\"")
        .build()
        .unwrap_err();
    for (description, text) in [
        ("JwtAuthLayer", format!("{layer:?} {layer:#?}")),
        ("JwtAuth", format!("{:?}", layer.layer(()))),
        (
            "JwtAuthBuilder",
            format!("{0:?} {0:#?}", marked_builder().secrets([MARKED_SECRET])),
        ),
        ("TokenVerifier", format!("{verifier:?} {verifier:#?}")),
        (
            "Secret",
            format!(
                "{:?} {:#?} {:?}",
                Secret::from(MARKED_SECRET),
                Secret::from(MARKED_SECRET.to_owned()),
                Secret::from_bytes(MARKED_SECRET)
            ),
        ),
        ("CurrentUser", format!("{user:?} {user:#?}")),
        (
            "CurrentUser::new",
            format!("{:?}", CurrentUser::new(MARK, MARK)),
        ),
        ("ClaimsError", format!("{claims_error:?} {claims_error}")),
        ("ClaimsError", format!("{wrong_type:?} {wrong_type:#?}")),
        ("ConfigError", format!("{config_error:?} {config_error}")),
        (
            "PathOwnerLayer",
            format!("{:?} {:?}", owner(), owner().layer(())),
        ),
    ] {
        marked.assert_absent(&text, description);
    }

    for (description, token) in marked_tokens() {
        if let Err(error) = verifier.verify(&token) {
            let text = format!("{error:?} {error} {}", error.reason());
            marked.assert_absent(&text, description);
        }
        let service = layer.layer(service_fn(async |request: Request<()>| {
            let text = format!("{request:?} {:?}", request.headers());
            Ok::<_, std::convert::Infallible>(http::Response::new(text))
        }));
        let future = service.oneshot(with_bearer(&token));
        let response = future.await.unwrap();
        marked.assert_absent(&format!("{response:?}"), description);
        if let Some(rejection) = response.extensions().get::<tower_jwt_auth::Rejection>() {
            let text = format!("{rejection:?} {rejection} {}", rejection.reason());
            marked.assert_absent(&text, description);
        }
        let body = response.into_answer().await.body;
        marked.assert_absent(&String::from_utf8_lossy(&body), "the request of a handler");
    }
}

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn by(user: CurrentUser, mut request: Request<()>) -> Request<()> {
    request.extensions_mut().insert(user);
    request
}

fn copy(request: &Request<()>) -> Request<()> {
    let mut copy = get("/");
    *copy.headers_mut() = request.headers().clone();
    copy
}

fn with_two_tokens() -> Request<()> {
    let mut request = with_bearer("a.b.c");
    let second = http::HeaderValue::from_static("Bearer d.e.f");
    request.headers_mut().append(AUTHORIZATION, second);
    request
}

fn assert_refused_once(events: &Captured, reason: &str, description: &str) {
    let told = if cfg!(feature = "tracing") {
        vec![format!("reason=\"{reason}\"")]
    } else {
        Vec::new()
    };
    let events: Vec<String> = events.text().lines().map(str::to_owned).collect();
    assert_eq!(events.len(), told.len(), "{description}: {events:#?}");
    for (event, field) in events.iter().zip(told) {
        let event = event.trim_start();
        assert!(event.starts_with("DEBUG "), "{description}: {event}");
        assert!(event.contains(&field), "{description}: {event}");
    }
}

/// How many events a fault that is told once makes.
pub(crate) fn told() -> usize {
    usize::from(cfg!(feature = "tracing"))
}

/// In every part of what must not be told.
const MARK: &str = "m4rk3d";

const MARKED_SECRET: &str = "m4rk3d-secret-with-0123456789-abcdef";

#[derive(Debug, serde::Deserialize)]
struct WrongType {
    #[expect(dead_code, reason = "read by no one: it never comes to be")]
    sub: u32,
}

fn marked_builder() -> tower_jwt_auth::JwtAuthBuilder {
    JwtAuthLayer::builder()
        .secret(MARKED_SECRET)
        .clock(|| at(NOW))
}

fn marked_layer() -> JwtAuthLayer {
    marked_builder().build().unwrap()
}

fn marked_claims() -> Value {
    json!({
        "sub": "m4rk3d-sub", "email": "m4rk3d@example.com", "name": "m4rk3d-name",
        "exp": NOW + 600, "jti": "m4rk3d-jti", "own": { "m4rk3d-member": ["m4rk3d"] },
    })
}

fn marked_token() -> String {
    marked(r#"{"alg":"HS256","kid":"m4rk3d"}"#, &marked_claims())
}

fn marked(header: &str, claims: &Value) -> String {
    sign(header, claims.to_string(), MARKED_SECRET)
}

/// Tokens that are refused for all sorts of reasons, and one that is not.
fn marked_tokens() -> Vec<(&'static str, String)> {
    let with = |name: &str, value: Value| {
        let mut claims = marked_claims();
        claims[name] = value;
        marked(r#"{"alg":"HS256","typ":"JWT"}"#, &claims)
    };
    let with_header = |header: &str| marked(header, &marked_claims());
    let good = marked_token();
    let [mut bad_signature, mut padded] = [good.clone(), good.clone()];
    bad_signature.replace_range(good.len() - 12..good.len() - 10, "mm");
    padded.push('=');
    vec![
        ("a good token", good),
        ("a bad signature", bad_signature),
        ("padding", padded),
        ("no JWT", MARK.to_owned()),
        ("no base64", "m4rk3d!.m4rk3d!.m4rk3d!".to_owned()),
        ("an opaque token", format!("{MARK}.{}", encode(MARK))),
        ("too long", MARK.repeat(10_000)),
        ("no JSON", sign("m4rk3d", "m4rk3d", MARKED_SECRET)),
        (
            "claims that are no JSON",
            sign(r#"{"alg":"HS256"}"#, r#"{"m4rk3d": "m4rk3d"#, MARKED_SECRET),
        ),
        (
            "claims that are no UTF-8",
            sign(
                r#"{"alg":"HS256"}"#,
                b"{\"m4rk3d\": \"\xFF\"}",
                MARKED_SECRET,
            ),
        ),
        ("alg", with_header(r#"{"alg":"m4rk3d"}"#)),
        ("typ", with_header(r#"{"alg":"HS256","typ":"m4rk3d"}"#)),
        ("crit", with_header(r#"{"alg":"HS256","crit":["m4rk3d"]}"#)),
        ("kid", with_header(r#"{"alg":"HS256","kid":{"m4rk3d":1}}"#)),
        ("a type of exp", with("exp", json!("m4rk3d"))),
        ("expired", with("exp", json!(NOW - 1))),
        ("not yet valid", with("nbf", json!(NOW + 100))),
        ("a type of sub", with("sub", json!(["m4rk3d"]))),
        ("a control character", with("sub", json!("m4rk3d\u{7}"))),
        ("a type of email", with("email", json!({ "m4rk3d": 1 }))),
        ("a type of name", with("name", json!(["m4rk3d"]))),
        ("iss", with("iss", json!("m4rk3d-issuer"))),
        ("a type of iss", with("iss", json!(["m4rk3d-issuer"]))),
        ("aud", with("aud", json!("m4rk3d-audience"))),
    ]
}

/// What no text may hold: the mark, and the encoded parts of the marked tokens.
struct Marked(Vec<String>);

impl Marked {
    fn new() -> Self {
        let bytes = MARKED_SECRET.as_bytes().iter().map(u8::to_string);
        let mut needles = vec![
            MARK.to_owned(),
            // The secret as a list of bytes, in hex and in base64.
            bytes.take(4).collect::<Vec<_>>().join(", "),
            MARK.bytes().map(|byte| format!("{byte:02x}")).collect(),
            encode(MARK),
        ];
        for (_, token) in marked_tokens() {
            let parts = token.split('.').filter(|part| part.len() >= 12);
            needles.extend(parts.flat_map(|part| {
                let (start, end) = (part.get(..12), part.get(part.len() - 12..));
                [start, end].map(|piece| piece.unwrap_or(part).to_owned())
            }));
        }
        Self(needles)
    }

    #[track_caller]
    fn assert_absent(&self, text: &str, description: &str) {
        for needle in &self.0 {
            assert!(
                !text.contains(needle.as_str()),
                "{description}: {needle:?} in {text}"
            );
        }
    }
}

/// The events of this thread while it is held, down to TRACE, a line for each.
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

/// While at most one subscriber lives, `tracing` asks the thread that first reaches an event
/// whether anybody wants it, and remembers. That thread may be another test's, without a
/// subscriber. So two live for good.
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
