//! `CurrentUser::scopes` and `roles`.

use serde_json::{Value, json};
use tower_jwt_auth::{CurrentUser, RequireScopeLayer};

use super::inside;
use crate::support::*;

#[test]
fn a_users_scopes_come_from_all_scope_claims() {
    let user_with = |claims: Value| {
        let token = token(&claims_with(claims));
        layer().verifier().verify(&token).unwrap()
    };
    let user = user_with(json!({ "scope": "a b", "scp": ["c"], "permissions": ["d e"] }));
    assert_eq!(user.scopes(), ["a", "b", "c", "d e"]);
    assert_eq!(user_with(json!({ "scope": 1 })).scopes(), [""; 0]);
    assert_eq!(CurrentUser::new("a", "b").scopes(), [""; 0]);
}

#[tokio::test]
async fn a_users_roles_are_those_that_the_layer_accepts() {
    let (base, none) = (r#""sub":"alice","email":"a@b.c","exp":1800000600"#, &[][..]);
    for (claims, roles) in [
        (r#""role":"a""#, &["a"][..]),
        (r#""role":" a, b,,c d ""#, &["a", "b", "c d"]),
        (r#""role":"\u0061,b""#, &["a", "b"]),
        (r#""role":["a","e,f"]"#, &["a", "e,f"]),
        (r#""roles":"a,b""#, &["a", "b"]),
        (r#""roles":["b"],"role":"a""#, &["a", "b"]),
        (r#""roles":["a",1],"role":"b""#, &["b"]),
        (r#""roles":{"a":"b"}"#, none),
        (r#""role":null"#, none),
        (r#""role":1"#, none),
        (r#""role":"","roles":[""]"#, none),
        (r#""scope":"a","permissions":["b"]"#, none),
        (r#""role":"a","role":"a""#, none),
        (r#""role":"a","roles":["b"],"roles":["b"]"#, none),
        (r#""role":"a","scope":"b","scope":"b""#, none),
        (r#""groups":["a"]"#, none),
    ] {
        let token = token_with_payload(format!("{{{base},{claims}}}"));
        let user = layer().verifier().verify(&token).unwrap();
        assert_eq!(user.roles(), roles, "{claims}");
        for role in ["a", "b", "c d", "e"] {
            let rule = inside(RequireScopeLayer::any_role([role]));
            let is_accepted = ask(rule, with_bearer(&token)).await.reason() == "accepted";
            assert_eq!(is_accepted, roles.contains(&role), "{role}: {claims}");
        }
    }
    let user = CurrentUser::new("a", "b");
    assert_eq!(user.roles(), [""; 0]);
    assert_eq!(user.with_roles(["a", "e,f"]).roles(), ["a", "e,f"]);
}
