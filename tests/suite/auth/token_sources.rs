//! The sources of a token, and tokens in other places or in two places.

use http::{
    HeaderName, HeaderValue, Request, Response, Uri,
    header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SEC_WEBSOCKET_PROTOCOL},
};
use http_body_util::Full;
use tower::{Layer, ServiceExt, service_fn};
use tower_jwt_auth::{JwtAuthLayer, TokenSource};

use crate::support::*;

/// A layer that reads every kind of source.
fn all_sources() -> JwtAuthLayer {
    with_sources([
        TokenSource::header(),
        TokenSource::cookie("access_token"),
        TokenSource::query("access_token"),
        TokenSource::websocket_protocol(),
        TokenSource::from_fn(|headers, uri| {
            let in_header = headers.get("x-token").and_then(|value| value.to_str().ok());
            let in_path = uri.path().strip_prefix("/as/");
            in_header.or(in_path).map(str::to_owned)
        }),
    ])
}

fn with_sources(sources: impl IntoIterator<Item = TokenSource>) -> JwtAuthLayer {
    builder().token_sources(sources).build().unwrap()
}

fn request(uri: &str, headers: &[(HeaderName, &str)]) -> Request<()> {
    let mut request = get(uri);
    for (name, value) in headers {
        let value = HeaderValue::from_str(value).unwrap();
        request.headers_mut().append(name, value);
    }
    request
}

fn x_token() -> HeaderName {
    HeaderName::from_static("x-token")
}

#[tokio::test]
async fn a_token_is_found_in_each_configured_source() {
    let t = &token(&claims());
    let encoded = t.replace('.', "%2E");
    for (row, request) in [
        (
            "the header",
            request("/", &[(AUTHORIZATION, &format!("Bearer {t}"))]),
        ),
        (
            "a cookie",
            request("/", &[(COOKIE, &format!("access_token={t}"))]),
        ),
        (
            "a cookie among others",
            request("/", &[(COOKIE, &format!("a=b; access_token={t};c=d"))]),
        ),
        (
            "cookies in separate headers, as HTTP/2 sends them",
            request(
                "/",
                &[(COOKIE, "a=b"), (COOKIE, &format!("access_token={t}"))],
            ),
        ),
        (
            "the query",
            request(&format!("/?a=b&access_token={t}&c"), &[]),
        ),
        (
            "the query, encoded",
            request(&format!("/?access%5Ftoken={encoded}"), &[]),
        ),
        (
            "the WebSocket protocols",
            request(
                "/",
                &[(SEC_WEBSOCKET_PROTOCOL, &format!("chat, bearer, {t}"))],
            ),
        ),
        (
            "the protocols in several headers",
            request(
                "/",
                &[
                    (SEC_WEBSOCKET_PROTOCOL, "bearer"),
                    (SEC_WEBSOCKET_PROTOCOL, t),
                ],
            ),
        ),
        (
            "the protocols with an empty one between",
            request("/", &[(SEC_WEBSOCKET_PROTOCOL, &format!("bearer, , {t}"))]),
        ),
        ("a custom header", request("/", &[(x_token(), t)])),
        ("the path", request(&format!("/as/{t}"), &[])),
    ] {
        ask(all_sources(), request)
            .await
            .assert_reached("alice", row);
    }
}

#[tokio::test]
async fn a_source_that_is_not_configured_is_never_read() {
    let t = &token(&claims());
    let elsewhere = || {
        request(
            &format!("/?access_token={t}"),
            &[
                (COOKIE, &format!("access_token={t}")),
                (SEC_WEBSOCKET_PROTOCOL, &format!("bearer, {t}")),
            ],
        )
    };
    ask(layer(), elsewhere())
        .await
        .assert_not_authenticated("by default");
    let cookie = || with_sources([TokenSource::cookie("jwt")]);
    ask(cookie(), elsewhere())
        .await
        .assert_not_authenticated("another cookie");
    let answer = ask(cookie(), with_bearer(t)).await;
    answer.assert_not_authenticated("the header, if only a cookie is configured");
}

