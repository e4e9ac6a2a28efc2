//! Any text as Better Auth's record of a session has the expected outcome without a panic. In the
//! text, `$token` is replaced with the token of the session.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use http::{Request, header::COOKIE};
use libfuzzer_sys::fuzz_target;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, Rejection, test_kit::TestSessions};

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

static SESSIONS: LazyLock<TestSessions> = LazyLock::new(|| {
    let sessions = TestSessions::new();
    let now = UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    sessions.clock().set(now);
    sessions
});

static LAYER: LazyLock<JwtAuthLayer> = LazyLock::new(|| {
    let builder = SESSIONS.layer().email_optional();
    builder.build().expect("the settings are valid")
});

fuzz_target!(|record: &str| {
    let lookup = Lookup::of(record);
    match (&lookup.outcome, &lookup.record) {
        (Ok(user), Some(record)) => assert_belongs(user, record, &lookup.token),
        // Unlike serde_json, Better Auth and the layer accept lone surrogates.
        (Ok(_), None) => assert!(record.contains("\\u"), "{record}"),
        (Err(_), _) => {}
    }
    // Without duplicate members, the outcome is known.
    let Ok(unique) = serde_json::from_str::<Value>(record) else {
        return;
    };
    let lookup = Lookup::of(&unique.to_string());
    let record = lookup.record.expect("serde_json wrote it");
    let reason = lookup.outcome.map_or_else(|reason| reason, |_| "accepted");
    assert_eq!(reason, expected(&record, &lookup.token), "{record}");
});

/// The lookup of a new session.
struct Lookup {
    token: String,
    /// The record, if serde_json can read it.
    record: Option<Value>,
    /// The user, or the reason for the rejection.
    outcome: Result<CurrentUser, &'static str>,
}

impl Lookup {
    fn of(record: &str) -> Self {
        let session = SESSIONS.session_for("alice").response(record);
        let cookie = session.sign_in();
        let token = TestSessions::bearer(&cookie)[..32].to_owned();
        let request = Request::builder().header(COOKIE, &cookie).body(());
        let (parts, ()) = request.expect("the cookie is valid").into_parts();
        let outcome = RUNTIME.block_on(LAYER.authenticate(&parts));
        SESSIONS.sign_out(&cookie);
        let outcome = outcome.map(|user| user.expect("a user is required"));
        Self {
            record: { serde_json::from_str(&record.replace("$token", &token)).ok() }.map(object),
            outcome: outcome.map_err(|response| {
                let rejection = response.extensions().get();
                rejection.map_or("none", Rejection::reason)
            }),
            token,
        }
    }
}

/// Returns the record as an object. Serde also accepts its two members as an array.
fn object(record: Value) -> Value {
    match record.as_array().map(Vec::as_slice) {
        Some([session, user]) => json!({ "session": session, "user": user }),
        _ => record,
    }
}

/// The outcome by the rules of the guide.
fn expected(record: &Value, token: &str) -> &'static str {
    if record.is_null() {
        return "session";
    }
    let (session, user) = (&record["session"], &record["user"]);
    let has_token = session["token"] == token;
    let owner = id(&session["userId"]);
    let (Some(id), Some(expiry)) = (id(&user["id"]), time(&session["expiresAt"])) else {
        return "sessions_unavailable";
    };
    if !has_token || owner.as_ref() != Some(&id) {
        return "sessions_unavailable";
    }
    let is_banned = match &user["banned"] {
        Value::Null | Value::Bool(false) => false,
        Value::Number(number) => number.as_f64() != Some(0.0),
        _ => true,
    };
    let has_ended = time(&user["banExpires"]).is_some_and(|end| end <= now());
    if expiry <= now() {
        "session"
    } else if is_banned && !has_ended {
        "banned"
    } else if id.trim().is_empty() || id.len() > 255 || has_control(&id) {
        "subject"
    } else if has_control(text(&user["email"])) || has_control(text(&user["name"])) {
        "user"
    } else {
        "accepted"
    }
}

fn assert_belongs(user: &CurrentUser, record: &Value, token: &str) {
    let (session, columns) = (&record["session"], &record["user"]);
    assert_eq!(session["token"], token);
    assert_eq!(Some(user.user_id()), id(&columns["id"]).as_deref());
    assert_eq!(Some(user.user_id()), id(&session["userId"]).as_deref());
    assert_eq!(user.email(), text(&columns["email"]));
    assert_eq!(user.name(), columns["name"].as_str());
    assert!(user.expires_at() > Some(SESSIONS.clock().now()));
    assert_eq!(user.issuer(), Some("https://app.example.com"));
    let claims: Value = user.claims().expect("the claims are JSON");
    assert_eq!(claims["sub"], user.user_id());
    assert_eq!(claims["iss"], "https://app.example.com");
    assert_eq!(claims["session"].get("token"), None);
    assert_eq!(claims["session"]["userId"], session["userId"]);
}

fn id(value: &Value) -> Option<String> {
    match value {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => id.as_u64().map(|id| id.to_string()),
        _ => None,
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn has_control(text: &str) -> bool {
    text.contains(char::is_control)
}

/// Returns the whole seconds of a time after 1970.
fn time(value: &Value) -> Option<u64> {
    let text = value.as_str()?;
    // RFC 3339 section 5.6: a `T`, or a space.
    let has_separator = matches!(text.as_bytes().get(10), Some(b'T' | b't' | b' '));
    let time = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    has_separator.then(|| time.unix_timestamp().try_into().ok())?
}

fn now() -> u64 {
    seconds(SESSIONS.clock().now()).expect("the clock is after 1970")
}

fn seconds(time: SystemTime) -> Option<u64> {
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}
