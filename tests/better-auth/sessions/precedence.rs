//! Which credential decides if a request carries several.

use std::time::Duration;

use http::Method;
use tower_jwt_auth::{JwtAuthLayer, TokenSource};

use super::{
    Account, Service, Site,
    credentials::{ApiKeys, Credentials},
    releases,
};
use crate::SECRET;

const ANONYMOUS: (u16, &str) = (200, "anonymous");
const CROSS_SITE: (u16, &str) = (403, "cross_site");
const DEAD: (u16, &str) = (401, "session");
const EXPIRED: (u16, &str) = (401, "expired");
const FORGED: (u16, &str) = (401, "session_signature");
const MISSING: (u16, &str) = (401, "missing_token");
const SEVERAL: (u16, &str) = (400, "several_tokens");

#[tokio::test]
async fn one_credential_decides_and_no_other_is_looked_up() {
    for site in releases() {
        let all = Credentials::new(site).await;
        let auth = || {
            let sessions = site.sessions().secret(SECRET).fresh_for(Duration::ZERO);
            JwtAuthLayer::better_auth(site.origin()).sessions(sessions)
        };
        let sources = [TokenSource::header(), TokenSource::cookie("jwt")];
        for (auth, rows) in [
            (auth(), with_authorization(&all, site)),
            (auth(), with_cookies(&all)),
            (auth(), with_session_data(&all, site)),
            (auth(), from_a_page(&all, site.origin())),
            (auth().token_sources(sources), with_jwt_cookies(&all)),
            (auth().authenticate_with(ApiKeys), with_api_keys(&all)),
            (auth().allow_anonymous(), if_anonymous_is_allowed(&all)),
        ] {
            let service = Service::new(auth);
            for row in rows {
                row.check(site, &service, &all).await;
            }
        }
    }
}

fn with_authorization<'a>(all: &'a Credentials, site: Site<'_>) -> Vec<Row<'a>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let a = &*all.ada.cookie;
    // In 1.4, the bearer() plugin adds its cookie after those of the request, so theirs decides.
    let (by_bearer, by_garbage) = match site.is_release("1.4") {
        true => (&all.ada, Some(&all.ada)),
        false => (&all.bob, None),
    };
    let row = |what, value, outcome, asked| {
        Row::new(what, &[a], outcome, asked).with("authorization", value)
    };
    vec![
        row("a JWT", &*all.jwt, bob, "").better_auth(&all.ada),
        row("an expired JWT", &all.expired_jwt, EXPIRED, ""),
        row("a session bearer", &all.bearer, bob, &all.bearer).better_auth(by_bearer),
        row("a dead bearer", &all.dead_bearer, DEAD, &all.dead_bearer),
        row("a forged bearer", &all.forged_bearer, FORGED, ""),
        row("a garbage bearer", "Bearer garbage", (401, "malformed"), "").better_auth(by_garbage),
        row("Basic", "Basic YWRhOnNlY3JldA==", ada, a).better_auth(&all.ada),
        row("two bearers", &all.jwt, SEVERAL, "").with("authorization", &all.bearer),
    ]
}

fn with_cookies(all: &Credentials) -> Vec<Row<'_>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let (a, b) = (&*all.ada.cookie, &*all.bob.cookie);
    let (secure, host) = (&*all.secure, &*all.host);
    let dead = &*all.dead.cookie;
    let (jwt, bearer) = (&*all.jwt, &*all.bearer);
    vec![
        Row::new("no cookie", &[], MISSING, ""),
        Row::new("a cookie", &[a], ada, a).better_auth(&all.ada),
        Row::new("a dead cookie", &[dead], DEAD, dead).better_auth(None),
        Row::new("a forged cookie", &[&all.forged], FORGED, "").better_auth(None),
        Row::new("a token without a MAC", &[&all.unsigned], FORGED, "").better_auth(None),
        // This Better Auth reads the plain name.
        Row::new("__Secure-", &[a, secure], DEAD, secure).better_auth(&all.ada),
        Row::new("__Host-", &[secure, a, host], DEAD, host).better_auth(&all.ada),
        Row::new("one value twice", &[a, a], ada, a),
        Row::new("two values", &[a, b], SEVERAL, "").better_auth(&all.ada),
        Row::new("two values, one forged", &[&all.forged, a], SEVERAL, "").better_auth(None),
        Row::new("two values and a JWT", &[a, b], bob, "").with("authorization", jwt),
        Row::new("two values and a bearer", &[a, b], bob, bearer).with("authorization", bearer),
        Row::new("another prefix", &[&all.other_prefix], MISSING, "").better_auth(None),
        Row::new(
            "a cookie of multi-session",
            &[&all.multi_session],
            MISSING,
            "",
        )
        .better_auth(None),
        Row::new("admin_session", &[&all.admin_session], MISSING, "").better_auth(None),
    ]
}

fn with_session_data<'a>(all: &'a Credentials, site: Site<'_>) -> Vec<Row<'a>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let (a, b) = (&*all.ada.cookie, &*all.bob.cookie);
    let (dead, dead_data) = (&*all.dead.cookie, &*all.dead.data);
    let data = &*all.ada.data;
    let [first, second, third] = all.chunks.each_ref().map(|chunk| &**chunk);
    // 1.4 does not fall back to the store.
    let with_a_gap = (!site.is_release("1.4")).then_some(&all.bob);
    vec![
        Row::new("session_data alone", &[data], MISSING, "").better_auth(None),
        Row::new("another user's session_data", &[data, b], bob, b).better_auth(&all.bob),
        Row::new("good session_data", &[data, a], ada, a).better_auth(&all.ada),
        Row::new("stale session_data", &[dead_data, dead], DEAD, dead).better_auth(None),
        Row::new("chunks alone", &[first, second, third], MISSING, "").better_auth(None),
        Row::new("chunks out of order", &[third, b, first, second], bob, b).better_auth(&all.bob),
        Row::new("chunks with a gap", &[first, third, b], bob, b).better_auth(with_a_gap),
    ]
}

