//! Answers that do not come from `get-session` as it should be: from a proxy before it, another
//! page, or a faulty server. None of them means "no session".

use std::time::Duration;

use serde_json::{Value, json};
use tower_jwt_auth::JwtAuthLayer;

use super::{Service, newest_release};

const UNAVAILABLE: (u16, &str) = (503, "sessions_unavailable");

#[tokio::test]
async fn only_null_and_401_mean_that_there_is_no_session() {
    let Some(site) = newest_release() else {
        return;
    };
    let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
    let sessions = || site.sessions().fresh_for(Duration::ZERO);
    let service = Service::with(sessions());
    let optional = Service::new(
        JwtAuthLayer::builder()
            .sessions(sessions())
            .allow_anonymous(),
    );
    let record = site.get_session(&ada).await.to_string();
    // Would be `null` if the redirect were followed.
    let elsewhere = format!("{}/test/cached-session", site.origin());
    let html = "<!doctype html><title>Sign in</title>";
    let (as_json, as_html) = ("application/json", "text/html; charset=utf-8");

    for (status, headers, body, is_no_session) in [
        (200, json!({ "content-type": as_json }), "null", true),
        (401, json!({ "content-type": as_json }), "{}", true),
        (
            429,
            json!({ "content-type": as_json, "x-retry-after": "10" }),
            r#"{"message":"Too many requests. Please try again later."}"#,
            false,
        ),
        (429, json!({ "retry-after": "10" }), "null", false),
        (500, json!({}), "", false),
        (500, json!({ "content-type": as_json }), "null", false),
        (502, json!({ "content-type": as_html }), html, false),
        (503, json!({ "retry-after": "3600" }), "", false),
        (504, json!({}), "", false),
        (400, json!({ "content-type": as_json }), "null", false),
        (403, json!({ "content-type": as_html }), html, false),
        (404, json!({ "content-type": as_json }), "null", false),
        (405, json!({}), "", false),
        (200, json!({ "content-type": as_html }), html, false),
        (301, json!({ "location": elsewhere }), "", false),
        (302, json!({ "location": elsewhere }), "null", false),
        (307, json!({ "location": elsewhere }), "", false),
        (204, json!({}), "", false),
        (200, json!({ "content-type": as_json }), "", false),
        (200, json!({ "content-type": as_json }), "{}", false),
        (200, json!({ "content-type": as_json }), "[]", false),
        (
            200,
            json!({ "content-type": as_json }),
            &record[..record.len() - 1],
            false,
        ),
    ] {
        let row = format!("{status} {headers} {body}");
        let answer = json!({ "status": status, "headers": headers, "body": body });
        site.answer_lookups_with(&ada, &answer).await;
        let (rejected, anonymous) = match is_no_session {
            true => ((401, "session"), (200, "anonymous")),
            false => (UNAVAILABLE, UNAVAILABLE),
        };
        let answer = service.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), rejected, "{row}");
        let retries = answer.headers.contains_key("retry-after");
        assert_eq!(retries, !is_no_session, "{row}");
        let answer = service.bearer(&ada.bearer).await;
        assert_eq!(answer.outcome(), rejected, "{row}, bearer");
        let answer = optional.cookie(&ada.cookie).await;
        assert_eq!(answer.outcome(), anonymous, "{row}, anonymous allowed");

        site.answer_lookups_with(&ada, &Value::Null).await;
        for service in [&service, &optional] {
            let answer = service.cookie(&ada.cookie).await;
            assert_eq!(answer.outcome(), (200, &*ada.id), "after {row}");
            assert_eq!(service.cookie(&bob.cookie).await.status, 200, "after {row}");
        }
    }
}

#[tokio::test]
async fn another_sessions_answer_is_never_accepted() {
    let Some(site) = newest_release() else {
        return;
    };
    let (ada, bob) = (site.sign_up("ada").await, site.sign_up("bob").await);
    let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
    let (of_ada, of_bob) = (site.get_session(&ada).await, site.get_session(&bob).await);
    let null = Value::Null;
    for (session, user) in [
        (&of_bob["session"], &of_bob["user"]),
        (&of_ada["session"], &of_bob["user"]),
        (&of_bob["session"], &of_ada["user"]),
        (&of_ada["session"], &null),
        (&null, &of_ada["user"]),
    ] {
        let body = json!({ "session": session, "user": user }).to_string();
        let headers = json!({ "content-type": "application/json" });
        let answer = json!({ "status": 200, "headers": headers, "body": body });
        site.answer_lookups_with(&ada, &answer).await;
        let answer = service.cookie(&ada.cookie).await;
        assert!(
            [401, 503].contains(&answer.outcome().0),
            "{body}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn an_unknown_path_of_better_auth_is_an_outage() {
    let Some(site) = newest_release() else {
        return;
    };
    let ada = site.sign_up("ada").await;
    // Better Auth responds with 404.
    let url = format!("{}/api/auth//get-session", site.origin());
    let service = Service::with(site.sessions().session_url(url));
    let answer = service.cookie(&ada.cookie).await;
    assert_eq!(answer.outcome(), UNAVAILABLE);
}

#[tokio::test]
async fn a_client_that_provokes_errors_locks_out_nobody() {
    let Some(site) = newest_release().map(|site| site.at("/custom")) else {
        return;
    };
    let (ada, mallory) = (site.sign_up("ada").await, site.sign_up("mallory").await);
    // The application's part of Better Auth then fails.
    let no_name = json!({ "name": null });
    site.set("user", &mallory.id, no_name).await;
    let service = Service::with(site.sessions().fresh_for(Duration::ZERO));
    for _ in 0..10 {
        let answer = service.cookie(&mallory.cookie).await;
        assert_eq!(answer.outcome(), UNAVAILABLE);
    }
    assert_eq!(site.lookups(mallory.token()).await.len(), 10);
    let answer = service.cookie(&ada.cookie).await;
    assert_eq!(answer.outcome(), (200, &*ada.id));
}
