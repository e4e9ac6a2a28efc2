//! Any text as the response of an introspection endpoint has the expected outcome without a panic.
#![no_main]

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{LazyLock, Mutex},
    thread,
    time::{Duration, UNIX_EPOCH},
};

use http::{Request, header::AUTHORIZATION};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::{CurrentUser, Introspection, JwtAuthLayer, Rejection};

const NOW: u64 = 1_800_000_000;

const ISSUER: &str = "https://auth.example.com";

const AUDIENCE: &str = "https://api.example.com";

const INACTIVE: &str = "inactive";

const UNAVAILABLE: &str = "introspection_unavailable";

/// The members whose rules `is_valid` knows.
const KNOWN: [&str; 9] = [
    "active",
    "aud",
    "client_id",
    "email",
    "exp",
    "iss",
    "nbf",
    "scope",
    "sub",
];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime")
});

/// The body of the next response.
static RESPONSE: Mutex<String> = Mutex::new(String::new());

static LAYER: LazyLock<JwtAuthLayer> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || serve(stream));
        }
    });
    let introspection = Introspection::new(format!("http://{address}/"));
    JwtAuthLayer::builder()
        .introspect(introspection.fresh_for(Duration::ZERO))
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .email_optional()
        .leeway(Duration::ZERO)
        .clock(|| UNIX_EPOCH + Duration::from_secs(NOW))
        .build()
        .expect("the settings are valid")
});

fuzz_target!(|response: &str| {
    if let Ok(user) = outcome(response) {
        // serde_json keeps the last of several members, but the layer accepts none of these.
        let Ok(claims) = serde_json::from_str::<Value>(response) else {
            // It skips members, and so accepts lone surrogates and numbers that are too large.
            return;
        };
        assert_belongs(&user, &claims);
    }
    // Without duplicate members, the outcome is known.
    let Ok(unique) = serde_json::from_str::<Value>(response) else {
        return;
    };
    let text = unique.to_string();
    let reason = outcome(&text).map_or_else(|reason| reason, |_| "accepted");
    match unique.get("active") {
        Some(Value::Bool(false)) => assert_eq!(reason, INACTIVE, "{text}"),
        Some(Value::Bool(true)) => {
            assert!(
                ![INACTIVE, UNAVAILABLE].contains(&reason),
                "{reason}: {text}"
            );
            if is_valid(&unique) {
                assert_eq!(reason, "accepted", "{text}");
            }
        }
        _ => assert_eq!(reason, UNAVAILABLE, "{text}"),
    }
});

/// The user, or the reason for the rejection.
fn outcome(response: &str) -> Result<CurrentUser, &'static str> {
    response.clone_into(&mut RESPONSE.lock().expect("no thread panics"));
    let request = Request::builder().header(AUTHORIZATION, "Bearer opaque");
    let (parts, ()) = request.body(()).expect("the field is valid").into_parts();
    let outcome = RUNTIME.block_on(LAYER.authenticate(&parts));
    let outcome = outcome.map(|user| user.expect("a user is required"));
    outcome.map_err(|response| {
        let rejection = response.extensions().get();
        rejection.map_or("none", Rejection::reason)
    })
}

fn assert_belongs(user: &CurrentUser, claims: &Value) {
    assert_eq!(claims["active"], true);
    assert_eq!(claims["iss"], ISSUER);
    assert!(has_audience(claims), "{claims}");
    assert!(claims.get("cnf").is_none(), "{claims}");
    assert_eq!(claims["sub"], user.user_id());
    assert_eq!(user.email(), claims["email"].as_str().unwrap_or_default());
    assert_eq!(user.issuer(), Some(ISSUER));
    let now = NOW as f64;
    assert!(
        claims["exp"].as_f64().is_none_or(|exp| now < exp),
        "{claims}"
    );
    assert!(
        claims["nbf"].as_f64().is_none_or(|nbf| nbf <= now),
        "{claims}"
    );
    assert_eq!(user.expires_at().is_some(), claims["exp"].is_number());
    let seen: Value = user.claims().expect("the claims are JSON");
    assert_eq!(&seen, claims);
}

/// Returns whether the rules of the guide accept these members, which contain no others.
fn is_valid(claims: &Value) -> bool {
    let is_time = |name: &str, is_valid: fn(u64) -> bool| match &claims[name] {
        Value::Number(time) => time.as_u64().is_some_and(is_valid),
        _ => claims.get(name).is_none(),
    };
    let is_known = |(name, _): (&String, &Value)| KNOWN.contains(&name.as_str());
    let has_user = claims["sub"].as_str().is_some_and(is_user_id);
    let has_email = match &claims["email"] {
        Value::String(email) => email.chars().all(is_printable),
        _ => true,
    };
    claims
        .as_object()
        .is_some_and(|all| all.iter().all(is_known))
        && claims["iss"] == ISSUER
        && has_audience(claims)
        && has_user
        && has_email
        && is_time("exp", |exp| (NOW + 1..10_000_000_000).contains(&exp))
        && is_time("nbf", |nbf| nbf <= NOW)
}

fn has_audience(claims: &Value) -> bool {
    match &claims["aud"] {
        Value::String(aud) => aud == AUDIENCE,
        Value::Array(auds) => {
            auds.iter().all(Value::is_string) && auds.iter().any(|aud| aud == AUDIENCE)
        }
        _ => false,
    }
}

fn is_user_id(id: &str) -> bool {
    !id.is_empty() && id.len() <= 255 && id.chars().all(|c| c.is_ascii_graphic())
}

fn is_printable(c: char) -> bool {
    c == ' ' || c.is_ascii_graphic()
}

/// Responds to each request on this connection with `RESPONSE`.
fn serve(stream: TcpStream) {
    let mut requests = BufReader::new(stream);
    while let Some(length) = read_head(&mut requests) {
        let mut form = vec![0; length];
        if requests.read_exact(&mut form).is_err() {
            return;
        }
        let body = RESPONSE.lock().expect("no thread panics").clone();
        let response = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        if requests.get_mut().write_all(response.as_bytes()).is_err() {
            return;
        }
    }
}

/// Returns the length of the request's body, or `None` at the end of the connection.
fn read_head(requests: &mut impl BufRead) -> Option<usize> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        if requests.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if line == "\r\n" {
            return Some(length);
        }
        let line = line.to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().ok()?;
        }
    }
}
