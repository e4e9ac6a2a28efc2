//! `TestUser`: users with roles, scopes, and other claims.

use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{
    RequireScopeLayer,
    test_kit::{AsUserLayer, TestUser, as_user},
};

use crate::support::{NOW, ask, at, get};

#[tokio::test]
async fn roles_and_scopes_are_granted() {
    let user = || TestUser::new("alice").roles(["a", "b"]).scopes(["c", "d"]);
    for (rule, reason) in [
        (RequireScopeLayer::all_roles(["a", "b"]), "accepted"),
        (RequireScopeLayer::all_of(["c", "d"]), "accepted"),
        (RequireScopeLayer::any_role(["c"]), "insufficient_scope"),
        (RequireScopeLayer::new("a"), "insufficient_scope"),
    ] {
        let rule = rule.unwrap();
        let stack = Stack::new(rule.clone(), AsUserLayer::new(user()));
        assert_eq!(ask(stack, get("/")).await.reason(), reason);
        let answer = ask(rule, as_user(get("/"), user())).await;
        assert_eq!(answer.reason(), reason);
    }
}

#[test]
fn the_user_has_the_claims() {
    let user = TestUser::new("alice")
        .email("ada@example.org")
        .name("Ada \"A\" L.")
        .issuer("https://a.example.com")
        .expires_at(at(NOW))
        .claim("plan", json!({ "is_pro": true }))
        .user();
    assert_eq!(user.user_id(), "alice");
    assert_eq!(user.email(), "ada@example.org");
    assert_eq!(user.name(), Some("Ada \"A\" L."));
    assert_eq!(user.issuer(), Some("https://a.example.com"));
    assert_eq!(user.expires_at(), Some(at(NOW)));
    let claims: serde_json::Value = user.claims().unwrap();
    assert_eq!(
        claims,
        json!({
            "sub": "alice", "email": "ada@example.org", "name": "Ada \"A\" L.",
            "iss": "https://a.example.com", "exp": NOW, "plan": { "is_pro": true },
        })
    );
    let plain = TestUser::new("bob").user();
    assert_eq!(plain.email(), "bob@example.com");
    assert_eq!(
        (plain.name(), plain.issuer(), plain.expires_at()),
        (None, None, None)
    );
    let odd = TestUser::new("bob")
        .claim("sub", 5)
        .claim("email", json!(null));
    assert_eq!((odd.user().user_id(), odd.user().email()), ("", ""));
}

#[tokio::test]
async fn the_user_belongs_to_the_first_issuer() {
    let role = || RequireScopeLayer::any_role(["a"]).unwrap();
    let user = || {
        TestUser::new("alice")
            .roles(["a"])
            .issuer("https://b.example.com")
    };
    let answer = ask(role(), as_user(get("/"), user())).await;
    assert_eq!(answer.reason(), "accepted");
    let other = user().user().from_issuer("https://b.example.com");
    let answer = ask(role(), as_user(get("/"), other.clone())).await;
    assert_eq!(answer.reason(), "other_issuer");
    let answer = ask(
        role().issuers(["https://b.example.com"]),
        as_user(get("/"), other),
    )
    .await;
    assert_eq!(answer.reason(), "accepted");
}

#[cfg(feature = "jwks-custom")]
#[tokio::test(start_paused = true)]
async fn the_user_expires() {
    use std::time::Duration;
    use tower_jwt_auth::CurrentUser;

    let in_an_hour = std::time::SystemTime::now() + Duration::from_secs(3600);
    let user = CurrentUser::from(TestUser::new("alice").expires_at(in_an_hour));
    let start = tokio::time::Instant::now();
    user.expired().await;
    assert!(start.elapsed() > Duration::from_secs(3590));
}
