//! The claims with roles in the guide's table, read by `RequireScopeLayer`.

use tower::layer::util::Stack;
use tower_jwt_auth::RequireScopeLayer;

use super::{guide::role_claims, *};

#[tokio::test(start_paused = true)]
async fn the_roles_of_the_guide_are_those_of_the_tokens() {
    for (issuer, claim, role) in [
        ("Amazon Cognito", "cognito:groups", "staff"),
        ("Auth0", "permissions", "read:notes"),
        ("Clerk", "/o/rol", "admin"),
        ("Directus", "role", "editor"),
        ("FusionAuth", "roles", "editor"),
        ("Keycloak", "/realm_access/roles", "editor"),
        ("Okta", "groups", "Staff"),
        ("WorkOS AuthKit", "roles", "editor"),
    ] {
        assert_eq!(role_claims(issuer), [claim], "{issuer}");
        let rows = rows();
        let is_accepted =
            |row: &&Row| row.issuer == issuer && matches!(row.expected, Expected::User { .. });
        let row = rows.iter().find(is_accepted).unwrap();
        let auth = row.layer(&row.pages());
        if row.key_url.is_some() {
            auth.ready().await.unwrap();
        }
        for (role, expected) in [(role, 200), ("owner", 403)] {
            let layer = RequireScopeLayer::any_role([role]).unwrap();
            let layer = Stack::new(layer.in_claim(claim).unwrap(), auth.clone());
            let answer = ask(layer, request_with(row.place, &row.token())).await;
            assert_eq!(answer.status(), expected, "{issuer}: {role}");
        }
    }
}
