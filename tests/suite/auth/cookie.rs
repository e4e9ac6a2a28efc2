//! `examples/cookie.rs` over a socket, with the requests that a page of another site can make a
//! browser send with the user's cookie.

use axum::body::Body;
use http::{
    HeaderName, HeaderValue, Method, Request, Version,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, HOST, ORIGIN, UPGRADE},
};
use hyper_util::{
    client::legacy::Client,
    rt::{TokioExecutor, TokioTimer},
};
use tokio_tungstenite::{
    connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest},
};
use tower::ServiceExt;

use crate::{auth::sockets::listen, support::*};

#[path = "../../../examples/cookie.rs"]
#[allow(dead_code)]
mod cookie_example;

const OWN: &str = "https://app.example.com";
const EVIL: &str = "https://evil.example";
const CROSS_SITE: &str = "Access denied: The request comes from another site";
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

type Fields<'a> = &'a [(HeaderName, &'a str)];

fn router() -> axum::Router {
    cookie_example::router(builder(), &[OWN.to_owned()]).unwrap()
}

/// Starts the app and returns its address.
async fn app() -> String {
    let (listener, addr) = listen().await;
    tokio::spawn(async move { axum::serve(listener, router()).await });
    addr.to_string()
}

fn cookie() -> String {
    format!("theme=dark; access_token={}", token(&claims()))
}

async fn send(app: &str, method: Method, path: &str, fields: Fields<'_>) -> Answer {
    let client = Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build_http();
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://{app}{path}"))
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in fields {
        request = request.header(name, *value);
    }
    let request = request.body(Body::from("{}")).unwrap();
    client.request(request).await.unwrap().into_answer().await
}

/// Returns the first message of the WebSocket, or the status of the rejection.
async fn open(app: &str, fields: Fields<'_>) -> Result<String, u16> {
    let url = format!("ws://{app}/ws");
    let mut request = url.into_client_request().unwrap();
    for (name, value) in fields {
        let value = HeaderValue::from_str(value).unwrap();
        match *name {
            UPGRADE => drop(request.headers_mut().insert(name, value)),
            _ => drop(request.headers_mut().append(name, value)),
        }
    }
    match connect_async(request).await {
        Ok((mut socket, _)) => {
            let first = futures_util::StreamExt::next(&mut socket).await;
            match first.unwrap().unwrap() {
                Message::Text(text) => Ok(text.to_string()),
                other => panic!("{other:?}"),
            }
        }
        Err(Error::Http(response)) => Err(response.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn the_cookie_or_the_header_is_enough() {
    let app = app().await;
    let (cookie, bearer) = (cookie(), format!("Bearer {}", token(&claims())));
    for (row, fields) in [
        ("the cookie", (COOKIE, &*cookie)),
        ("the header", (AUTHORIZATION, &*bearer)),
    ] {
        let answer = send(&app, Method::GET, "/me", &[fields]).await;
        assert_eq!(answer.status(), 200, "{row}");
        assert_eq!(answer.json()["user_id"], "alice", "{row}");
    }
    let answer = send(&app, Method::GET, "/me", &[]).await;
    assert_eq!(answer.status(), 401);
}

#[tokio::test]
async fn a_post_from_the_apps_own_page_reaches_the_users_tasks() {
    let app = app().await;
    for (path, status) in [("/api/alice/tasks", 200), ("/api/bob/tasks", 403)] {
        let fields = [
            (COOKIE, &*cookie()),
            (ORIGIN, OWN),
            (FETCH_SITE, "same-origin"),
        ];
        let answer = send(&app, Method::POST, path, &fields).await;
        assert_eq!(answer.status(), status, "{path}");
        if status == 403 {
            let detail = "Access denied: Cannot access another user's data";
            assert_eq!(answer.json()["detail"], detail, "{path}");
        }
    }
}

#[tokio::test]
async fn a_cross_site_post_with_the_cookie_is_rejected() {
    let app = app().await;
    let cookie = cookie();
    let none = "";
    for (row, origin, fetch_site, cookie) in [
        ("another site", EVIL, "cross-site", &*cookie),
        (
            "another subdomain",
            "https://blog.example.com",
            "same-site",
            &cookie,
        ),
        ("a browser without Sec-Fetch-Site", EVIL, none, &cookie),
        ("a page without an origin", "null", "cross-site", &cookie),
        // The origin is checked first, so the response does not depend on the cookie.
        ("an invalid cookie", EVIL, "cross-site", "access_token=a.b"),
        ("no cookie", EVIL, "cross-site", none),
    ] {
        let fields = [(ORIGIN, origin), (FETCH_SITE, fetch_site), (COOKIE, cookie)];
        let fields = fields.into_iter().filter(|(_, value)| !value.is_empty());
        let fields = fields.collect::<Vec<_>>();
        let answer = send(&app, Method::POST, "/api/alice/tasks", &fields).await;
        assert_eq!(answer.status(), 403, "{row}");
        assert_eq!(answer.json()["detail"], CROSS_SITE, "{row}");
    }
}

#[tokio::test]
async fn a_cross_site_upgrade_with_the_cookie_is_rejected() {
    let app = app().await;
    let cookie = cookie();
    let host = format!("http://{app}");
    for (row, fields) in [
        ("another site", &[(ORIGIN, EVIL)][..]),
        ("no origin", &[]),
        ("a page without an origin", &[(ORIGIN, "null")]),
        ("another port", &[(ORIGIN, "https://app.example.com:8443")]),
        ("another scheme", &[(ORIGIN, "http://app.example.com")]),
        (
            "an origin with the allowed one as its prefix",
            &[(ORIGIN, "https://app.example.com.evil.example")],
        ),
        // After DNS rebinding, the other site controls the `Host`.
        (
            "the host, which is not an allowed origin",
            &[(ORIGIN, &host)],
        ),
        (
            "two origins, the first allowed",
            &[(ORIGIN, OWN), (ORIGIN, EVIL)],
        ),
        (
            "another spelling of `Upgrade`",
            &[(ORIGIN, EVIL), (UPGRADE, "WebSocket")],
        ),
    ] {
        let fields = [&[(COOKIE, &*cookie)], fields].concat();
        assert_eq!(open(&app, &fields).await, Err(403), "{row}");
    }
}

#[tokio::test]
async fn an_upgrade_from_the_apps_own_page_needs_the_cookie() {
    let app = app().await;
    let greeting = open(&app, &[(ORIGIN, OWN), (COOKIE, &cookie())]).await;
    assert_eq!(greeting.as_deref(), Ok("Hello alice@example.com"));
    assert_eq!(open(&app, &[(ORIGIN, OWN)]).await, Err(401));
}

/// Not over a socket, because axum accepts an extended CONNECT only with its feature `http2`.
#[tokio::test]
async fn an_extended_connect_is_treated_as_an_upgrade() {
    for (origin, is_rejected) in [
        (None, true),
        (Some("https://host"), true),
        (Some(OWN), false),
    ] {
        let mut request = Request::connect("https://host/ws")
            .version(Version::HTTP_2)
            .header(HOST, "host")
            .header(COOKIE, cookie());
        if let Some(origin) = origin {
            request = request.header(ORIGIN, origin);
        }
        let request = request.body(Body::empty()).unwrap();
        let answer = router().oneshot(request).await.unwrap().into_answer().await;
        assert_eq!(
            answer.status() == 403,
            is_rejected,
            "{origin:?}: {answer:?}"
        );
    }
}

#[tokio::test]
async fn two_tokens_get_400() {
    let app = app().await;
    let bearer = format!("Bearer {}", token(&claims()));
    let twice = format!("{0}; {0}", cookie());
    for (row, fields) in [
        (
            "the cookie and the header",
            &[(COOKIE, &*cookie()), (AUTHORIZATION, &bearer)][..],
        ),
        ("two cookies", &[(COOKIE, &*twice)]),
    ] {
        let answer = send(&app, Method::GET, "/me", fields).await;
        assert_eq!(answer.status(), 400, "{row}");
        let challenge = answer.challenge().unwrap();
        assert!(challenge.contains("invalid_request"), "{row}: {challenge}");
    }
}

#[test]
fn an_origin_that_no_browser_sends_is_rejected_at_startup() {
    for origin in ["https://app.example.com/", "app.example.com", ""] {
        let router = cookie_example::router(builder(), &[origin.to_owned()]);
        assert!(router.is_err(), "{origin}");
    }
}
