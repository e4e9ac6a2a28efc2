//! Key sets that the metadata of an issuer names.

use std::{
    collections::HashMap,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::StatusCode;
use serde_json::{Value, json};
use tokio::time::Instant;
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

use crate::support::{signing_keys::*, *};

const ISSUER: &str = "https://login.example.com/tenant";
const OPENID: &str = "https://login.example.com/tenant/.well-known/openid-configuration";
const INSERTED: &str = "https://login.example.com/.well-known/oauth-authorization-server/tenant";
const APPENDED: &str = "https://login.example.com/tenant/.well-known/oauth-authorization-server";
const KEYS: &str = "https://keys.example.com/jwks";

/// The response to one URL.
#[derive(Clone)]
enum Page {
    Text(String),
    Status(StatusCode),
    /// An error without a status, such as that of a connection.
    Error,
    Hang,
}

/// A web of pages, which records the URLs that were fetched. All other URLs have the status 404.
#[derive(Clone, Default)]
struct Web {
    pages: Arc<Mutex<HashMap<String, Page>>>,
    fetched: Arc<Mutex<Vec<String>>>,
}

impl Web {
    fn with(pages: impl IntoIterator<Item = (&'static str, Page)>) -> Self {
        let web = Self::default();
        for (url, page) in pages {
            web.set(url, page);
        }
        web
    }

    fn set(&self, url: &str, page: Page) {
        self.pages.lock().unwrap().insert(url.to_owned(), page);
    }

    fn fetched(&self) -> Vec<String> {
        std::mem::take(&mut *self.fetched.lock().unwrap())
    }

    fn builder(&self, issuer: &str) -> JwtAuthBuilder {
        JwtAuthLayer::discover(issuer)
            .jwks_fetcher(self.clone())
            .audience("api")
            .clock(|| at(NOW))
    }

    /// Builds a layer, and returns the error of its first fetch.
    async fn error(&self) -> String {
        let layer = self.builder(ISSUER).build().unwrap();
        layer.ready().await.unwrap_err().to_string()
    }
}

impl JwksFetch for Web {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        self.fetched.lock().unwrap().push(url.to_owned());
        let page = self.pages.lock().unwrap().get(url).cloned();
        Box::pin(async move {
            match page.unwrap_or(Page::Status(StatusCode::NOT_FOUND)) {
                Page::Text(text) => Ok(FetchedJwks::new(text)),
                Page::Status(status) => {
                    Err(FetchError::new(format!("status {status}")).with_status(status))
                }
                Page::Error => Err(FetchError::new("connection refused")),
                Page::Hang => std::future::pending().await,
            }
        })
    }
}

fn key() -> SigningKey {
    SigningKey::generate("EdDSA", "1")
}

fn metadata(issuer: &str, jwks_uri: &str) -> Page {
    Page::Text(json!({ "issuer": issuer, "jwks_uri": jwks_uri }).to_string())
}

fn keys(key: &SigningKey) -> Page {
    Page::Text(jwks([key]))
}

fn token(key: &SigningKey, iss: &str) -> String {
    let mut claims = claims_with(json!({ "iss": iss, "aud": "api" }));
    claims["sub"] = Value::from("alice");
    key.token(&claims)
}

#[tokio::test]
async fn the_candidates_are_tried_in_order() {
    let key = key();
    for (found, expected) in [
        (OPENID, &[OPENID, KEYS][..]),
        (INSERTED, &[OPENID, INSERTED, KEYS]),
        (APPENDED, &[OPENID, INSERTED, APPENDED, KEYS]),
    ] {
        let web = Web::with([(found, metadata(ISSUER, KEYS)), (KEYS, keys(&key))]);
        let layer = web.builder(ISSUER).build().unwrap();
        layer.ready().await.unwrap();
        assert_eq!(web.fetched(), expected, "{found}");
        assert_eq!(reason(&layer, &token(&key, ISSUER)), "accepted", "{found}");
        assert_eq!(layer.jwks_health()[0].url, ISSUER);
    }
}

#[tokio::test]
async fn only_a_4xx_other_than_429_tries_the_next_candidate() {
    for status in [400, 401, 403, 404, 405, 410, 451] {
        let status = StatusCode::from_u16(status).unwrap();
        let web = Web::with([(OPENID, Page::Status(status))]);
        let error = web.error().await;
        assert_eq!(web.fetched(), [OPENID, INSERTED, APPENDED], "{status}");
        for text in [OPENID, INSERTED, APPENDED, ".jwks_url(…)", status.as_str()] {
            assert!(error.contains(text), "{status}: {error}");
        }
    }
    for page in [429, 500, 502, 503, 301, 302, 204]
        .map(|status| Page::Status(StatusCode::from_u16(status).unwrap()))
        .into_iter()
        .chain([Page::Error, Page::Text("<html>".into())])
    {
        let web = Web::with([(OPENID, page)]);
        let error = web.error().await;
        assert_eq!(web.fetched(), [OPENID], "{error}");
        assert!(error.contains(OPENID), "{error}");
    }
}

#[tokio::test]
async fn metadata_of_another_issuer_is_rejected_with_both_names() {
    for other in [
        "https://login.example.com/tenant/",
        "http://login.example.com/tenant",
        "https://evil.example.com",
        "",
    ] {
        let web = Web::with([(OPENID, metadata(other, KEYS)), (KEYS, keys(&key()))]);
        let error = web.error().await;
        assert!(error.contains(&format!("{other:?}")), "{error}");
        assert!(error.contains(&format!("{ISSUER:?}")), "{error}");
        let only_slash_differs = other.strip_suffix('/') == Some(ISSUER);
        assert_eq!(
            error.contains("only the trailing slash differs"),
            only_slash_differs,
            "{error}"
        );
        assert_eq!(web.fetched(), [OPENID], "{other}");
    }
    let template = "https://login.example.com/{tenantid}/v2.0";
    let web = Web::with([(OPENID, metadata(template, KEYS))]);
    let error = web.error().await;
    assert!(error.contains(".issuer_template(…)"), "{error}");
}

#[tokio::test]
async fn invalid_metadata_is_reported_without_its_content() {
    for (description, text) in [
        ("not JSON", "<html>secret"),
        ("an array", r#"["secret"]"#),
        ("no issuer", r#"{"jwks_uri":"https://secret.example.com"}"#),
        ("no jwks_uri", r#"{"issuer":"secret"}"#),
        ("a number", r#"{"issuer":1,"jwks_uri":"secret"}"#),
        (
            "two issuers",
            r#"{"issuer":"secret","issuer":"secret","jwks_uri":"a"}"#,
        ),
    ] {
        let web = Web::with([(OPENID, Page::Text(text.into()))]);
        let error = web.error().await;
        assert!(error.contains("metadata"), "{description}: {error}");
        assert!(!error.contains("secret"), "{description}: {error}");
    }
    let long = format!("https://{}.example.com", "a".repeat(100_000));
    let web = Web::with([(OPENID, metadata(&long, KEYS))]);
    assert!(web.error().await.len() < 2_000);
}

#[tokio::test]
async fn jwks_uri_must_be_https_unless_http_is_allowed() {
    let key = key();
    let http = "http://keys.example.com/jwks";
    let web = Web::with([(OPENID, metadata(ISSUER, http)), (http, keys(&key))]);
    let error = web.error().await;
    assert!(error.contains(http) && error.contains("https"), "{error}");
    assert_eq!(web.fetched(), [OPENID]);
    let allowed = web.builder(ISSUER).allow_http().build().unwrap();
    allowed.ready().await.unwrap();

    for url in ["file:///etc/passwd", "https://user:password@a.example", ""] {
        let web = Web::with([(OPENID, metadata(ISSUER, url))]);
        let error = web.error().await;
        assert!(!error.contains("password@"), "{error}");
        assert_eq!(web.fetched(), [OPENID], "{url}");
    }
}

/// Metadata from elsewhere must not choose a program on this machine as the source of the keys.
#[tokio::test]
async fn an_https_issuer_cannot_name_a_jwks_uri_on_this_machine() {
    let key = key();
    for host in ["localhost:8080", "127.0.0.1", "[::1]:8080"] {
        let local = format!("http://{host}/jwks");
        let web = Web::with([(OPENID, metadata(ISSUER, &local))]);
        web.set(&local, keys(&key));
        let error = web.error().await;
        assert!(error.contains(".allow_http()"), "{error}");
        assert_eq!(web.fetched(), [OPENID], "{host}");
        let allowed = web.builder(ISSUER).allow_http().build().unwrap();
        allowed.ready().await.unwrap();

        let issuer = format!("http://{host}/tenant");
        let url = format!("{issuer}/.well-known/openid-configuration");
        web.set(&url, metadata(&issuer, &local));
        let layer = web.builder(&issuer).build().unwrap();
        layer.ready().await.unwrap();
        assert_eq!(reason(&layer, &token(&key, &issuer)), "accepted", "{host}");
    }
}

#[tokio::test]
async fn a_long_password_in_jwks_uri_is_not_reported() {
    for rest in ["@keys.example.com/jwks", "@[keys.example.com/jwks"] {
        let url = format!("https://user:{}{rest}", "secret".repeat(100));
        let web = Web::with([(OPENID, metadata(ISSUER, &url))]);
        let error = web.error().await;
        assert!(!error.contains("secret"), "{error}");
        assert!(error.contains("jwks_uri"), "{error}");
    }
}

#[tokio::test]
async fn metadata_has_the_size_limit_of_a_key_set() {
    let Page::Text(text) = metadata(ISSUER, KEYS) else {
        unreachable!()
    };
    for (len, is_accepted) in [(1024 * 1024, true), (1024 * 1024 + 1, false)] {
        let padded = Page::Text(text.clone() + &" ".repeat(len - text.len()));
        let web = Web::with([(OPENID, padded), (KEYS, keys(&key()))]);
        let layer = web.builder(ISSUER).build().unwrap();
        match layer.ready().await {
            Ok(()) => assert!(is_accepted, "{len}"),
            Err(error) => assert!(error.to_string().contains("larger"), "{error}"),
        }
        assert_eq!(
            web.fetched().len(),
            if is_accepted { 2 } else { 1 },
            "{len}"
        );
    }
}

#[tokio::test]
async fn the_name_of_the_issuer_can_be_set_apart() {
    let key = key();
    let web = Web::with([(OPENID, metadata(ISSUER, KEYS)), (KEYS, keys(&key))]);
    let default = web.builder(ISSUER).build().unwrap();
    let apart = web.builder(ISSUER).issuer("other").build().unwrap();
    for (layer, accepted, rejected) in [(default, ISSUER, "other"), (apart, "other", ISSUER)] {
        layer.ready().await.unwrap();
        assert_eq!(reason(&layer, &token(&key, accepted)), "accepted");
        assert_eq!(reason(&layer, &token(&key, rejected)), "issuer");
    }
}

#[tokio::test(start_paused = true)]
async fn a_moved_key_set_is_found_by_the_next_fetch() {
    let (old, new) = (key(), SigningKey::generate("EdDSA", "2"));
    let web = Web::with([(OPENID, metadata(ISSUER, KEYS)), (KEYS, keys(&old))]);
    let layer = web.builder(ISSUER).build().unwrap();
    layer.ready().await.unwrap();
    let moved = "https://new.example.com/jwks";
    web.set(OPENID, metadata(ISSUER, moved));
    web.set(moved, keys(&new));
    let verifier = layer.verifier();
    assert!(verifier.verify_waiting(&token(&new, ISSUER)).await.is_ok());
    assert_eq!(reason(&layer, &token(&old, ISSUER)), "unknown_key");
}

#[tokio::test(start_paused = true)]
async fn the_metadata_and_the_keys_share_one_time_limit() {
    for hanging in [OPENID, KEYS] {
        let web = Web::with([(OPENID, metadata(ISSUER, KEYS))]);
        web.set(hanging, Page::Hang);
        let start = Instant::now();
        let error = web.error().await;
        assert!(error.contains("5 s"), "{error}");
        assert!(start.elapsed() <= Duration::from_secs(6), "{hanging}");
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_keys_cause_at_most_four_requests_per_cooldown() {
    let key = key();
    let web = Web::with([(APPENDED, metadata(ISSUER, KEYS)), (KEYS, keys(&key))]);
    let layer = web.builder(ISSUER).build().unwrap();
    layer.ready().await.unwrap();
    web.fetched();
    let verifier = layer.verifier();
    let unknown = SigningKey::generate("EdDSA", "unknown");
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(60) {
        for _ in 0..10 {
            assert!(verifier.verify(&token(&unknown, ISSUER)).is_err());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let requests = web.fetched().len();
    assert!((12 * 4 - 8..=13 * 4).contains(&requests), "{requests}");
}

#[test]
fn an_issuer_that_cannot_have_metadata_is_a_config_error() {
    for (issuer, fix) in [
        ("https://login.example.com?a=b", "query"),
        ("https://login.example.com#a", "fragment"),
        ("http://login.example.com", ".allow_http()"),
        ("https://user:password@login.example.com", "user name"),
        ("login.example.com", "https://"),
        ("", "https://"),
    ] {
        let error = Web::default().builder(issuer).build().unwrap_err();
        let error = error.to_string();
        assert!(error.contains(fix), "{issuer}: {error}");
        assert!(!error.contains("password"), "{issuer}: {error}");
    }
    let both = Web::default().builder(ISSUER).jwks_url(KEYS).build();
    assert!(both.unwrap_err().to_string().contains("combined"));
}