#[tokio::test]
async fn a_request_without_a_token_in_any_source_is_rejected() {
    for (row, request) in [
        ("nothing", request("/", &[])),
        (
            "an empty cookie",
            request("/", &[(COOKIE, "access_token=")]),
        ),
        (
            "a cookie with the name as its suffix",
            request("/", &[(COOKIE, "my_access_token=a.b.c")]),
        ),
        (
            "a cookie with the name as its prefix",
            request("/", &[(COOKIE, "access_token2=a.b.c")]),
        ),
        (
            "a cookie name in another case",
            request("/", &[(COOKIE, "Access_Token=a.b.c")]),
        ),
        ("an empty parameter", request("/?access_token=", &[])),
        (
            "a parameter without a value",
            request("/?access_token", &[]),
        ),
        ("another parameter", request("/?token=a.b.c", &[])),
        (
            "the protocol alone",
            request("/", &[(SEC_WEBSOCKET_PROTOCOL, "bearer")]),
        ),
        (
            "other protocols",
            request("/", &[(SEC_WEBSOCKET_PROTOCOL, "chat, a.b.c")]),
        ),
    ] {
        ask(all_sources(), request)
            .await
            .assert_not_authenticated(row);
    }
}

#[tokio::test]
async fn two_tokens_in_any_sources_are_rejected() {
    let t = &token(&claims());
    let bearer = &format!("Bearer {t}");
    let cookie = &format!("access_token={t}");
    let protocols = &format!("bearer, {t}");
    let in_query = &format!("/?access_token={t}");
    for (row, request) in [
        (
            "header and cookie",
            request("/", &[(AUTHORIZATION, bearer), (COOKIE, cookie)]),
        ),
        (
            "header and query",
            request(in_query, &[(AUTHORIZATION, bearer)]),
        ),
        ("cookie and query", request(in_query, &[(COOKIE, cookie)])),
        (
            "cookie and protocol",
            request(
                "/",
                &[(COOKIE, cookie), (SEC_WEBSOCKET_PROTOCOL, protocols)],
            ),
        ),
        (
            "header and custom header",
            request("/", &[(AUTHORIZATION, bearer), (x_token(), t)]),
        ),
        (
            "two headers",
            request("/", &[(AUTHORIZATION, bearer), (AUTHORIZATION, bearer)]),
        ),
        (
            "two cookies with the name",
            request("/", &[(COOKIE, &format!("{cookie}; {cookie}"))]),
        ),
        (
            "two cookies in two headers",
            request("/", &[(COOKIE, cookie), (COOKIE, cookie)]),
        ),
        (
            "two parameters",
            request(&format!("{in_query}&access_token={t}"), &[]),
        ),
        (
            "two parameters, one encoded",
            request(&format!("{in_query}&access%5ftoken={t}"), &[]),
        ),
        (
            "two protocols, and an empty one",
            request(
                "/",
                &[(
                    SEC_WEBSOCKET_PROTOCOL,
                    &format!("{protocols}, bearer, , bearer, {t}"),
                )],
            ),
        ),
        (
            "two protocols",
            request(
                "/",
                &[(SEC_WEBSOCKET_PROTOCOL, &format!("{protocols}, {protocols}"))],
            ),
        ),
    ] {
        ask(all_sources(), request)
            .await
            .assert_invalid_request(row);
    }
}

#[tokio::test]
async fn an_invalid_cookie_is_rejected_even_if_anonymous_is_allowed() {
    let anonymous = builder()
        .token_sources([TokenSource::header(), TokenSource::cookie("jwt")])
        .allow_anonymous()
        .build()
        .unwrap();
    let invalid = request("/", &[(COOKIE, "jwt=a.b")]);
    ask(anonymous.clone(), invalid)
        .await
        .assert_invalid_token("malformed", "a cookie");
    ask(anonymous, get("/"))
        .await
        .assert_reached("nobody", "none");
}

