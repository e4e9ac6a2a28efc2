//! Tokens that must not be introspected, or not be accepted although they are active.

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response};
use serde_json::json;
use tokio::net::TcpListener;
use tower_jwt_auth::{
    Authentication, Authenticator, Introspection, JwtAuthLayer, Rejection, TokenSource,
    TokenVerifier, test_kit::TestIssuer,
};

use super::server::{Answer, ISSUER, Server, ask, builder, claims_with};

async fn get(layer: &JwtAuthLayer, field: &str, value: &str) -> Result<String, &'static str> {
    let request = Request::builder().header(field, value);
    let (parts, ()) = request.body(()).unwrap().into_parts();
    let user = layer.authenticate(&parts).await.map_err(|response| {
        let response: &Response<_> = &response;
        response.extensions().get::<Rejection>().unwrap().reason()
    })?;
    Ok(user.unwrap().user_id().to_owned())
}

#[tokio::test]
async fn a_jwt_is_not_introspected_whatever_white_space_its_header_has() {
    let server = Server::start().await;
    let (issuer, layer) = server.layer_with_jwts();
    let token = issuer.token("bob");
    let rest = &token[token.find('.').unwrap()..];
    for header in [
        "{ \"alg\":\"HS256\"}",
        "{\n  \"alg\": \"HS256\"\n}",
        "{\t\"alg\":\"HS256\"}",
        "{\r\n\"alg\":\"HS256\"}",
        " {\"alg\":\"HS256\"}",
        "\n{\"alg\":\"HS256\"}",
        "{ \"alg\":\"none\"}",
        "{}",
    ] {
        let token = format!("{}{rest}", BASE64_URL_SAFE_NO_PAD.encode(header));
        let asked = ask(&layer, &token).await;
        assert!(asked.is_err(), "{header:?}: {asked:?}");
        assert_eq!(server.asked().len(), 0, "{header:?}");
    }
    let header = BASE64_URL_SAFE_NO_PAD.encode("{ \"alg\":\"dir\",\"enc\":\"A128GCM\"}");
    assert!(ask(&layer, &format!("{header}..a.b.c")).await.is_err());
    assert_eq!(server.asked().len(), 0, "JWE");
    for opaque in ["a.b.c", "e30", "ewo.x"] {
        assert_eq!(
            ask(&layer, opaque).await,
            Ok("alice".to_owned()),
            "{opaque}"
        );
    }
}

#[test]
fn jwts_are_not_introspected_if_any_issuer_has_keys() {
    let partner = TestIssuer::hs256().with_issuer("https://partner.example.com");
    let layer = builder(Introspection::new("https://auth.example.com/introspect").jwts())
        .or(JwtAuthLayer::builder()
            .issuer("https://partner.example.com")
            .secret(partner.secret()))
        .build();
    let error = layer.unwrap_err().to_string();
    assert!(error.contains(".jwts()"), "{error}");
}

#[tokio::test]
async fn a_token_from_the_source_of_another_issuer_is_not_introspected() {
    let server = Server::start().await;
    let team = JwtAuthLayer::cloudflare_access("team", "aud");
    let layer = builder(server.introspection()).or(team).build().unwrap();
    assert_eq!(
        get(&layer, "cf-access-jwt-assertion", "opaque").await,
        Err("malformed")
    );
    assert_eq!(
        get(&layer, "cookie", "CF_Authorization=opaque").await,
        Err("malformed")
    );
    assert!(server.asked().is_empty());
    assert_eq!(ask(&layer, "opaque").await, Ok("alice".to_owned()));
}

