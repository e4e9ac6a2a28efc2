//! The answers of the server about a session.

use serde_json::{Value, json};
use tower_jwt_auth::{CurrentUser, JwtAuthBuilder};

use super::server::{self, Answer, SessionServer, authenticate, cookie, request, token};
use crate::{
    events::{Captured, told},
    support::keyless,
};

const UNAVAILABLE: &str = "sessions_unavailable";

/// The record of session 1 with these columns set. A column with [`REMOVED`] is removed.
pub(super) fn record(session: Value, user: Value) -> Value {
    let mut record = server::record(&token(1));
    for (part, columns) in [("session", session), ("user", user)] {
        let Value::Object(columns) = columns else {
            panic!("the columns are an object")
        };
        for (name, value) in columns {
            if value == REMOVED {
                record[part].as_object_mut().unwrap().remove(&name);
            } else {
                record[part][name] = value;
            }
        }
    }
    record
}

pub(super) const REMOVED: &str = "removed";

pub(super) fn ok(body: impl ToString) -> Answer {
    Answer::new("200 OK", body.to_string())
}

/// A server whose answers a test sets.
pub(super) struct Lookups(pub(super) SessionServer);

impl Lookups {
    pub(super) async fn start() -> Self {
        Self(SessionServer::start().await)
    }

    /// Authenticates session 1 with this answer of the server, at [`NOW`].
    pub(super) async fn of(
        &self,
        answer: Answer,
        configure: impl FnOnce(JwtAuthBuilder) -> JwtAuthBuilder,
    ) -> Result<CurrentUser, &'static str> {
        self.0.set(move |_| answer.clone());
        let layer = configure(keyless().sessions(self.0.sessions()));
        let user = authenticate(&layer.build().unwrap(), request(&cookie(1))).await;
        user.map(|user| user.expect("the layer accepts no anonymous request"))
    }

    /// The reason, or "accepted".
    pub(super) async fn reason(&self, answer: Answer) -> &'static str {
        let found = self.of(answer, |builder| builder).await;
        found.map_or_else(|reason| reason, |_| "accepted")
    }

    pub(super) async fn user(&self, session: Value, user: Value) -> CurrentUser {
        let found = self.of(ok(record(session, user)), |builder| builder).await;
        found.unwrap()
    }
}

