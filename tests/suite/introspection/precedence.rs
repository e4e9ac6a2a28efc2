//! Which tokens are introspected.

use tower_jwt_auth::{JwtAuthLayer, test_kit::TestIssuer};

use super::server::{AUDIENCE, ISSUER, Server, ask, builder};

#[tokio::test]
async fn a_jwt_is_never_introspected_by_default() {
    let server = Server::start().await;
    let (issuer, layer) = server.layer_with_jwts();
    let (other, _) = server.layer_with_jwts();
    assert_eq!(
        ask(&layer, &issuer.token("bob")).await,
        Ok("bob".to_owned())
    );
    assert_eq!(ask(&layer, &other.token("bob")).await, Err("signature"));
    let encrypted = ask(&layer, "eyJhbGciOiJkaXIifQ..a.b.c").await;
    assert!(encrypted.is_err());
    assert_eq!(
        ask(&server.layer(), &issuer.token("bob")).await,
        Err("algorithm")
    );
    assert!(server.asked().is_empty());
    assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
}

#[tokio::test]
async fn jwts_are_introspected_if_that_is_configured() {
    let server = Server::start().await;
    let layer = builder(server.introspection().jwts()).build().unwrap();
    let token = TestIssuer::hs256().token("bob");
    assert_eq!(ask(&layer, &token).await, Ok("alice".to_owned()));
}

#[cfg(feature = "sessions-custom")]
#[tokio::test]
async fn session_tokens_are_looked_up_first() {
    use tower_jwt_auth::test_kit::TestSessions;

    let server = Server::start().await;
    let sessions = TestSessions::new().with_origin(ISSUER);
    let cookie = sessions.sign_in("carol");
    let signed = TestSessions::bearer(&cookie);
    let raw = &signed[..32];
    let opaque = "a".repeat(32);
    let layer = |settings, introspection| {
        JwtAuthLayer::builder()
            .issuer(ISSUER)
            .audience(AUDIENCE)
            .sessions(settings)
            .introspect(introspection)
            .build()
            .unwrap()
    };
    let signed_only = layer(sessions.sessions(), server.introspection());
    assert_eq!(ask(&signed_only, signed).await, Ok("carol".to_owned()));
    assert_eq!(ask(&signed_only, &opaque).await, Ok("alice".to_owned()));
    let raw_first = layer(
        sessions.sessions().raw_tokens(),
        server.introspection().session_tokens_first(),
    );
    assert_eq!(ask(&raw_first, raw).await, Ok("carol".to_owned()));
    assert_eq!(ask(&raw_first, &opaque).await, Err("session"));
    assert_eq!(ask(&raw_first, "opaque").await, Ok("alice".to_owned()));
}
