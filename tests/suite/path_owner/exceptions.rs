//! Exceptions for some users, other claims as the owner, and `not_found`.

use http::Request;
use serde_json::{Value, json};
use tower::layer::util::Stack;
use tower_jwt_auth::{CurrentUser, PathOwnerLayer};

use crate::support::*;

fn owner() -> PathOwnerLayer {
    PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap()
}

fn is_admin(user: &CurrentUser) -> bool {
    user.roles().iter().any(|role| role == "admin")
}

fn to(path: &str, claims: Value) -> Request<()> {
    let mut request = with_bearer(&token(&claims_with(claims)));
    *request.uri_mut() = path.parse().unwrap();
    request
}

#[tokio::test]
async fn except_when_allows_only_matching_users() {
    let layer = || Stack::new(owner().except_when(is_admin), self::layer());
    let admin = |path| to(path, json!({ "role": "admin" }));
    let user = |path| to(path, json!({ "role": "user" }));
    let listed = to("/api/bob", json!({ "roles": ["user", "admin"] }));
    for (row, request, reason) in [
        ("an admin in a list", listed, "accepted"),
        ("an admin, another's", admin("/api/bob/tasks"), "accepted"),
        ("an admin, encoded", admin("/api/b%6Fb/tasks"), "accepted"),
        ("an admin, their own", admin("/api/alice"), "accepted"),
        ("a user, their own", user("/api/alice"), "accepted"),
        ("a user, another's", user("/api/bob"), "not_owner"),
        ("no role", to("/api/bob", json!({})), "not_owner"),
        ("a path without an owner", admin("/elsewhere"), "no_pattern"),
        ("a dot segment", admin("/api/bob/../x"), "not_owner"),
        ("an empty id", admin("/api//tasks"), "not_owner"),
        ("a slash in the id", admin("/api/b%2Fob/tasks"), "not_owner"),
        ("a lone percent", admin("/api/bob%/tasks"), "not_owner"),
        ("not UTF-8", admin("/api/%FF/tasks"), "not_owner"),
        (
            "a parameter of the segment",
            admin("/api/bob;x=1/tasks"),
            "not_owner",
        ),
        (
            "a control character",
            admin("/api/bob%01/tasks"),
            "not_owner",
        ),
    ] {
        assert_eq!(ask(layer(), request).await.reason(), reason, "{row}");
    }
    let answer = ask(layer(), get("/api/bob")).await;
    answer.assert_not_authenticated("no token");
}

#[tokio::test]
async fn one_matching_exception_is_enough() {
    let layer = owner()
        .except_when(|user| user.user_id() == "carol")
        .except_when(is_admin);
    let by = |id: &str| to("/api/bob", json!({ "sub": id, "role": "user" }));
    let layer = || Stack::new(layer.clone(), self::layer());
    assert_eq!(ask(layer(), by("carol")).await.reason(), "accepted");
    assert_eq!(ask(layer(), by("dave")).await.reason(), "not_owner");
}

#[tokio::test]
async fn another_claim_can_identify_the_owner() {
    let orgs = |claim: &str| {
        let owner = PathOwnerLayer::named("org", "/orgs/{org}/{*rest}").unwrap();
        Stack::new(owner.owner_claim(claim).unwrap(), layer())
    };
    let at = |path| (path, json!({ "org_id": "acme", "org": { "id": "acme" } }));
    for (row, claim, (path, claims), reason) in [
        ("theirs", "org_id", at("/orgs/acme/bills"), "accepted"),
        ("theirs, encoded", "org_id", at("/orgs/%61cme"), "accepted"),
        ("theirs, deeper", "/org/id", at("/orgs/acme"), "accepted"),
        ("another's", "org_id", at("/orgs/other"), "not_owner"),
        ("their user id", "org_id", at("/orgs/alice"), "not_owner"),
        ("no such claim", "team", at("/orgs/acme"), "not_owner"),
        ("an object", "org", at("/orgs/acme"), "not_owner"),
        (
            "a number",
            "org_id",
            ("/orgs/7", json!({ "org_id": 7 })),
            "not_owner",
        ),
        (
            "one of several",
            "org_id",
            ("/orgs/acme", json!({ "org_id": ["other", "acme"] })),
            "accepted",
        ),
        (
            "none of several",
            "org_id",
            ("/orgs/third", json!({ "org_id": ["other", "acme"] })),
            "not_owner",
        ),
        (
            "an array of anything",
            "org_id",
            ("/orgs/acme", json!({ "org_id": ["acme", 1] })),
            "not_owner",
        ),
        (
            "an empty array",
            "org_id",
            ("/orgs/acme", json!({ "org_id": [] })),
            "not_owner",
        ),
        (
            "empty",
            "org_id",
            ("/orgs//x", json!({ "org_id": "" })),
            "not_owner",
        ),
        (
            "a slash in it",
            "org_id",
            ("/orgs/a%2Fb", json!({ "org_id": "a/b" })),
            "not_owner",
        ),
    ] {
        let answer = ask(orgs(claim), to(path, claims)).await;
        assert_eq!(answer.reason(), reason, "{row}");
    }
    assert!(owner().owner_claim("").is_err());
}

