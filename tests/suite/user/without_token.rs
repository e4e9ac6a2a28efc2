//! Users without a token: their names, scopes, and roles.

use tower_jwt_auth::CurrentUser;

#[test]
fn a_name_scopes_and_roles_are_claims() {
    let user = CurrentUser::new("u1", "ada@example.com")
        .with_name("Ada \"\u{1f600}\"")
        .with_scopes(["tasks:read", "tasks:write"])
        .with_roles(["admin"]);
    assert_eq!(user.user_id(), "u1");
    assert_eq!(user.email(), "ada@example.com");
    assert_eq!(user.name(), Some("Ada \"\u{1f600}\""));
    assert_eq!(user.scopes(), ["tasks:read", "tasks:write"]);
    let claims: serde_json::Value = user.claims().unwrap();
    assert_eq!(claims["name"], "Ada \"\u{1f600}\"");
    assert_eq!(claims["scope"], "tasks:read tasks:write");
    assert_eq!(claims["roles"], serde_json::json!(["admin"]));
}

#[test]
fn the_last_value_counts() {
    let user = CurrentUser::new("u1", "")
        .with_name("Ada")
        .with_name("Eve")
        .with_scopes(["a"])
        .with_scopes(Vec::<String>::new());
    assert_eq!(user.name(), Some("Eve"));
    assert!(user.scopes().is_empty());
}

#[test]
fn the_issuer_stays() {
    let user = CurrentUser::new("u1", "").from_issuer("https://partner.example.com");
    let user = user.with_roles(["admin"]);
    assert_eq!(user.issuer(), Some("https://partner.example.com"));
    assert_eq!(user.user_id(), "u1");
}
