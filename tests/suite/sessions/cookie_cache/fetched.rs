//! The JWT under a public key that is fetched.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use serde_json::json;
use tower_jwt_auth::BetterAuthSessions;

use super::{
    CACHED, Fixture, ORIGIN, STORED,
    maker::{Form, public, public_claims, public_header, with},
    payload,
};
use crate::{
    sessions::server::{SECRET, token},
    support::{NOW, memory_issuer::MemoryIssuer, signing_keys::SigningKey},
};

/// A layer with the keys of this issuer.
fn fixture(issuer: &MemoryIssuer) -> Fixture {
    let (builder, key) = (
        issuer.builder().jwks_cooldown(Duration::from_secs(1)),
        issuer.newest(),
    );
    let mut fixture = Fixture::new();
    let sessions = BetterAuthSessions::store(super::Store(Arc::clone(&fixture.lookups)), ORIGIN);
    let sessions = sessions.secret(SECRET).cookie_cache();
    fixture.layer = builder.sessions(sessions).build().unwrap();
    fixture.key = key;
    fixture
}

#[tokio::test]
async fn a_new_key_is_fetched_without_a_wait() {
    let mut issuer = MemoryIssuer::new();
    issuer.delay = Duration::from_millis(200);
    let first = issuer.rotate();
    let fixture = fixture(&issuer);
    // The first fetch is running.
    let start = Instant::now();
    let data = Form::Public.cookie(&payload(), &first);
    assert_eq!(fixture.user(&data).await.name(), Some(STORED));
    assert!(start.elapsed() < issuer.delay);
    fixture.layer.ready().await.unwrap();
    assert_eq!(fixture.user(&data).await.name(), Some(CACHED));

    let second = issuer.rotate();
    let data = Form::Public.cookie(&payload(), &second);
    let start = Instant::now();
    assert_eq!(fixture.user(&data).await.name(), Some(STORED));
    assert!(start.elapsed() < issuer.delay);
    // The cooldown of fetches that tokens cause is over before the deadline.
    let deadline = Instant::now() + Duration::from_secs(20);
    while fixture.user(&data).await.name() != Some(CACHED) {
        assert!(Instant::now() < deadline, "the new key is not fetched");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn an_invented_cookie_fetches_nothing() {
    let issuer = MemoryIssuer::new();
    issuer.rotate();
    let fixture = fixture(&issuer);
    fixture.layer.ready().await.unwrap();
    let before = issuer.fetches().len();
    let invented = SigningKey::generate("EdDSA", "invented");
    for claims in [
        json!({ "sid": token(2) }),
        json!({ "aud": "x" }),
        json!({ "iss": "https://other.example.com" }),
        json!({ "exp": NOW - 3600 }),
    ] {
        let claims = with(&public_claims(&payload()), claims).to_string();
        let header = public_header(&invented).to_string();
        let data = public(&header, &claims, &invented);
        assert!(!fixture.is_accepted(&data).await);
    }
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(issuer.fetches().len(), before);
}