#[tokio::test]
async fn only_null_and_401_mean_that_there_is_no_session() {
    let lookups = Lookups::start().await;
    let valid = server::record(&token(1)).to_string();
    let with = |field: &str, mut answer: Answer| {
        answer.fields += &format!("{field}\r\n");
        answer
    };
    let status = |status| Answer::new(status, "null");
    for (row, answer, reason, logged) in [
        ("a session", ok(&valid), "accepted", ""),
        ("null", ok("null"), "session", ""),
        ("null with space", ok(" null\n"), "session", ""),
        ("401", status("401 Unauthorized"), "session", ""),
        ("204", Answer::new("204 No Content", ""), UNAVAILABLE, "204"),
        (
            "206",
            Answer::new("206 Partial Content", &*valid),
            UNAVAILABLE,
            "206",
        ),
        (
            "302",
            with("location: /login", status("302 Found")),
            UNAVAILABLE,
            "/login",
        ),
        (
            "308",
            with("location: /x", status("308 Permanent Redirect")),
            UNAVAILABLE,
            "308",
        ),
        (
            "304",
            Answer::new("304 Not Modified", ""),
            UNAVAILABLE,
            "304",
        ),
        ("400", status("400 Bad Request"), UNAVAILABLE, "400"),
        ("403", status("403 Forbidden"), UNAVAILABLE, "403"),
        (
            "404",
            status("404 Not Found"),
            UNAVAILABLE,
            ".session_url(…)",
        ),
        (
            "405",
            status("405 Method Not Allowed"),
            UNAVAILABLE,
            ".session_url(…)",
        ),
        (
            "429",
            status("429 Too Many Requests"),
            UNAVAILABLE,
            r#"{ "/get-session": false }"#,
        ),
        (
            "500",
            status("500 Internal Server Error"),
            UNAVAILABLE,
            "500",
        ),
        ("502", status("502 Bad Gateway"), UNAVAILABLE, "502"),
        ("503", status("503 Service Unavailable"), UNAVAILABLE, "503"),
        ("504", status("504 Gateway Timeout"), UNAVAILABLE, "504"),
        ("empty", ok(""), UNAVAILABLE, "not the JSON"),
        ("HTML", ok("<html>null</html>"), UNAVAILABLE, "not the JSON"),
        ("a string", ok(r#""null""#), UNAVAILABLE, "not the JSON"),
        ("false", ok("false"), UNAVAILABLE, "not the JSON"),
        ("an array", ok("[]"), UNAVAILABLE, "not the JSON"),
        ("{}", ok("{}"), UNAVAILABLE, "customSession"),
        (
            "nulls",
            ok(r#"{"session":null,"user":null}"#),
            UNAVAILABLE,
            "customSession",
        ),
        (
            "an error",
            ok(r#"{"code":"X","message":"null"}"#),
            UNAVAILABLE,
            "not the JSON",
        ),
        (
            "cut off",
            ok(&valid[..valid.len() - 1]),
            UNAVAILABLE,
            "not the JSON",
        ),
        (
            "text after it",
            ok(format!("{valid}x")),
            UNAVAILABLE,
            "not the JSON",
        ),
        ("two nulls", ok("null null"), UNAVAILABLE, "not the JSON"),
        (
            "compressed",
            with("content-encoding: gzip", ok(&valid)),
            UNAVAILABLE,
            "content-encoding",
        ),
    ] {
        let events = Captured::start();
        assert_eq!(lookups.reason(answer).await, reason, "{row}");
        let warnings = events.at("WARN").join("\n");
        let is_logged = reason == UNAVAILABLE && told() == 1;
        assert_eq!(!warnings.is_empty(), is_logged, "{row}: {warnings}");
        assert!(!is_logged || warnings.contains(logged), "{row}: {warnings}");
    }
}

#[tokio::test]
async fn an_answer_has_at_most_64_kib() {
    let lookups = Lookups::start().await;
    let len = record(json!({}), json!({ "bio": "" })).to_string().len();
    for (bytes, reason) in [(64 * 1024, "accepted"), (64 * 1024 + 1, UNAVAILABLE)] {
        let bio = "a".repeat(bytes - len);
        let record = record(json!({}), json!({ "bio": bio })).to_string();
        assert_eq!(record.len(), bytes);
        assert_eq!(lookups.reason(ok(record)).await, reason, "{bytes}");
    }
}

#[tokio::test]
async fn a_record_must_belong_to_the_session() {
    let lookups = Lookups::start().await;
    let expires = |time: &str| record(json!({ "expiresAt": time }), json!({}));
    let none = || json!({});
    for (row, record, reason) in [
        ("the session", record(none(), none()), "accepted"),
        (
            "another token",
            record(json!({ "token": token(2) }), none()),
            UNAVAILABLE,
        ),
        (
            "no token",
            record(json!({ "token": REMOVED }), none()),
            UNAVAILABLE,
        ),
        (
            "a null token",
            record(json!({ "token": null }), none()),
            UNAVAILABLE,
        ),
        (
            "a token in an array",
            record(json!({ "token": [token(1)] }), none()),
            UNAVAILABLE,
        ),
        (
            "another user",
            record(none(), json!({ "id": "bob" })),
            UNAVAILABLE,
        ),
        (
            "another owner",
            record(json!({ "userId": "bob" }), none()),
            UNAVAILABLE,
        ),
        (
            "no owner",
            record(json!({ "userId": REMOVED }), none()),
            UNAVAILABLE,
        ),
        (
            "no user ID",
            record(none(), json!({ "id": REMOVED })),
            UNAVAILABLE,
        ),
        (
            "neither",
            record(json!({ "userId": null }), json!({ "id": null })),
            UNAVAILABLE,
        ),
        (
            "arrays",
            record(json!({ "userId": ["a"] }), json!({ "id": ["a"] })),
            UNAVAILABLE,
        ),
        (
            "numbers",
            record(json!({ "userId": 7 }), json!({ "id": 7 })),
            "accepted",
        ),
        (
            "negative",
            record(json!({ "userId": -7 }), json!({ "id": -7 })),
            UNAVAILABLE,
        ),
        (
            "fractions",
            record(json!({ "userId": 7.5 }), json!({ "id": 7.5 })),
            UNAVAILABLE,
        ),
        (
            "other letters",
            record(none(), json!({ "id": "USER-1" })),
            UNAVAILABLE,
        ),
        (
            "empty",
            record(json!({ "userId": "" }), json!({ "id": "" })),
            "subject",
        ),
        (
            "control",
            record(json!({ "userId": "a\u{7}" }), json!({ "id": "a\u{7}" })),
            "subject",
        ),
        (
            "a second later",
            expires("2027-01-15T08:00:01.000Z"),
            "accepted",
        ),
        (
            "a fraction later",
            expires("2027-01-15T08:00:00.999Z"),
            "session",
        ),
        ("now", expires("2027-01-15T08:00:00.000Z"), "session"),
        (
            "a second ago",
            expires("2027-01-15T07:59:59.000Z"),
            "session",
        ),
        ("1970", expires("1970-01-01T00:00:00.000Z"), "session"),
        (
            "without fraction",
            expires("2999-01-15T08:00:00Z"),
            "accepted",
        ),
        ("a date", expires("2999-01-15"), UNAVAILABLE),
        ("no zone", expires("2999-01-15T08:00:00.000"), UNAVAILABLE),
        ("no time", expires(""), UNAVAILABLE),
        ("text", expires("never"), UNAVAILABLE),
        (
            "no expiry",
            record(json!({ "expiresAt": REMOVED }), none()),
            UNAVAILABLE,
        ),
        (
            "null",
            record(json!({ "expiresAt": null }), none()),
            UNAVAILABLE,
        ),
        (
            "a number",
            record(json!({ "expiresAt": 32503680000000_u64 }), none()),
            UNAVAILABLE,
        ),
    ] {
        assert_eq!(lookups.reason(ok(record)).await, reason, "{row}");
    }
}
