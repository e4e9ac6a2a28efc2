//! `log_user_ids`: the user's ID and issuer in the event and the details of a 403.

use std::time::Duration;

use http::Request;
use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{
    CurrentUser, JwtAuthBuilder, PathOwnerLayer, Rejection, RejectionDetails, RequireFreshLayer,
    RequireScopeLayer,
};

use super::{Captured, owner};
use crate::support::*;

fn logging() -> JwtAuthBuilder {
    builder().log_user_ids()
}

fn alices(path: &str) -> Request<()> {
    let mut request = with_bearer(&token(&claims()));
    *request.uri_mut() = path.parse().unwrap();
    request
}

fn details(answer: &Answer) -> Option<&RejectionDetails> {
    answer.response.extensions().get()
}

fn user_id(answer: &Answer) -> Option<&str> {
    details(answer).and_then(RejectionDetails::user_id)
}

/// The DEBUG event of the only rejection has the ID, or no ID.
#[track_caller]
fn assert_logged(events: &Captured, reason: &str, user_id: Option<&str>) {
    let lines = events.at("DEBUG");
    if cfg!(not(feature = "tracing")) {
        return;
    }
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains(&format!("reason=\"{reason}\"")),
        "{lines:?}"
    );
    match user_id {
        Some(id) => assert!(
            lines[0].contains(&format!(" user_id=\"{id}\"")),
            "{lines:?}"
        ),
        None => {
            let has_user = lines[0].contains("user_id") || lines[0].contains(" issuer=");
            assert!(!has_user, "{lines:?}");
        }
    }
    let others = events.text().matches("user_id=").count();
    assert_eq!(others, usize::from(user_id.is_some()));
}

#[tokio::test]
async fn a_403_names_the_user_only_if_that_is_set() {
    for (is_set, auth) in [(false, builder()), (true, logging())] {
        let auth = auth.build().unwrap();
        let expected = is_set.then_some("alice");
        for (path, reason, hidden) in [
            ("/api/bob/tasks", "not_owner", false),
            ("/api/bob/tasks", "not_owner", true),
            ("/elsewhere", "no_pattern", false),
        ] {
            let owner = if hidden { owner().not_found() } else { owner() };
            let events = Captured::start();
            let answer = ask(Stack::new(owner, auth.clone()), alices(path)).await;
            assert_eq!(user_id(&answer), expected, "{path}");
            assert_eq!(answer.status(), if hidden { 404 } else { 403 });
            assert_logged(&events, reason, expected);
        }
        let scope = RequireScopeLayer::new("b").unwrap();
        let events = Captured::start();
        let answer = ask(Stack::new(scope, auth.clone()), alices("/")).await;
        assert_eq!(user_id(&answer), expected);
        assert_eq!(details(&answer).unwrap().scope(), Some("b"));
        let challenge = r#"Bearer error="insufficient_scope", scope="b""#;
        assert_eq!(answer.challenge(), Some(challenge));
        assert_logged(&events, "insufficient_scope", expected);

        let events = Captured::start();
        let rule = RequireScopeLayer::rule(|_| false);
        let answer = ask(Stack::new(rule, auth.clone()), alices("/")).await;
        assert_eq!(details(&answer).is_some(), is_set);
        assert_logged(&events, "insufficient_scope", expected);
    }
}

/// The same user ID may identify different people at two issuers.
#[tokio::test]
async fn a_403_names_the_verified_issuer_of_the_user() {
    let [ours, tenants] = ["https://app.example.com", "https://tenant.example.com"];
    let several = || builder().issuer(ours).or(builder().issuer(tenants));
    for (row, auth, iss, reason, expected) in [
        (
            "the first",
            several().log_user_ids(),
            ours,
            "not_owner",
            Some(ours),
        ),
        (
            "the second",
            several().log_user_ids(),
            tenants,
            "other_issuer",
            Some(tenants),
        ),
        ("not set", several(), tenants, "other_issuer", None),
        ("an unverified one", logging(), ours, "not_owner", None),
    ] {
        let mut request = with_bearer(&token(&claims_with(json!({ "iss": iss }))));
        *request.uri_mut() = "/api/bob/tasks".parse().unwrap();
        let events = Captured::start();
        let answer = ask(Stack::new(owner(), auth.build().unwrap()), request).await;
        assert_eq!(answer.reason(), reason, "{row}");
        let issuer = details(&answer).and_then(RejectionDetails::issuer);
        assert_eq!(issuer, expected, "{row}");
        let line = events.at("DEBUG").concat();
        let logged = line
            .split_once(" issuer=")
            .map(|(_, rest)| rest.split('"').nth(1));
        let expected = expected.filter(|_| cfg!(feature = "tracing")).map(Some);
        assert_eq!(logged, expected, "{row}: {line}");
    }
}

#[tokio::test]
async fn other_rejections_never_name_a_user() {
    let auth = || logging().build().unwrap();
    let expired = token(&claims_with(json!({ "exp": NOW - 1 })));
    for (request, reason) in [
        (get("/"), "missing_token"),
        (with_bearer(&expired), "expired"),
    ] {
        let events = Captured::start();
        let answer = ask(auth(), request).await;
        assert_eq!(user_id(&answer), None);
        assert_logged(&events, reason, None);
    }
    // The user is known, but the rejection is no 403.
    let (mut parts, ()) = get("/").into_parts();
    parts.extensions.insert(CurrentUser::new("alice", ""));
    for rejection in [Rejection::MissingToken, Rejection::KeysUnavailable] {
        let events = Captured::start();
        let response = auth().reject(rejection, &parts);
        assert!(response.extensions().get::<RejectionDetails>().is_none());
        assert_logged(&events, rejection.reason(), None);
    }
    let fresh = RequireFreshLayer::within(Duration::from_secs(60)).unwrap();
    let answer = ask(Stack::new(fresh, auth()), alices("/")).await;
    assert_eq!((answer.status().as_u16(), user_id(&answer)), (401, None));
    // A rejection without a user, from a layer without a `JwtAuthLayer` around it.
    let events = Captured::start();
    let answer = ask(owner(), get("/api/alice")).await;
    assert_eq!(user_id(&answer), None);
    assert_logged(&events, "no_user", None);
}

