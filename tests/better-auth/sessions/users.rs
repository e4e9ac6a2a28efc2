//! The user of a session: its claims, roles, organization, and impersonator.

use axum::{Router, body::Body, routing::get};
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use tower_jwt_auth::{JwtAuthLayer, RequireScopeLayer};

use super::{
    Account, Service, Site, releases,
    site::{new_cookie, session_cookie},
};
use crate::Log;

const CREATE_ORGANIZATION: &str = "/api/auth/organization/create";
const IMPERSONATE: &str = "/api/auth/admin/impersonate-user";
const SET_ROLE: &str = "/api/auth/admin/set-role";

#[tokio::test]
async fn claims_are_the_users_columns_and_the_session_without_its_token() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let answer = Service::with(site.sessions()).cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        assert_eq!(answer.user["name"], "ada", "{site}");

        let record = site.get_session(&ada).await;
        let claims = &answer.user["claims"];
        for (column, value) in record["user"].as_object().unwrap() {
            assert_eq!(&claims[column], value, "{site}: {column}");
        }
        let mut session = record["session"].clone();
        session.as_object_mut().unwrap().remove("token");
        assert_eq!(claims["session"], session, "{site}");
        assert_eq!(claims["sub"], ada.id, "{site}");
        assert_eq!(claims["sid"], session["id"], "{site}");
        assert_eq!(claims["iss"], site.origin(), "{site}");
        let week = claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap();
        assert!(week.abs_diff(7 * 24 * 60 * 60) <= 1, "{site}: {week} s");
        assert!(
            !claims.to_string().contains(ada.token()),
            "{site}: {claims}"
        );
    }
}

#[tokio::test]
async fn roles_of_the_admin_plugin_are_checked() {
    for site in releases() {
        let admin = admin(site).await;
        let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
        let roles = json!({ "userId": ada.id, "role": ["admin", "user"] });
        site.post(SET_ROLE, &admin.cookie, &roles).await;
        let record = site.get_session(&ada).await;
        assert_eq!(record["user"]["role"], "admin,user", "{site}");

        let auth = JwtAuthLayer::builder().sessions(site.sessions());
        let service = Router::new()
            .route("/users", get(async || ""))
            .layer(RequireScopeLayer::any_role(["admin"]).unwrap())
            .layer(auth.build().unwrap());
        for (user, status) in [(&admin, 200), (&ada, 200), (&bob, 403)] {
            let request = Request::get("/users").header("cookie", &user.cookie);
            let request = request.body(Body::empty()).unwrap();
            let answer = service.clone().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), status, "{site}: {}", user.email);
        }
    }
}

#[tokio::test]
async fn the_active_organization_is_a_claim_of_the_session() {
    for site in releases() {
        let ada = site.sign_up("ada").await;
        let slug = ada.id.to_lowercase();
        let organization = json!({ "name": "Analytical Engines", "slug": slug });
        let created = site
            .post(CREATE_ORGANIZATION, &ada.cookie, &organization)
            .await;
        let answer = Service::with(site.sessions()).cookie(&ada.cookie).await;
        let active = &answer.user["claims"]["session"]["activeOrganizationId"];
        assert!(active.is_string(), "{site}");
        assert_eq!(active, &created.1["id"], "{site}");
    }
}

#[tokio::test]
async fn the_actor_of_an_impersonated_session_is_the_administrator() {
    for site in releases() {
        let (admin, ada) = (admin(site).await, site.sign_up("ada").await);
        let target = json!({ "userId": ada.id });
        let (headers, _) = site.post(IMPERSONATE, &admin.cookie, &target).await;
        let cookie = session_cookie(&headers).unwrap();
        let service = Service::with(site.sessions());
        let answer = service.cookie(&cookie).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        assert_eq!(answer.user["actor"], admin.id, "{site}");

        // The administrator's own session is in another cookie, which is not read.
        let kept = new_cookie(&headers, "admin_session").unwrap();
        let answer = service.cookie(&kept).await;
        assert_eq!(answer.outcome(), (401, "missing_token"), "{site}");
        let answer = service.cookie(&format!("{kept}; {cookie}")).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        for own in [&admin, &ada] {
            let answer = service.cookie(&own.cookie).await;
            assert_eq!(answer.outcome(), (200, &*own.id), "{site}");
            assert_eq!(answer.user["actor"], Value::Null, "{site}");
        }
    }
}

/// With `customSession`, the answer has another member, and few columns of the user.
#[tokio::test]
async fn a_custom_session_is_accepted() {
    for site in releases().into_iter().map(|site| site.at("/custom")) {
        let ada = site.sign_up("ada").await;
        let service = Service::with(site.sessions());
        let answer = service.bearer(&ada.bearer).await;
        assert_eq!(answer.outcome(), (200, &*ada.id), "{site}");
        assert_eq!(answer.user["email"], ada.email, "{site}");
        assert_eq!(answer.user["claims"]["initial"], Value::Null, "{site}");

        let log = Log::default();
        let _guard = log.capture();
        let answer = service.cookie(&ada.cookie).await;
        // Before 1.6, the plugin rejects `disableRefresh=true` with 400.
        let expected = match site.is_release("1.4") {
            true => (503, "sessions_unavailable"),
            false => (200, &*ada.id),
        };
        assert_eq!(answer.outcome(), expected, "{site}");
        let names_the_plugin = log.text().contains("customSession");
        assert_eq!(names_the_plugin, site.is_release("1.4"), "{site}");
    }
}

async fn admin(site: Site<'_>) -> Account {
    let admin = site.sign_up("admin").await;
    site.set("user", &admin.id, json!({ "role": "admin" }))
        .await;
    admin
}
