//! Layers and keys for the tests of fetched key sets.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer};

use crate::support::{key_server::KeyServer, signing_keys::SigningKey, *};

/// A layer for the keys of this URL whose clock stands at [`NOW`].
pub(super) fn from_url(url: impl Into<String>) -> JwtAuthBuilder {
    JwtAuthLayer::builder().jwks_url(url).clock(|| at(NOW))
}

/// A layer that has the keys of this server, and fetches them again each second.
pub(super) async fn refreshed_each_second(server: &KeyServer) -> JwtAuthLayer {
    let builder = from_url(server.url()).jwks_ttl(Duration::from_secs(1));
    let layer = builder.build().unwrap();
    layer.ready().await.unwrap();
    layer
}

pub(super) fn key(kid: &str) -> SigningKey {
    SigningKey::generate("EdDSA", kid)
}

/// Asks until the condition holds, for five seconds at most.
pub(super) async fn until(condition: impl AsyncFn() -> bool) {
    let start = Instant::now();
    while !condition().await {
        assert!(start.elapsed() < Duration::from_secs(5), "it never came");
        sleep(Duration::from_millis(20)).await;
    }
}

pub(super) async fn reason_over_http(layer: &JwtAuthLayer, token: &str) -> &'static str {
    ask(layer.clone(), with_bearer(token)).await.reason()
}
