//! The scopes in the challenges of a protected resource, and `RequireScopeLayer`.

use tower::layer::util::Stack;
use tower_jwt_auth::{ConfigError, RejectionDetails, RequireScopeLayer};

use super::*;

#[tokio::test]
async fn a_request_without_a_credential_learns_the_base_scopes() {
    let answer = ask(protected(&issuer()).build().unwrap(), get("/mcp")).await;
    answer.assert_http(401, "missing_token", "Not authenticated", &"no token");
    assert_eq!(parameters(answer.challenge().unwrap()), set(&[BASE]));
    let details = answer.response.extensions().get::<RejectionDetails>();
    assert_eq!(details.unwrap().scope(), Some("mcp:read profile"));
}

#[tokio::test]
async fn a_resource_without_scopes_names_none() {
    let issuer = issuer();
    let resource = ProtectedResource::new(RESOURCE, LOGIN).unwrap();
    let auth = issuer
        .layer()
        .protected_resource(&resource)
        .build()
        .unwrap();
    let answer = ask(auth, get("/mcp")).await;
    assert_eq!(
        answer.challenge().unwrap(),
        format!("Bearer {}", metadata())
    );
}

#[tokio::test]
async fn a_403_lists_the_base_and_the_required_scopes_once() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let inside =
        |layer: Result<RequireScopeLayer, ConfigError>| Stack::new(layer.unwrap(), auth.clone());
    let without_scopes = issuer.token_for("alice").access_token("other").mint();
    for (row, layer, expected) in [
        (
            "another scope",
            RequireScopeLayer::new("mcp:write"),
            "mcp:read profile mcp:write",
        ),
        (
            "a base scope",
            RequireScopeLayer::new("profile"),
            "mcp:read profile",
        ),
        (
            "both",
            RequireScopeLayer::all_of(["mcp:write", "mcp:read"]),
            "mcp:read profile mcp:write",
        ),
        (
            "two",
            RequireScopeLayer::all_of(["a", "b"]),
            "mcp:read profile a b",
        ),
    ] {
        let answer = ask(inside(layer), with_bearer(&without_scopes)).await;
        answer.assert_http(403, "insufficient_scope", "Not enough permissions", &row);
        let scope = format!(r#"scope="{expected}""#);
        let challenge = parameters(answer.challenge().unwrap());
        assert_eq!(
            challenge,
            set(&[r#"error="insufficient_scope""#, &scope]),
            "{row}"
        );
    }
    // No scope replaces a role, so the client learns none.
    let answer = ask(
        inside(RequireScopeLayer::any_role(["admin"])),
        with_bearer(&without_scopes),
    )
    .await;
    let challenge = parameters(answer.challenge().unwrap());
    assert_eq!(challenge, set(&[r#"error="insufficient_scope""#]));
}

#[tokio::test]
async fn a_token_with_the_required_scopes_is_accepted() {
    let issuer = issuer();
    let auth = protected(&issuer).build().unwrap();
    let inside = Stack::new(RequireScopeLayer::new("mcp:write").unwrap(), auth);
    let token = issuer
        .token_for("alice")
        .access_token("mcp:read mcp:write")
        .mint();
    ask(inside, with_bearer(&token))
        .await
        .assert_reached("alice", "mcp:write");
}