#[tokio::test]
async fn headers_with_tokens_are_marked_as_sensitive() {
    let service = all_sources().layer(service_fn(async |request: Request<()>| {
        for name in [COOKIE, SEC_WEBSOCKET_PROTOCOL] {
            let values = request.headers().get_all(&name);
            assert!(values.iter().all(HeaderValue::is_sensitive), "{name}");
        }
        Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::default()))
    }));
    let cookie = format!("access_token={}", token(&claims()));
    let headers = [
        (COOKIE, "a=b"),
        (COOKIE, &*cookie),
        (SEC_WEBSOCKET_PROTOCOL, "chat"),
    ];
    let response = service.oneshot(request("/", &headers)).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn other_headers_are_not_marked_as_sensitive() {
    let service = with_sources([TokenSource::cookie("jwt")]).layer(service_fn(
        async |request: Request<()>| {
            let headers = request.headers();
            assert!(headers[COOKIE].is_sensitive());
            assert!(!headers[SEC_WEBSOCKET_PROTOCOL].is_sensitive());
            Ok::<_, std::convert::Infallible>(Response::new(Full::<bytes::Bytes>::default()))
        },
    ));
    let cookie = format!("jwt={}", token(&claims()));
    let headers = [(COOKIE, &*cookie), (SEC_WEBSOCKET_PROTOCOL, "chat")];
    let response = service.oneshot(request("/", &headers)).await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_token_outside_the_header_makes_the_response_private() {
    let t = token(&claims());
    let in_query = format!("/?access_token={t}");
    let in_path = format!("/as/{t}");
    for (row, uri, inner, expected) in [
        ("no Cache-Control", &*in_query, None, Some("private")),
        (
            "public",
            &in_query,
            Some("public, max-age=60, s-maxage=600"),
            Some("private, max-age=60"),
        ),
        (
            "no-cache",
            &in_query,
            Some("no-cache"),
            Some("private, no-cache"),
        ),
        (
            "private",
            &in_query,
            Some("max-age=60, Private"),
            Some("max-age=60, Private"),
        ),
        ("no-store", &in_query, Some("no-store"), Some("no-store")),
        ("the header", "/", None, None),
        ("a cookie", "/cookie", None, Some("private")),
        ("a function", &in_path, None, Some("private")),
    ] {
        let service = all_sources().layer(service_fn(move |_: Request<()>| {
            let mut response = Response::new(Full::<bytes::Bytes>::default());
            if let Some(inner) = inner {
                let inner = HeaderValue::from_static(inner);
                response.headers_mut().insert(CACHE_CONTROL, inner);
            }
            std::future::ready(Ok::<_, std::convert::Infallible>(response))
        }));
        let mut request = get(uri);
        if uri == "/cookie" {
            request = self::request(uri, &[(COOKIE, &format!("access_token={t}"))]);
        } else if uri == "/" {
            request = with_bearer(&t);
        }
        let answer = service.oneshot(request).await.unwrap().into_answer().await;
        assert_eq!(answer.status(), 200, "{row}");
        assert_eq!(answer.header("cache-control"), expected, "{row}");
    }
}

#[test]
fn invalid_token_sources_are_rejected_by_build() {
    let none: [TokenSource; 0] = [];
    for (row, sources, problem) in [
        ("none", none.to_vec(), ".token_sources(…) is empty"),
        (
            "none in an order",
            vec![
                TokenSource::header(),
                TokenSource::first_of([TokenSource::cookie("a"), TokenSource::first_of([])]),
            ],
            "TokenSource::first_of(…) is empty",
        ),
        (
            "the header twice",
            vec![TokenSource::header(), TokenSource::header()],
            "listed twice",
        ),
        (
            "a cookie twice",
            vec![TokenSource::cookie("a"), TokenSource::cookie("a")],
            "listed twice",
        ),
        (
            "an invalid cookie name",
            vec![TokenSource::cookie("a=b")],
            "TokenSource::cookie(…)",
        ),
        (
            "an empty cookie name",
            vec![TokenSource::cookie("")],
            "TokenSource::cookie(…)",
        ),
        (
            "an empty parameter name",
            vec![TokenSource::query("")],
            "TokenSource::query(…)",
        ),
    ] {
        let error = builder().token_sources(sources).build().unwrap_err();
        assert!(error.to_string().contains(problem), "{row}: {error}");
    }
    let two = [TokenSource::cookie("a"), TokenSource::cookie("b")];
    assert!(builder().token_sources(two).build().is_ok());
}

#[test]
fn debug_output_of_a_source_omits_its_name() {
    let source = TokenSource::from_fn(|_, _: &Uri| None);
    let all = [TokenSource::cookie("secret"), source];
    assert_eq!(format!("{all:?}"), "[Cookie, Custom]");
}
