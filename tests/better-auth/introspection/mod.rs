//! Opaque access tokens of Better Auth's OAuth provider, and a service that introspects them.

mod provider;

use std::time::Duration;

use serde_json::json;
use tower_jwt_auth::{Introspection, JwtAuthBuilder, JwtAuthLayer};

use self::provider::{Client, Provider, SCOPES};
use crate::{
    Log,
    sessions::service::{Answer, Service},
};

const INACTIVE: (u16, &str) = (401, "inactive");

const UNAVAILABLE: (u16, &str) = (503, "introspection_unavailable");

/// The guide's settings: the provider's opaque tokens have neither an audience nor an email.
fn auth(provider: &Provider, client: &Client, introspection: Introspection) -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .introspect(introspection.client(&client.id, &*client.secret))
        .issuer(provider.issuer())
        .authorized_party(&client.id)
        .email_optional()
}

/// A service that asks again for each request.
fn strict(provider: &Provider, client: &Client) -> Service {
    let introspection = provider.introspection().fresh_for(Duration::ZERO);
    Service::new(auth(provider, client, introspection))
}

fn scopes(answer: &Answer) -> &str {
    answer.user["claims"]["scope"].as_str().unwrap()
}

#[tokio::test]
async fn an_opaque_token_is_its_user_with_the_granted_scopes() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let token = provider.opaque_token(&ada, &client, "tasks:read").await;
    assert_eq!(token.len(), 32);
    for introspection in [
        provider.introspection(),
        Introspection::discover(provider.issuer()),
    ] {
        let service = Service::new(auth(&provider, &client, introspection));
        for _ in 0..3 {
            let answer = service.bearer(&token).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "{answer:?}");
            assert_eq!(scopes(&answer), "tasks:read");
            assert_eq!(answer.user["issuer"], json!(provider.issuer()));
        }
    }
    // Each service asked once, by Basic and a form.
    let asked = provider.introspections().await;
    assert_eq!(asked.len(), 2, "{asked:?}");
    for (authorization, form) in asked {
        assert_eq!(authorization, client.basic());
        let expected = json!({ "token": token, "token_type_hint": "access_token" });
        assert_eq!(form, expected);
    }
}

#[tokio::test]
async fn a_revoked_token_is_inactive_within_fresh_for() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let token = provider.opaque_token(&ada, &client, SCOPES).await;
    let fresh_for = Duration::from_millis(500);
    let introspection = provider.introspection().fresh_for(fresh_for);
    let service = Service::new(auth(&provider, &client, introspection));
    assert_eq!(service.bearer(&token).await.outcome(), (200, &*ada.id));
    provider.revoke(&client, &token).await;
    tokio::time::sleep(fresh_for).await;
    assert_eq!(service.bearer(&token).await.outcome(), INACTIVE);
}

#[tokio::test]
async fn a_token_ends_with_its_session() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let token = provider.opaque_token(&ada, &client, SCOPES).await;
    let service = strict(&provider, &client);
    assert_eq!(service.bearer(&token).await.outcome(), (200, &*ada.id));
    provider.sign_out(&ada).await;
    assert_eq!(service.bearer(&token).await.outcome(), INACTIVE);
}

#[tokio::test]
async fn tokens_that_are_not_this_clients_are_inactive() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let other = provider.register(&ada).await;
    let service = strict(&provider, &client);
    for (row, token) in [
        (
            "another client's",
            provider.opaque_token(&ada, &other, SCOPES).await,
        ),
        ("invented", "a".repeat(32)),
        ("a session token", ada.session_token[..32].to_owned()),
    ] {
        assert_eq!(service.bearer(&token).await.outcome(), INACTIVE, "{row}");
    }
}

#[tokio::test]
async fn a_wrong_client_secret_is_an_outage_and_the_fix_is_logged() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let token = provider.opaque_token(&ada, &client, SCOPES).await;
    let log = Log::default();
    let _guard = log.capture();
    let wrong = Client {
        secret: "not the secret".to_owned(),
        ..client
    };
    let answer = strict(&provider, &wrong).bearer(&token).await;
    assert_eq!(answer.outcome(), UNAVAILABLE);
    let text = log.text();
    assert!(
        text.contains("check its ID and secret in .client(…)"),
        "{text}"
    );
    assert!(
        !text.contains(&token) && !text.contains("not the secret"),
        "{text}"
    );
}

#[tokio::test]
async fn a_jwt_access_token_is_verified_and_never_introspected() {
    let Some(provider) = Provider::start() else {
        return;
    };
    let ada = provider.sign_up("ada@example.com").await;
    let client = provider.register(&ada).await;
    let jwt = provider.jwt(&ada, &client, SCOPES).await;
    let opaque = provider.opaque_token(&ada, &client, SCOPES).await;
    // Opaque tokens have no audience, so the client decides about both.
    let both = auth(&provider, &client, provider.introspection())
        .jwks_url(format!("{}/jwks", provider.issuer()))
        .accept_typ("at+jwt")
        .allow_any_audience();
    let both = Service::new(both);
    for token in [&jwt, &opaque] {
        let answer = both.bearer(token).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{answer:?}");
        assert_eq!(scopes(&answer), SCOPES);
    }
    let (start, _) = jwt.rsplit_once('.').unwrap();
    let forged = format!("{start}.{}", "A".repeat(86));
    assert_eq!(both.bearer(&forged).await.outcome(), (401, "signature"));
    let only_opaque = strict(&provider, &client);
    assert_eq!(only_opaque.bearer(&jwt).await.status, 401);
    let asked = provider.introspections().await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(asked[0].1["token"], json!(opaque));
}
