//! `docs/sessions.md` and `docs/session-stores.md` state what the code does, and so does the section about
//! outages in `docs/observability.md`.

use std::fs;

use http::{Request, header::COOKIE};
use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{JwtAuthLayer, PathOwnerLayer, Rejection, TokenError};

use super::server::{Answer, SessionServer, ask, authenticate, cookie, request, token, user_of};
use crate::support;

const GUIDE: &str = include_str!("../../../docs/sessions.md");

const STORES: &str = include_str!("../../../docs/session-stores.md");

const OUTAGES: &str = include_str!("../../../docs/observability.md");

const THREAT_MODEL: &str = include_str!("../../../docs/threat-model.md");

#[test]
fn the_guide_lists_the_reasons_of_sessions() {
    let (_, table) = GUIDE.split_once("\n## Errors\n").unwrap();
    for rejection in [
        Rejection::MissingToken,
        Rejection::SessionSignature,
        Rejection::InvalidSession,
        Rejection::Banned,
        Rejection::InvalidToken(TokenError::User),
        Rejection::CrossSite,
        Rejection::SessionsUnavailable,
        Rejection::InvalidToken(TokenError::OpaqueSessionToken),
        Rejection::SeveralTokens,
        Rejection::OtherIssuer,
    ] {
        let (reason, status) = (rejection.reason(), rejection.status().as_u16());
        let row = format!("\n| `{reason}` ({status}) |");
        assert!(table.contains(&row), "{row}");
    }
}

#[test]
fn the_guides_state_the_limits_of_the_code() {
    let folders = [
        "src/sessions",
        "src/sessions/cookie_cache",
        "src/lookups",
        "src/auth/builder",
        "src/jwks",
        "src/rejection",
    ];
    let code = folders.map(source).concat();
    for (limit, page, text) in [
        (
            "DEFAULT_FRESH_FOR: Duration = Duration::from_secs(10)",
            GUIDE,
            "keeps an answer for 10 s",
        ),
        (
            "MAX_FRESH_FOR: Duration = Duration::from_secs(60 * 60)",
            GUIDE,
            "at most an hour",
        ),
        (
            "LOOKUP_TIMEOUT: Duration = Duration::from_secs(2)",
            OUTAGES,
            "within 2 s",
        ),
        ("MAX_OUTAGES: u32 = 5", OUTAGES, "five lookups in a row"),
        (
            "PROBE_INTERVAL: Duration = Duration::from_millis(900)",
            OUTAGES,
            "one lookup per second",
        ),
        (
            "DEFAULT_FRESH_FOR: Duration = Duration::from_secs(10)",
            OUTAGES,
            "for 10 s after the last answer",
        ),
        (
            "DEFAULT_TTL: Duration = Duration::from_secs(10 * 60)",
            OUTAGES,
            "10 minutes (`.jwks_ttl(…)`",
        ),
        (
            "DEFAULT_MAX_STALE: Duration = Duration::from_secs(60 * 60)",
            OUTAGES,
            "an hour (`.jwks_max_stale(…)`)",
        ),
        (
            "KEY_WAIT_TIMEOUT: Duration = Duration::from_secs(10)",
            OUTAGES,
            "after at most 10 s",
        ),
        (
            "MIN_RETRY_INTERVAL: Duration = Duration::from_secs(1)",
            OUTAGES,
            "again after a second",
        ),
        (
            "MAX_RETRY_INTERVAL: Duration = Duration::from_secs(30)",
            OUTAGES,
            "intervals of up to 30 s",
        ),
        (
            r#"RETRY_AFTER_SECS: HeaderValue = HeaderValue::from_static("10")"#,
            OUTAGES,
            "`retry-after: 10`",
        ),
        (
            "DEFAULT_MAX_LOOKUPS: usize = 16",
            GUIDE,
            "At most 16 lookups",
        ),
        ("MAX_QUEUED: usize = 256", GUIDE, "and 256 wait"),
        (
            "DEFAULT_MAX_STORE_LOOKUPS: usize = 64",
            STORES,
            "At most 64 lookups",
        ),
        (
            "DEFAULT_MAX_STORE_LOOKUPS: usize = 64",
            THREAT_MODEL,
            "| 64 (",
        ),
        ("MAX_LEN: usize = 64 * 1024", STORES, "up to 64 KiB"),
        ("MAX_LEN: usize = 64 * 1024", THREAT_MODEL, "| 64 KiB; 64 |"),
        ("MAX_CHUNKS: usize = 64", THREAT_MODEL, "| 64 KiB; 64 |"),
        ("DEFAULT_MAX_LOOKUPS: usize = 16", THREAT_MODEL, "| 16 ("),
        ("MAX_QUEUED: usize = 256", THREAT_MODEL, "| 256 |"),
        (
            "LOOKUP_TIMEOUT: Duration = Duration::from_secs(2)",
            THREAT_MODEL,
            "| 2 s |",
        ),
        (
            "MAX_RECORD_BYTES: usize = 64 * 1024",
            THREAT_MODEL,
            "| 64 KiB |",
        ),
        (
            "BYTES_PER_PLACE: usize = 8 * 1024",
            THREAT_MODEL,
            "over 8 KiB",
        ),
        ("MAX_USERS: usize = 10_000", THREAT_MODEL, "| 10,000,"),
        ("MAX_REJECTIONS: usize = 1_000", THREAT_MODEL, "| 1,000,"),
        ("MAX_OUTAGES: u32 = 5", THREAT_MODEL, "after 5 consecutive"),
        (
            "PROBE_INTERVAL: Duration = Duration::from_millis(900)",
            THREAT_MODEL,
            "one attempt per second",
        ),
    ] {
        assert!(code.contains(&format!("const {limit};")), "{limit}");
        let page: Vec<&str> = page.split_whitespace().collect();
        assert!(page.join(" ").contains(text), "{text}");
    }
}

