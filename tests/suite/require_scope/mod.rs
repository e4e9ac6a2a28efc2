//! `RequireScopeLayer`: the scopes and roles that a request needs.

mod grants;
mod rule;

use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{ConfigError, JwtAuthLayer, RequireScopeLayer};

use crate::support::*;

const DENIED: &str = "Not enough permissions";

/// [`RequireScopeLayer`] inside a layer that accepts the claims.
fn inside(layer: Result<RequireScopeLayer, ConfigError>) -> Stack<RequireScopeLayer, JwtAuthLayer> {
    Stack::new(layer.unwrap(), self::layer())
}

fn granting(claims: Value) -> http::Request<()> {
    with_bearer(&token(&claims_with(claims)))
}

#[tokio::test]
async fn scopes_are_read_from_the_usual_claims() {
    for (row, claims, has_it) in [
        ("a string", json!({ "scope": "a b c" }), true),
        ("one scope", json!({ "scope": "b" }), true),
        ("two spaces", json!({ "scope": "a  b" }), true),
        ("a tab", json!({ "scope": "a\tb" }), false),
        ("scp, an array", json!({ "scp": ["a", "b"] }), true),
        ("scp, a string", json!({ "scp": "a b" }), true),
        ("permissions", json!({ "permissions": ["a", "b"] }), true),
        (
            "in one of several claims",
            json!({ "scope": "a", "permissions": ["b"] }),
            true,
        ),
        ("none", json!({}), false),
        ("others", json!({ "scope": "a bb B c" }), false),
        ("an empty string", json!({ "scope": "" }), false),
        ("separated by a comma", json!({ "scope": "a,b" }), false),
        ("two in one element", json!({ "scp": ["a b"] }), false),
        ("null", json!({ "scope": null }), false),
        ("an object", json!({ "scope": { "b": true } }), false),
        ("a number in the array", json!({ "scp": ["b", 1] }), false),
        ("a role", json!({ "role": "b" }), false),
    ] {
        let answer = ask(inside(RequireScopeLayer::new("b")), granting(claims)).await;
        if has_it {
            answer.assert_reached("alice", row);
        } else {
            answer.assert_http(403, "insufficient_scope", DENIED, &row);
        }
    }
}

#[tokio::test]
async fn roles_are_read_from_the_usual_claims() {
    let admin = || RequireScopeLayer::any_role(["admin"]);
    for (row, claims, has_it) in [
        ("a string", json!({ "role": "admin" }), true),
        ("Better Auth's list", json!({ "role": "user,admin" }), true),
        ("with spaces", json!({ "role": "user, admin" }), true),
        ("an array", json!({ "roles": ["user", "admin"] }), true),
        (
            "separated by a space",
            json!({ "role": "user admin" }),
            false,
        ),
        ("another case", json!({ "role": "Admin" }), false),
        ("longer", json!({ "role": "administrator" }), false),
        ("a scope", json!({ "scope": "admin" }), false),
        ("none", json!({}), false),
    ] {
        let answer = ask(inside(admin()), granting(claims)).await;
        if has_it {
            answer.assert_reached("alice", row);
        } else {
            answer.assert_http(403, "insufficient_scope", DENIED, &row);
        }
    }
}

#[tokio::test]
async fn any_of_needs_one_and_all_of_needs_all() {
    let both = ["a", "b"];
    for (row, layer, scopes, has_it) in [
        (
            "all of two, both",
            RequireScopeLayer::all_of(both),
            "b a",
            true,
        ),
        (
            "all of two, one",
            RequireScopeLayer::all_of(both),
            "a",
            false,
        ),
        (
            "any of two, one",
            RequireScopeLayer::any_of(both),
            "b",
            true,
        ),
        (
            "any of two, none",
            RequireScopeLayer::any_of(both),
            "c",
            false,
        ),
    ] {
        let answer = ask(inside(layer), granting(json!({ "scope": scopes }))).await;
        let expected = if has_it {
            "accepted"
        } else {
            "insufficient_scope"
        };
        assert_eq!(answer.reason(), expected, "{row}");
    }
    for (row, layer, has_it) in [
        ("all roles", RequireScopeLayer::all_roles(both), false),
        ("any role", RequireScopeLayer::any_role(both), true),
    ] {
        let answer = ask(inside(layer), granting(json!({ "role": "a" }))).await;
        let expected = if has_it {
            "accepted"
        } else {
            "insufficient_scope"
        };
        assert_eq!(answer.reason(), expected, "{row}");
    }
}

#[tokio::test]
async fn in_claim_reads_only_the_given_claim() {
    let at = |claim| {
        RequireScopeLayer::any_role(["admin"])
            .unwrap()
            .in_claim(claim)
    };
    for (row, claim, claims, has_it) in [
        (
            "Keycloak's",
            "/realm_access/roles",
            json!({ "realm_access": { "roles": ["admin"] } }),
            true,
        ),
        (
            "Keycloak's, of a client",
            "/resource_access/my-api/roles",
            json!({ "resource_access": { "my-api": { "roles": ["admin"] } } }),
            true,
        ),
        (
            "Auth0's, named by a URL",
            "https://example.com/roles",
            json!({ "https://example.com/roles": ["admin"] }),
            true,
        ),
        (
            "the same by a pointer",
            "/https:~1~1example.com~1roles",
            json!({ "https://example.com/roles": ["admin"] }),
            true,
        ),
        ("a tilde", "/a~01", json!({ "a~1": "admin" }), true),
        (
            "only in the usual claim",
            "groups",
            json!({ "role": "admin" }),
            false,
        ),
        (
            "a string instead of an object",
            "/realm_access/roles",
            json!({ "realm_access": "admin" }),
            false,
        ),
        (
            "a pointer to an object",
            "/realm_access",
            json!({ "realm_access": { "roles": ["admin"] } }),
            false,
        ),
        (
            "a pointer that is too short",
            "/roles",
            json!({ "realm_access": { "roles": ["admin"] } }),
            false,
        ),
    ] {
        let answer = ask(inside(at(claim)), granting(claims)).await;
        let expected = if has_it {
            "accepted"
        } else {
            "insufficient_scope"
        };
        assert_eq!(answer.reason(), expected, "{row}");
    }
}

