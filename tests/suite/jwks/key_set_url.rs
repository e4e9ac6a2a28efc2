//! The URL of a key set, custom fetchers and proxies.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use tower_jwt_auth::jwks::{FetchError, FetchedJwks, JwksFetch};

use super::support::*;
use crate::support::{
    key_server::{KeyServer, Mode},
    signing_keys::jwks,
};

#[test]
fn key_set_urls_must_be_https_unless_loopback_or_allowed() {
    for (url, fix) in [
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
        assert!(error.contains(fix), "{url}: {error}");
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
async fn the_query_of_a_url_is_never_shown() {
    // No server listens on this port.
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

/// A custom fetcher.
struct CustomFetcher(
    Arc<AtomicUsize>,
    fn(usize) -> Result<FetchedJwks, FetchError>,
);

impl JwksFetch for CustomFetcher {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async move {
            assert_eq!(url, "https://app.example.com/keys?tenant=1");
            self.1(self.0.fetch_add(1, Ordering::Relaxed))
        })
    }
}

#[tokio::test]
async fn a_custom_fetcher_replaces_the_built_in_one_and_may_panic() {
    const SET: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519",
        "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    let fetches = Arc::new(AtomicUsize::new(0));
    let fetch = |number| match number {
        0 => panic!("on purpose"),
        1 => Err(FetchError::new("not today")),
        _ => Ok(FetchedJwks::new(SET)),
    };
    let layer = from_url("https://app.example.com/keys?tenant=1")
        .jwks_fetcher(CustomFetcher(Arc::clone(&fetches), fetch))
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

/// The test below runs it in a process whose environment names a proxy.
#[tokio::test]
#[ignore = "another test runs it"]
async fn child_behind_a_proxy() {
    let layer = from_url("http://127.0.0.1:1/api/auth/jwks")
        .build()
        .unwrap();
    assert!(layer.ready().await.is_err());
}

#[tokio::test]
async fn proxies_from_the_environment_are_not_used() {
    let proxy = KeyServer::start(Mode::Set(jwks([&key("1")]))).await;
    let url = format!("http://{}", proxy.addr);
    let mut child = tokio::process::Command::new(std::env::current_exe().unwrap());
    child.args([
        "--exact",
        "jwks::key_set_url::child_behind_a_proxy",
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
