//! The bounds of lookups and of the answers that are kept.

use std::{
    future::Future,
    pin::pin,
    task::{Context, Poll, Waker},
    time::{Duration, Instant},
};

use http::{
    Request,
    header::{ACCEPT_LANGUAGE, AUTHORIZATION, COOKIE, ORIGIN},
};
use tokio::{task::JoinSet, time::sleep};
use tower_jwt_auth::JwtAuthLayer;

use super::server::{
    Answer, SECRET, SessionServer, ask, authenticate, cookie, encoded, layer, request, signed,
    token,
};

const SHORT: Duration = Duration::from_millis(50);

/// Sends all these `Cookie` fields at once. Returns how many were accepted, and the reasons of the
/// others.
async fn ask_all(
    layer: &JwtAuthLayer,
    cookies: impl Iterator<Item = String>,
) -> (usize, Vec<&'static str>) {
    let mut asking = JoinSet::new();
    for cookie in cookies {
        let layer = layer.clone();
        asking.spawn(async move { ask(&layer, &cookie).await });
    }
    let (mut accepted, mut reasons) = (0, Vec::new());
    while let Some(result) = asking.join_next().await {
        match result.unwrap() {
            Ok(_) => accepted += 1,
            Err(reason) => reasons.push(reason),
        }
    }
    (accepted, reasons)
}

#[tokio::test]
async fn a_thousand_requests_with_one_session_share_one_lookup() {
    let server = SessionServer::with(|request| Answer::session(request).after(SHORT)).await;
    // Without kept answers, only the lookup in flight is shared.
    for sessions in [
        server.sessions(),
        server.sessions().fresh_for(Duration::ZERO),
    ] {
        let before = server.lookups();
        let asked = ask_all(&layer(sessions), (0..1_000).map(|_| cookie(1))).await;
        assert_eq!(asked, (1_000, vec![]));
        assert_eq!(server.lookups() - before, 1);
    }
}

#[tokio::test]
async fn a_thousand_requests_share_one_failure() {
    let failing = |_: &str| Answer::status("500 Internal Server Error").after(SHORT);
    let server = SessionServer::with(failing).await;
    let asked = ask_all(&server.layer(), (0..1_000).map(|_| cookie(1))).await;
    assert_eq!(asked, (0, vec!["sessions_unavailable"; 1_000]));
    assert_eq!(server.lookups(), 1);
}

#[tokio::test]
async fn a_lookup_continues_without_the_request_that_started_it() {
    let server = SessionServer::with(|request| Answer::session(request).after(SHORT)).await;
    let layer = server.layer();
    let (parts, ()) = request(&cookie(1)).into_parts();
    {
        let first = pin!(layer.authenticate(&parts));
        let polled = first.poll(&mut Context::from_waker(Waker::noop()));
        assert!(matches!(polled, Poll::Pending));
    }
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    assert_eq!(server.lookups(), 1);
}

#[tokio::test]
async fn at_most_16_lookups_run_at_a_time_and_others_wait() {
    let server = SessionServer::with(|request| Answer::session(request).after(SHORT)).await;
    for (sessions, most) in [
        (server.sessions(), 16),
        (server.sessions().max_lookups(32), 32),
    ] {
        assert_eq!(
            ask_all(&layer(sessions), (0..200).map(cookie)).await,
            (200, vec![])
        );
        assert_eq!(server.most_at_a_time(), most);
    }
}

#[tokio::test]
async fn at_most_256_lookups_wait_and_each_ends_within_two_seconds() {
    let hanging = |request: &str| Answer::session(request).after(Duration::from_secs(60));
    let server = SessionServer::with(hanging).await;
    let layer = server.layer();
    let start = Instant::now();
    let full = ask_all(&layer, (0..16 + 256).map(cookie));
    let others = async {
        sleep(SHORT).await;
        let before = Instant::now();
        let asked = ask_all(&layer, (1_000..1_100).map(cookie)).await;
        assert!(
            before.elapsed() < Duration::from_secs(1),
            "{:?}",
            before.elapsed()
        );
        asked
    };
    // The server still counts lookups that the layer has abandoned, so it is asked before the first is.
    let most = async {
        sleep(Duration::from_millis(1_500)).await;
        server.most_at_a_time()
    };
    let (full, others, most) = tokio::join!(full, others, most);
    assert_eq!(full, (0, vec!["sessions_unavailable"; 272]));
    assert_eq!(others, (0, vec!["sessions_unavailable"; 100]));
    assert_eq!(most, 16);
    let elapsed = start.elapsed();
    assert!((2_000..3_000).contains(&elapsed.as_millis()), "{elapsed:?}");
}