/// A browser sends the cookie also if another site's page makes it send the request.
fn from_a_page<'a>(all: &'a Credentials, origin: &'a str) -> Vec<Row<'a>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let a = &*all.ada.cookie;
    let (jwt, bearer) = (&*all.jwt, &*all.bearer);
    let post = |what, origin, outcome, asked| {
        let row = Row::new(what, &[a], outcome, asked).with("origin", origin);
        Row {
            method: Method::POST,
            ..row.with("sec-fetch-site", "cross-site")
        }
    };
    vec![
        post("POST from the origin", origin, ada, a),
        post(
            "POST from another site",
            "https://example.org",
            CROSS_SITE,
            "",
        ),
        post("the same with a JWT", "https://example.org", bob, "").with("authorization", jwt),
        post("the same with a bearer", "https://example.org", bob, bearer)
            .with("authorization", bearer),
    ]
}

fn with_jwt_cookies(all: &Credentials) -> Vec<Row<'_>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let a = &*all.ada.cookie;
    vec![
        Row::new("no JWT cookie", &[a], ada, a),
        Row::new("a JWT cookie", &[a, &all.jwt_cookie], bob, ""),
        Row::new(
            "an expired JWT cookie",
            &[&all.expired_jwt_cookie, a],
            EXPIRED,
            "",
        ),
    ]
}

fn with_api_keys(all: &Credentials) -> Vec<Row<'_>> {
    let (ada, bob) = ((200, &*all.ada.id), (200, &*all.bob.id));
    let (a, bearer) = (&*all.ada.cookie, &*all.bearer);
    let row =
        |what, key, outcome, asked| Row::new(what, &[a], outcome, asked).with("x-api-key", key);
    vec![
        Row::new("no API key", &[a], ada, a),
        row("an API key", ApiKeys::GOOD, (200, ApiKeys::USER), ""),
        row("a bad API key", "bad", (401, "invalid_credential"), ""),
        row("an API key and a JWT", "bad", bob, "").with("authorization", &all.jwt),
        row("an API key and a bearer", "bad", bob, bearer).with("authorization", bearer),
    ]
}

fn if_anonymous_is_allowed(all: &Credentials) -> Vec<Row<'_>> {
    let ada = (200, &*all.ada.id);
    let (a, b, dead) = (&*all.ada.cookie, &*all.bob.cookie, &*all.dead.cookie);
    let bearer = |what, value, outcome, asked| {
        Row::new(what, &[a], outcome, asked).with("authorization", value)
    };
    vec![
        Row::new("anonymous", &[], ANONYMOUS, ""),
        Row::new("anonymous, a cookie", &[a], ada, a),
        Row::new("anonymous, a dead cookie", &[dead], ANONYMOUS, dead),
        Row::new("anonymous, a forged cookie", &[&all.forged], ANONYMOUS, ""),
        Row::new("anonymous, two values", &[a, b], SEVERAL, ""),
        bearer(
            "anonymous, a dead bearer",
            &*all.dead_bearer,
            DEAD,
            &*all.dead_bearer,
        ),
        bearer("anonymous, a forged bearer", &all.forged_bearer, FORGED, ""),
    ]
}

/// A request, and what becomes of it.
struct Row<'a> {
    what: &'static str,
    method: Method,
    cookies: Vec<&'a str>,
    fields: Vec<(&'static str, &'a str)>,
    outcome: (u16, &'a str),
    /// The only credential that Better Auth is asked, or an empty string.
    asked: &'a str,
    /// The user for whom Better Auth itself takes the request, if that is checked.
    at_better_auth: Option<Option<&'a str>>,
}

impl<'a> Row<'a> {
    fn new(
        what: &'static str,
        cookies: &[&'a str],
        outcome: (u16, &'a str),
        asked: &'a str,
    ) -> Self {
        Self {
            what,
            method: Method::GET,
            cookies: cookies.to_vec(),
            fields: Vec::new(),
            outcome,
            asked,
            at_better_auth: None,
        }
    }

    fn better_auth(mut self, user: impl Into<Option<&'a Account>>) -> Self {
        self.at_better_auth = Some(user.into().map(|user| &*user.id));
        self
    }

    fn with(mut self, name: &'static str, value: &'a str) -> Self {
        self.fields.push((name, value));
        self
    }

    async fn check(self, site: Site<'_>, service: &Service, all: &Credentials) {
        let row = format!("{site}: {}", self.what);
        let cookies = self.cookies.join("; ");
        let cookie = (!cookies.is_empty()).then_some(("cookie", &*cookies));
        let headers: Vec<_> = cookie.into_iter().chain(self.fields).collect();
        if let Some(expected) = self.at_better_auth {
            let session = site.get_session_of(&headers).await;
            assert_eq!(
                session["user"]["id"].as_str(),
                expected,
                "{row}, Better Auth"
            );
        }
        let before = all.lookups(site).await.len();
        let answer = service.send(self.method, &headers).await;
        assert_eq!(answer.outcome(), self.outcome, "{row}");
        let lookups = &all.lookups(site).await[before..];
        let expected = (!self.asked.is_empty()).then_some(self.asked);
        assert_eq!(lookups, Vec::from_iter(expected), "{row}");
    }
}