#[tokio::test]
async fn not_found_hides_other_users_paths() {
    let layer = || Stack::new(owner().not_found(), self::layer());
    for path in ["/api/bob", "/elsewhere", "/api/alice/../bob"] {
        let answer = ask(layer(), to(path, json!({}))).await;
        answer.assert_http(404, "not_owner", "Not Found", &path);
        assert_eq!(answer.challenge(), None);
    }
    let own = ask(layer(), to("/api/alice", json!({}))).await;
    own.assert_reached("alice", "their own");
    let answer = ask(layer(), get("/api/bob")).await;
    answer.assert_not_authenticated("no token");

    let mut grpc = to("/api/bob", json!({}));
    *grpc.method_mut() = http::Method::POST;
    *grpc.version_mut() = http::Version::HTTP_2;
    let content_type = http::HeaderValue::from_static("application/grpc");
    grpc.headers_mut().insert("content-type", content_type);
    let answer = ask(layer(), grpc).await;
    answer.assert_grpc("5", "Not Found", "application/grpc", "gRPC");
}

/// The same rules with the parameter from axum's router.
#[cfg(feature = "axum")]
#[tokio::test]
async fn the_rules_apply_to_path_param_too() {
    use axum::{Router, body::Body, routing::get};
    use tower::ServiceExt;

    async fn ask(owner: PathOwnerLayer, path: &str, claims: Value) -> Answer {
        let router = Router::new()
            .route("/api/{user_id}/{*rest}", get(async || "there"))
            .route_layer(owner)
            .route_layer(layer());
        let request = to(path, claims).map(|()| Body::empty());
        router.oneshot(request).await.unwrap().into_answer().await
    }
    let owner = || PathOwnerLayer::path_param("user_id");
    let admin = || owner().except_when(is_admin);
    let org = || owner().owner_claim("org_id").unwrap();
    for (row, owner, path, claims, reason) in [
        (
            "an admin",
            admin(),
            "/api/bob/x",
            json!({ "role": "admin" }),
            "accepted",
        ),
        (
            "a user",
            admin(),
            "/api/bob/x",
            json!({ "role": "user" }),
            "not_owner",
        ),
        (
            "a slash in the id",
            admin(),
            "/api/b%2Fob/x",
            json!({ "role": "admin" }),
            "not_owner",
        ),
        (
            "a dot segment",
            admin(),
            "/api/bob/../x",
            json!({ "role": "admin" }),
            "not_owner",
        ),
        (
            "theirs",
            org(),
            "/api/acme/x",
            json!({ "org_id": "acme" }),
            "accepted",
        ),
        (
            "another's",
            org(),
            "/api/other/x",
            json!({ "org_id": "acme" }),
            "not_owner",
        ),
        (
            "hidden",
            owner().not_found(),
            "/api/bob/x",
            json!({}),
            "not_owner",
        ),
    ] {
        let answer = ask(owner, path, claims).await;
        assert_eq!(answer.reason(), reason, "{row}");
    }
}