#[cfg(feature = "sessions-custom")]
#[tokio::test]
async fn a_session_token_from_another_source_is_not_introspected() {
    use tower_jwt_auth::test_kit::TestSessions;

    let server = Server::start().await;
    let sessions = TestSessions::new().with_origin(ISSUER);
    let signed = TestSessions::bearer(&sessions.sign_in("carol")).to_owned();
    let raw = signed[..32].to_owned();
    let plain = signed
        .replace("%2B", "+")
        .replace("%2F", "/")
        .replace("%3D", "=");
    let layer = |settings, introspection| {
        builder(introspection)
            .token_sources([TokenSource::header(), TokenSource::header_field("x-token")])
            .sessions(settings)
            .build()
            .unwrap()
    };
    let signed_only = layer(sessions.sessions(), server.introspection());
    let raw_first = layer(
        sessions.sessions().raw_tokens(),
        server.introspection().session_tokens_first(),
    );
    for (layer, token) in [
        (&signed_only, &signed),
        (&signed_only, &plain),
        (&raw_first, &plain),
        (&raw_first, &raw),
    ] {
        let asked = get(layer, "x-token", token).await;
        assert!(asked.is_err(), "{token}: {asked:?}");
        assert!(server.asked().is_empty(), "{token}");
    }
}

#[tokio::test]
async fn an_active_token_that_is_no_bearer_access_token_is_rejected() {
    let server = Server::start().await;
    for (changed, expected) in [
        (json!({}), Ok("alice")),
        (json!({ "token_type": "Bearer" }), Ok("alice")),
        (json!({ "token_type": "bearer" }), Ok("alice")),
        (json!({ "token_type": "DPoP" }), Err("bound_token")),
        (json!({ "token_type": "refresh_token" }), Err("token_type")),
        (json!({ "token_use": "access_token" }), Ok("alice")),
        (json!({ "token_use": "refresh_token" }), Err("token_type")),
    ] {
        let body = claims_with(changed.clone());
        server.set(move |_| Answer::new(200, body.clone()));
        assert_eq!(
            ask(&server.layer(), "opaque").await.as_deref(),
            expected.as_deref(),
            "{changed}"
        );
    }
}

/// An authenticator that verifies a token with the layer's verifier, and changes its user.
struct Again(Arc<OnceLock<TokenVerifier>>, String);

impl Authenticator for Again {
    fn authenticate(&self, _: &http::request::Parts) -> Authentication {
        let user = self.0.get().unwrap().verify(&self.1).unwrap();
        Authentication::User(user.with_name("Bob\nAdmin"))
    }
}

#[tokio::test]
async fn the_rules_for_users_apply_to_a_changed_user_of_the_same_verifier() {
    let issuer = TestIssuer::hs256();
    let verifier = Arc::default();
    let own = Again(Arc::clone(&verifier), issuer.token("bob"));
    let layer = issuer.layer().authenticate_with(own).build().unwrap();
    verifier.set(layer.verifier().clone()).ok().unwrap();
    assert_eq!(get(&layer, "accept", "x").await, Err("user"));
}

#[tokio::test]
async fn the_limit_for_the_length_of_tokens_applies_to_opaque_tokens() {
    let server = Server::start().await;
    let layer = builder(server.introspection()).max_token_len(64);
    let layer = layer.build().unwrap();
    assert_eq!(ask(&layer, &"a".repeat(65)).await, Err("too_long"));
    assert!(server.asked().is_empty());
    assert_eq!(ask(&layer, &"a".repeat(64)).await, Ok("alice".to_owned()));
}

#[tokio::test]
async fn useless_metadata_is_requested_once_a_second() {
    let requests = Arc::new(AtomicUsize::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let issuer = format!("http://{}/api/auth", listener.local_addr().unwrap());
    let count = Arc::clone(&requests);
    let app = axum::Router::new().fallback(move || {
        count.fetch_add(1, Ordering::Relaxed);
        async { axum::http::StatusCode::NOT_FOUND }
    });
    let serving = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let layer = builder(Introspection::discover(issuer)).build().unwrap();
    let start = Instant::now();
    for number in 0..100 {
        let asked = ask(&layer, &format!("token{number}")).await;
        assert_eq!(asked, Err("introspection_unavailable"));
    }
    let rounds = 1 + usize::try_from(start.elapsed().as_secs()).unwrap();
    let requests = requests.load(Ordering::Relaxed);
    assert!(requests <= 3 * rounds, "{requests}");
    serving.abort();
}