#[tokio::test]
async fn the_innermost_layer_decides_whether_users_are_named() {
    let (logs, plain, default) = (
        logging().build().unwrap(),
        builder().realm("a").build().unwrap(),
        builder().build().unwrap(),
    );
    for (inner, outer, expected) in [
        (logs.clone(), plain.clone(), Some("alice")),
        (plain, logs.clone(), None),
        (default, logs, None),
    ] {
        let stack = Stack::new(Stack::new(owner(), inner), outer);
        let answer = ask(stack, alices("/api/bob/tasks")).await;
        assert_eq!(user_id(&answer), expected);
    }
}

#[tokio::test]
async fn rejections_by_the_application_name_the_user() {
    use tower::{Layer, ServiceExt, service_fn};

    let respond = service_fn(async |request: Request<()>| {
        let response = Rejection::NotOwner.respond(&request.into_parts().0);
        Ok::<_, std::convert::Infallible>(response.map(http_body_util::Full::new))
    });
    let service = logging().build().unwrap().layer(respond);
    let events = Captured::start();
    let answer = service.oneshot(alices("/")).await.unwrap();
    assert_eq!(user_id(&answer.into_answer().await), Some("alice"));
    assert_logged(&events, "not_owner", Some("alice"));

    // Outside the middleware, the user is the one in the extensions.
    let auth = logging().build().unwrap();
    let (mut parts, ()) = get("/").into_parts();
    for expected in [None, Some("alice")] {
        let events = Captured::start();
        let response = auth.reject(Rejection::InsufficientScope, &parts);
        let details = response.extensions().get::<RejectionDetails>();
        assert_eq!(details.and_then(RejectionDetails::user_id), expected);
        assert_logged(&events, "insufficient_scope", expected);
        parts.extensions.insert(CurrentUser::new("alice", ""));
    }
}

#[tokio::test]
async fn a_custom_answer_gets_the_details() {
    let describe = |builder: JwtAuthBuilder| {
        let auth = builder.answer_with(|rejection, details| {
            let parts = details.map(|it| (it.scope(), it.roles(), it.user_id()));
            http::Response::new(format!("{} {parts:?}", rejection.reason()))
        });
        auth.build().unwrap()
    };
    let scope = || RequireScopeLayer::all_of(["a", "b"]).unwrap();
    let answer = ask(Stack::new(scope(), describe(builder())), alices("/")).await;
    assert_eq!(
        answer.body,
        r#"insufficient_scope Some((Some("a b"), None, None))"#
    );
    assert_eq!(answer.status(), 403);
    let roles = RequireScopeLayer::any_role(["c"]).unwrap();
    let answer = ask(Stack::new(roles, describe(logging())), alices("/")).await;
    let expected = r#"insufficient_scope Some((None, Some("c"), Some("alice")))"#;
    assert_eq!(answer.body, expected);
    let owner = PathOwnerLayer::new("/api/{user_id}").unwrap();
    let answer = ask(Stack::new(owner, describe(builder())), alices("/api/bob")).await;
    assert_eq!(answer.body, "not_owner None");
    let answer = ask(describe(logging()), get("/")).await;
    assert_eq!(answer.body, "missing_token None");
}

/// Neither can forge a line or a field of the log.
#[cfg(feature = "tracing")]
#[tokio::test]
async fn a_user_id_and_an_issuer_are_escaped() {
    let forged = "a\nb\" reason=\"x\u{1b}";
    let user = CurrentUser::new(forged, "").from_issuer(forged);
    let mut request = get("/api/bob");
    request.extensions_mut().insert(user);
    let events = Captured::start();
    let auth = logging().keep_user().build().unwrap();
    ask(Stack::new(owner().issuer(forged), auth), request).await;
    let lines = events.at("DEBUG");
    assert_eq!(events.text().lines().count(), 1);
    for field in ["user_id", "issuer"] {
        let escaped = format!(r#" {field}="a\nb\" reason=\"x\u{{1b}}""#);
        assert!(lines[0].contains(&escaped), "{lines:?}");
    }
}

#[cfg(feature = "tower-http")]
#[tokio::test]
async fn log_rejections_names_the_user() {
    use tower_http::trace::TraceLayer;
    use tower_jwt_auth::LogRejections;

    const ISSUER: &str = "https://app.example.com";

    for (auth, expected) in [(logging(), 1), (builder(), 0)] {
        let auth = auth.issuer(ISSUER);
        let trace = TraceLayer::new_for_http().on_response(LogRejections::new());
        let stack = Stack::new(Stack::new(owner(), auth.build().unwrap()), trace);
        let router = axum::Router::new()
            .fallback(async || "reached")
            .layer(stack);
        let events = Captured::start();
        let mut request = with_bearer(&token(&claims_with(json!({ "iss": ISSUER }))));
        *request.uri_mut() = "/api/bob".parse().unwrap();
        let request = request.map(|()| axum::body::Body::empty());
        tower::ServiceExt::oneshot(router, request).await.unwrap();
        let logged = events.at("INFO").concat();
        assert!(logged.contains("request rejected"), "{logged}");
        for field in [
            "user_id=\"alice\"".to_owned(),
            format!("issuer=\"{ISSUER}\""),
        ] {
            assert_eq!(logged.matches(&field).count(), expected, "{logged}");
        }
    }
}
