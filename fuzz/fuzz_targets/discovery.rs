//! Any string as the metadata of an issuer is used or rejected without a panic. Keys are fetched only
//! for the configured issuer, and only over https or from this machine.
#![no_main]

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, LazyLock, Mutex},
};

use libfuzzer_sys::fuzz_target;
use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::{
    JwtAuthLayer,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};

const ISSUER: &str = "https://login.example.com/tenant";
const METADATA: &str = "https://login.example.com/tenant/.well-known/openid-configuration";
const KEYS: &str =
    r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// In bytes. A longer error would let an issuer fill the log.
const MAX_ERROR_LEN: usize = 8 * 1024;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

/// The metadata, and the last other URL that was fetched.
#[derive(Clone)]
struct Issuer {
    metadata: String,
    keys: Arc<Mutex<Option<String>>>,
}

impl JwksFetch for Issuer {
    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        Box::pin(async move {
            if url == METADATA {
                return Ok(FetchedJwks::new(self.metadata.clone()));
            }
            *self.keys.lock().expect("no panic before") = Some(url.to_owned());
            Ok(FetchedJwks::new(KEYS))
        })
    }
}

fuzz_target!(|metadata: &str| {
    let issuer = Issuer {
        metadata: metadata.to_owned(),
        keys: Arc::default(),
    };
    let result = RUNTIME.block_on(async {
        let builder = JwtAuthLayer::discover(ISSUER).audience("api");
        let layer = builder.jwks_fetcher(issuer.clone()).build();
        layer.expect("the configuration is valid").ready().await
    });
    let fetched = issuer.keys.lock().expect("no panic before").take();
    assert_eq!(result.is_ok(), fetched.is_some());
    if let Err(error) = result {
        assert!(error.to_string().len() < MAX_ERROR_LEN);
    }
    if let Some(url) = fetched {
        let named: serde_json::Value = serde_json::from_str(metadata).expect("it was used");
        assert_eq!(named["issuer"], ISSUER);
        assert_eq!(named["jwks_uri"], *url);
        let scheme = url.split(':').next().unwrap_or_default();
        let is_local = ["localhost", "127.", "[::1]"]
            .iter()
            .any(|host| url.contains(host));
        assert!(scheme.eq_ignore_ascii_case("https") || is_local, "{url}");
    }
});