#[test]
fn the_guide_quotes_the_texts_of_failed_lookups() {
    let folders = ["src/sessions", "src/sessions/redis", "src/lookups"];
    let code = folders.map(source).concat();
    let (_, table) = STORES.split_once("\n| text | cause | fix |\n").unwrap();
    let (table, _) = table.split_once("\n\n").unwrap();
    let cells = table
        .lines()
        .skip(1)
        .map(|row| row.split('|').nth(1).unwrap());
    let texts: Vec<&str> = cells
        .flat_map(|cell| cell.split('"').skip(1).step_by(2))
        .collect();
    assert!(texts.len() > 15, "the table is not read: {texts:?}");
    for text in texts {
        let mut literal = text.trim_start_matches("… ").to_owned();
        // The code formats limits.
        for (limit, format) in [("64 run", "{} run"), ("2 s", "{} s")] {
            literal = literal.replace(limit, format);
        }
        assert!(code.contains(&literal), "{text}");
    }
}

#[tokio::test]
async fn a_response_over_64_kib_is_not_used() {
    let server = SessionServer::start().await;
    for (len, outcome) in [
        (60 * 1024, Ok(user_of(&token(1)))),
        (64 * 1024, Err("sessions_unavailable")),
    ] {
        server.set(move |request| {
            let mut record: Value = serde_json::from_str(&Answer::session(request).body).unwrap();
            record["user"]["image"] = "a".repeat(len).into();
            Answer::new("200 OK", record.to_string())
        });
        assert_eq!(
            ask(&server.layer(), &cookie(1)).await,
            outcome,
            "{len} bytes"
        );
    }
}

#[tokio::test]
async fn a_column_of_the_user_never_replaces_a_claim() {
    let claims = [
        "iss",
        "sub",
        "aud",
        "exp",
        "nbf",
        "iat",
        "jti",
        "sid",
        "act",
        "cnf",
        "auth_time",
        "acr",
        "amr",
        "session",
    ];
    let server = SessionServer::with(move |request| {
        let mut record: Value = serde_json::from_str(&Answer::session(request).body).unwrap();
        for claim in claims {
            record["user"][claim] = "a column".into();
        }
        record["user"]["plan"] = "a column".into();
        Answer::new("200 OK", record.to_string())
    })
    .await;
    let user = authenticate(&server.layer(), request(&cookie(1))).await;
    let user = user.unwrap().expect("the request has a session");
    let id = user_of(&token(1));
    assert_eq!(user.user_id(), id);
    assert_eq!(user.issuer(), Some(&*server.origin()));
    assert_eq!(
        user.session_id().as_deref(),
        Some(&*format!("session-of-{id}"))
    );
    assert_eq!(user.actor(), None);
    let own: Value = user.claims().unwrap();
    for claim in claims {
        assert_ne!(own[claim], "a column", "{claim}");
    }
    assert_eq!(own["plan"], "a column");
    assert_eq!(own["session"]["userId"], json!(id));
}

#[tokio::test]
async fn users_of_sessions_are_the_first_issuers_only_at_its_origin() {
    let server = SessionServer::start().await;
    let origin = server.origin();
    let path = format!("/api/{}/tasks", user_of(&token(1)));
    let elsewhere = || Some("https://keycloak.example.com".to_owned());
    for (issuer, has_same_users, outcome) in [
        (None, false, "accepted"),
        (Some(origin.clone()), false, "accepted"),
        (Some(format!("{origin}/api/auth")), false, "accepted"),
        (Some(format!("{origin}.example.com")), false, "other_issuer"),
        (elsewhere(), false, "other_issuer"),
        (elsewhere(), true, "accepted"),
    ] {
        let sessions = match has_same_users {
            true => server.sessions().same_users(),
            false => server.sessions(),
        };
        let mut auth = JwtAuthLayer::builder()
            .secret(support::SECRET)
            .sessions(sessions);
        if let Some(issuer) = &issuer {
            auth = auth.issuer(issuer);
        }
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let layers = Stack::new(owner, auth.build().unwrap());
        let request = Request::get(&path).header(COOKIE, cookie(1));
        let answer = support::ask(layers, request.body(()).unwrap()).await;
        assert_eq!(
            answer.reason(),
            outcome,
            "{issuer:?}, same users: {has_same_users}"
        );
    }
}

/// The source of this folder.
fn source(folder: &str) -> String {
    let folder = format!("{}/{folder}", env!("CARGO_MANIFEST_DIR"));
    let files = fs::read_dir(folder).unwrap();
    let files = files.map(|file| file.unwrap().path());
    files
        .filter(|file| file.is_file())
        .map(|file| fs::read_to_string(file).unwrap())
        .collect()
}
