//! `RequireScopeLayer::rule`: a rule of the application.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{CurrentUser, JwtAuthLayer, RejectionDetails, RequireScopeLayer};

use super::{DENIED, granting};
use crate::support::*;

#[derive(Deserialize)]
struct Zitadel {
    #[serde(rename = "urn:zitadel:iam:org:project:roles")]
    roles: BTreeMap<String, IgnoredAny>,
}

#[derive(Deserialize)]
struct Firebase {
    admin: bool,
}

fn is_admin(user: &CurrentUser) -> bool {
    let zitadel = user.claims::<Zitadel>();
    let firebase = user.claims::<Firebase>();
    zitadel.is_ok_and(|claims| claims.roles.contains_key("admin"))
        || firebase.is_ok_and(|claims| claims.admin)
}

fn inside(rule: RequireScopeLayer) -> Stack<RequireScopeLayer, JwtAuthLayer> {
    Stack::new(rule, layer())
}

#[tokio::test]
async fn a_rule_decides_about_the_user() {
    let zitadel = "urn:zitadel:iam:org:project:roles";
    for (row, claims, is_accepted) in [
        (
            "Zitadel",
            json!({ zitadel: { "admin": { "1": "a.b" } } }),
            true,
        ),
        ("another role", json!({ zitadel: { "user": {} } }), false),
        ("Firebase", json!({ "admin": true }), true),
        ("false", json!({ "admin": false }), false),
        ("another type", json!({ "admin": "true" }), false),
        ("none", json!({}), false),
    ] {
        let answer = ask(inside(RequireScopeLayer::rule(is_admin)), granting(claims)).await;
        if is_accepted {
            answer.assert_reached("alice", row);
        } else {
            answer.assert_http(403, "insufficient_scope", DENIED, &row);
            let challenge = r#"Bearer error="insufficient_scope""#;
            assert_eq!(answer.challenge(), Some(challenge), "{row}");
            let details = answer.response.extensions().get::<RejectionDetails>();
            assert_eq!(details, None, "{row}");
        }
    }
}

#[tokio::test]
async fn a_rule_runs_only_for_users_of_an_accepted_issuer() {
    let calls = Arc::new(AtomicUsize::new(0));
    let rule = || {
        let calls = Arc::clone(&calls);
        RequireScopeLayer::rule(move |_| {
            calls.fetch_add(1, Ordering::Relaxed);
            true
        })
    };
    let as_other = |mut request: http::Request<()>| {
        let user = CurrentUser::new("alice", "").from_issuer("https://b.example.com");
        request.extensions_mut().insert(user);
        request
    };
    let answer = ask(rule(), as_other(get("/"))).await;
    assert_eq!(answer.reason(), "other_issuer");
    ask(rule(), get("/"))
        .await
        .assert_server_fault("no_user", "no layer");
    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = ask(Stack::new(rule(), anonymous), get("/")).await;
    answer.assert_not_authenticated("anonymous");
    assert_eq!(calls.load(Ordering::Relaxed), 0);

    let named = rule().issuers(["https://b.example.com"]);
    ask(named, as_other(get("/")))
        .await
        .assert_reached("alice", "named");
    assert_eq!(calls.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_rules_grpc_response_has_status_7() {
    let mut request = granting(json!({}));
    *request.method_mut() = http::Method::POST;
    *request.version_mut() = http::Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    request.headers_mut().insert("content-type", content_type);
    let answer = ask(inside(RequireScopeLayer::rule(|_| false)), request).await;
    answer.assert_grpc("7", DENIED, "application/grpc", "a rule");
}

#[test]
fn a_rule_has_no_claim() {
    let error = RequireScopeLayer::rule(|_| true).in_claim("roles");
    let error = error.map(drop).unwrap_err().to_string();
    assert!(error.contains("remove .in_claim(…)"), "{error}");
}
