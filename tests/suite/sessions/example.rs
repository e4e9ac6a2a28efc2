//! `examples/sessions.rs`, with the requests of a browser.

use axum::body::Body;
use http::{
    HeaderName, Method, Request,
    header::{COOKIE, ORIGIN},
};
use serde_json::{Value, json};
use tower::ServiceExt;

use super::server::{Answer, SessionServer, cookie, token, user_of};
use crate::support::IntoAnswer;

#[path = "../../../examples/sessions.rs"]
#[allow(dead_code)]
mod sessions_example;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[tokio::test]
async fn the_example_accepts_sessions_and_rejects_other_sites() {
    const EVIL: &str = "https://evil.example";
    // The user of the second session is an administrator.
    let server = SessionServer::with(|request| {
        let answer = Answer::session(request);
        let mut record: Value = serde_json::from_str(&answer.body).unwrap();
        let is_admin = record["user"]["id"] == user_of(&token(2));
        record["user"]["role"] = if is_admin { "admin,user" } else { "user" }.into();
        Answer::new("200 OK", record.to_string())
    })
    .await;
    let router = sessions_example::router(server.sessions()).unwrap();
    let origin = &*server.origin();
    let send = async |method: Method, path: &str, fields: &[(HeaderName, &str)]| {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in fields {
            request = request.header(name, *value);
        }
        let request = request.body(Body::empty()).unwrap();
        router
            .clone()
            .oneshot(request)
            .await
            .unwrap()
            .into_answer()
            .await
    };
    let (ada, admin) = (&*cookie(1), &*cookie(2));
    let same_site = (SEC_FETCH_SITE, "same-site");
    for (method, path, fields, reason) in [
        (Method::GET, "/health", &[][..], "accepted"),
        (Method::GET, "/me", &[], "missing_token"),
        (Method::GET, "/me", &[(COOKIE, ada)], "accepted"),
        (
            Method::GET,
            "/admin",
            &[(COOKIE, ada)],
            "insufficient_scope",
        ),
        (Method::GET, "/admin", &[(COOKIE, admin)], "accepted"),
        (
            Method::POST,
            "/tasks",
            &[(COOKIE, ada), (ORIGIN, origin)],
            "accepted",
        ),
        (
            Method::POST,
            "/tasks",
            &[(COOKIE, ada), (ORIGIN, EVIL)],
            "cross_site",
        ),
        (
            Method::POST,
            "/tasks",
            &[(COOKIE, ada), same_site.clone()],
            "cross_site",
        ),
        (
            Method::POST,
            "/tasks",
            &[(COOKIE, ada), same_site, (ORIGIN, origin)],
            "accepted",
        ),
        (
            Method::GET,
            "/me",
            &[(COOKIE, ada), (ORIGIN, EVIL)],
            "accepted",
        ),
    ] {
        let answer = send(method, path, fields).await;
        assert_eq!(answer.reason(), reason, "{path}: {fields:?}");
    }
    let id = user_of(&token(1));
    let me = json!({
        "user_id": id,
        "email": format!("{id}@example.com"),
        "session": format!("session-of-{id}"),
        "impersonated_by": null,
    });
    assert_eq!(send(Method::GET, "/me", &[(COOKIE, ada)]).await.json(), me);
}
