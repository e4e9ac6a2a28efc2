//! Layers and keys for the tests of fetched key sets.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::{key_server::KeyServer, signing_keys::SigningKey, *};

/// A layer for the keys of this URL, at the time [`NOW`].
pub(super) fn from_url(url: impl Into<String>) -> JwtAuthBuilder {
    any_audience().jwks_url(url)
}

/// A layer that has fetched the keys of this server and refreshes them every second.
pub(super) async fn refreshed_each_second(server: &KeyServer) -> JwtAuthLayer {
    let builder = from_url(server.url()).jwks_ttl(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    layer
}

pub(super) fn key(kid: &str) -> SigningKey {
    SigningKey::generate("EdDSA", kid)
}

/// Polls the condition until it is true, for at most five seconds.
pub(super) async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(
            start.elapsed() < Duration::from_secs(5),
            "the condition did not become true"
        );
        sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn reason_over_http(layer: &JwtAuthLayer, token: &str) -> &'static str {
    ask(layer.clone(), with_bearer(token)).await.reason()
}