#[tokio::test]
async fn forged_tokens_cause_no_lookup() {
    let server = SessionServer::start().await;
    let layer = layer(server.sessions().secret(SECRET));
    for number in 0..10_000 {
        let forged = signed(&token(number), "another-secret-0123456789abcdefghijk");
        let cookie = format!("better-auth.session_token={}", encoded(&forged));
        assert_eq!(ask(&layer, &cookie).await, Err("session_signature"));
        let bearer = Request::builder().header(AUTHORIZATION, format!("Bearer {forged}"));
        let asked = authenticate(&layer, bearer.body(()).unwrap()).await;
        assert_eq!(asked.unwrap_err(), "session_signature");
    }
    assert_eq!(server.lookups(), 0);
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn an_answer_is_kept_for_the_configured_time() {
    let server = SessionServer::start().await;
    let layer = layer(server.sessions().fresh_for(4 * SHORT));
    for _ in 0..10 {
        assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    }
    assert_eq!(server.lookups(), 1);
    // The user signs out.
    server.set(|_| Answer::no_session());
    sleep(5 * SHORT).await;
    for _ in 0..10 {
        assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    }
    assert_eq!(server.lookups(), 2);
    // No session revives, but a "no" is not kept longer either.
    server.set(Answer::session);
    sleep(5 * SHORT).await;
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
}

#[tokio::test]
async fn without_a_time_no_answer_is_kept() {
    let server = SessionServer::start().await;
    let layer = layer(server.sessions().fresh_for(Duration::ZERO));
    for lookups in 1..=3 {
        assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
        assert_eq!(server.lookups(), lookups);
    }
    server.set(|_| Answer::no_session());
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    assert_eq!(ask(&layer, &cookie(1)).await, Err("session"));
    assert_eq!(server.lookups(), 5);
}

#[tokio::test]
async fn invented_tokens_evict_no_user() {
    let server = SessionServer::with(|request| {
        if request.contains("session_token=00000000000000000000000000000001") {
            Answer::session(request)
        } else {
            Answer::no_session()
        }
    })
    .await;
    let layer = layer(server.sessions().fresh_for(Duration::from_secs(60)));
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    for number in 2..1_502 {
        assert_eq!(ask(&layer, &cookie(number)).await, Err("session"));
    }
    let before = server.lookups();
    assert_eq!(ask(&layer, &cookie(1)).await, Ok("user-1".to_owned()));
    assert_eq!(server.lookups(), before);
    // At most 1,000 of the "no" answers are kept.
    for number in 2..1_502 {
        assert_eq!(ask(&layer, &cookie(number)).await, Err("session"));
    }
    assert!(server.lookups() - before >= 500);
}

#[tokio::test]
async fn better_auth_receives_one_credential_and_nothing_else() {
    let server = SessionServer::start().await;
    let layer = layer(server.sessions().raw_tokens());
    let value = signed(&token(1), SECRET);
    let others = |request: http::request::Builder| {
        request
            .header(ORIGIN, "https://evil.example")
            .header(ACCEPT_LANGUAGE, "de")
            .header("x-api-key", "secret")
            .header("x-forwarded-for", "10.0.0.1")
    };
    let cookies = format!(
        "a=1; better-auth.session_data=x; better-auth.session_token={}; b=2",
        encoded(&value)
    );
    let by_cookie = others(Request::builder()).header(COOKIE, &cookies);
    let secure = cookies.replace(
        "better-auth.session_token",
        "__Secure-better-auth.session_token",
    );
    let by_secure_cookie = others(Request::builder()).header(COOKIE, secure);
    let bearer = |token: &str| {
        let request = others(Request::builder()).header(COOKIE, &cookies);
        request.header(AUTHORIZATION, format!("bearer  {token}"))
    };
    let cookie_query = "?disableCookieCache=true&disableRefresh=true";
    let bearer_query = "?disableCookieCache=true";
    for (request, query, credential) in [
        (
            by_cookie,
            cookie_query,
            format!("cookie: better-auth.session_token={}", encoded(&value)),
        ),
        (
            by_secure_cookie,
            cookie_query,
            format!(
                "cookie: __Secure-better-auth.session_token={}",
                encoded(&value)
            ),
        ),
        (
            bearer(&value),
            bearer_query,
            format!("authorization: Bearer {value}"),
        ),
        (
            bearer(&encoded(&value)),
            bearer_query,
            format!("authorization: Bearer {}", encoded(&value)),
        ),
        (
            bearer(&token(1)),
            bearer_query,
            format!("authorization: Bearer {}", token(1)),
        ),
    ] {
        authenticate(&layer, request.body(()).unwrap())
            .await
            .unwrap();
        let asked = server.requests().pop().unwrap();
        let mut lines: Vec<&str> = asked.trim_end().lines().collect();
        assert_eq!(
            lines.remove(0),
            format!("GET /api/auth/get-session{query} HTTP/1.1")
        );
        lines.retain(|line| !line.starts_with("host: ") && !line.starts_with("user-agent: "));
        lines.sort_unstable();
        let mut expected = vec![
            "accept-encoding: identity",
            "accept: application/json",
            &credential,
        ];
        expected.sort_unstable();
        assert_eq!(lines, expected);
    }
    assert_eq!(server.lookups(), 5);
}