/// Another parser may read the other value.
#[tokio::test]
async fn a_duplicate_claim_grants_nothing() {
    let base = r#""sub":"alice","email":"a@b.c","exp":1800000600"#;
    let twice = |claims: &str| with_bearer(&token_with_payload(format!("{{{base},{claims}}}")));
    let scope = || inside(RequireScopeLayer::new("b"));
    let answer = ask(scope(), twice(r#""scope":"a","scope":"b""#)).await;
    assert_eq!(answer.reason(), "insufficient_scope");
    let role = || RequireScopeLayer::any_role(["b"]).unwrap();
    for (claim, claims) in [
        ("groups", r#""groups":"a","groups":"b""#),
        ("/a/roles", r#""a":{"roles":"b","roles":"b"}"#),
        ("/a/roles", r#""a":{"roles":"b"},"a":{}"#),
    ] {
        let answer = ask(inside(role().in_claim(claim)), twice(claims)).await;
        assert_eq!(answer.reason(), "insufficient_scope", "{claims}");
    }
}

#[tokio::test]
async fn the_challenge_names_the_scopes_and_no_roles() {
    let realm = builder().realm("api").build().unwrap();
    let scopes = RequireScopeLayer::all_of(["tasks:read", "tasks:write"]).unwrap();
    let roles = RequireScopeLayer::any_role(["admin"]).unwrap();
    for (layer, expected) in [
        (
            Stack::new(scopes.clone(), layer()),
            r#"Bearer error="insufficient_scope", scope="tasks:read tasks:write""#,
        ),
        (
            Stack::new(scopes, realm),
            r#"Bearer realm="api", error="insufficient_scope", scope="tasks:read tasks:write""#,
        ),
        (
            Stack::new(roles, layer()),
            r#"Bearer error="insufficient_scope""#,
        ),
    ] {
        let answer = ask(layer, granting(json!({}))).await;
        assert_eq!(answer.status(), 403);
        assert_eq!(answer.challenge(), Some(expected));
    }
}

#[tokio::test]
async fn a_grpc_request_without_the_scope_gets_permission_denied() {
    let mut request = granting(json!({}));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", content_type);
    let same = || {
        let mut same = get("/");
        *same.method_mut() = request.method().clone();
        *same.version_mut() = request.version();
        *same.headers_mut() = request.headers().clone();
        same
    };
    let scope = RequireScopeLayer::new("b").unwrap();
    let answer = ask(Stack::new(scope.clone(), layer()), same()).await;
    answer.assert_grpc("7", DENIED, "application/grpc", "a scope");

    let answer = ask(
        Stack::new(scope.clone().http_answers_only(), layer()),
        same(),
    )
    .await;
    answer.assert_http(403, "insufficient_scope", DENIED, &"set on the layer");
    let outer = builder().http_answers_only().build().unwrap();
    let answer = ask(Stack::new(scope, outer), same()).await;
    answer.assert_http(403, "insufficient_scope", DENIED, &"set on the outer layer");
}

#[tokio::test]
async fn a_request_without_a_user_gets_401_or_500() {
    let scope = || RequireScopeLayer::new("b").unwrap();
    let answer = ask(scope(), granting(json!({ "scope": "b" }))).await;
    answer.assert_server_fault("no_user", "no layer outside");
    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = ask(Stack::new(scope(), anonymous), get("/")).await;
    answer.assert_not_authenticated("anonymous");
}

#[test]
fn invalid_scopes_roles_and_claims_are_rejected() {
    let none: [&str; 0] = [];
    for (row, result, problem) in [
        (
            "none",
            RequireScopeLayer::all_of(none),
            "no scope is required",
        ),
        (
            "no role",
            RequireScopeLayer::any_role(none),
            "no role is required",
        ),
        (
            "an empty scope",
            RequireScopeLayer::new(""),
            "is not a scope",
        ),
        (
            "two scopes",
            RequireScopeLayer::new("a b"),
            "is not a scope",
        ),
        ("a quote", RequireScopeLayer::new("a\"b"), "is not a scope"),
        (
            "a backslash",
            RequireScopeLayer::new("a\\b"),
            "is not a scope",
        ),
        (
            "a control",
            RequireScopeLayer::new("a\nb"),
            "is not a scope",
        ),
        ("not ASCII", RequireScopeLayer::new("ä"), "is not a scope"),
        (
            "one of two",
            RequireScopeLayer::any_of(["a", ""]),
            "is not a scope",
        ),
        (
            "two roles",
            RequireScopeLayer::all_roles(["a,b"]),
            "is not a role",
        ),
        (
            "a role with a space",
            RequireScopeLayer::any_role([" a"]),
            "is not a role",
        ),
        (
            "an empty role",
            RequireScopeLayer::any_role([""]),
            "is not a role",
        ),
    ] {
        let error = result.map(drop).unwrap_err().to_string();
        assert!(error.contains(problem), "{row}: {error}");
    }
    for claim in ["", "/", "/a//b", "/a~2", "/a~"] {
        let error = RequireScopeLayer::new("a").unwrap().in_claim(claim);
        let error = error.map(drop).unwrap_err().to_string();
        assert!(error.contains("does not name a claim"), "{claim}: {error}");
    }
}
