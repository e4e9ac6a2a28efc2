//! A session cookie is used only by pages of trusted origins, unless the request is safe.

use http::{
    HeaderName, Request,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, UPGRADE},
    request::Parts,
};
use tower_jwt_auth::{
    Authentication, Authenticator, BetterAuthSessions, CurrentUser, JwtAuthBuilder, JwtAuthLayer,
    TokenSource,
};

use super::server::{SECRET, SessionServer, cookie, layer, signed, token};
use crate::support::{Answer, ask, builder, claims, token as jwt};

const OWN: &str = "https://app.example.com";
const TRUSTED: &str = "https://admin.example.com";

/// Header fields, separated by semicolons, with which a POST may use the cookie.
const ALLOWED: [&str; 13] = [
    // No browser sent these.
    "",
    "host: api.example.com",
    "referer: https://evil.example",
    "sec-fetch-site: ",
    // A browser sent these.
    "sec-fetch-site: same-origin",
    "sec-fetch-site: same-origin; origin: https://evil.example",
    "sec-fetch-site: none",
    "sec-fetch-site: same-site; origin: https://app.example.com",
    "sec-fetch-site: cross-site; origin: https://admin.example.com",
    // An older browser sent these.
    "origin: https://app.example.com",
    "origin: https://admin.example.com",
    "origin: https://api.example.com; host: api.example.com",
    "origin: http://api.example.com; host: api.example.com",
];

/// Header fields with which it may not.
const REJECTED: [&str; 24] = [
    "sec-fetch-site: same-site",
    "sec-fetch-site: cross-site",
    "sec-fetch-site: SAME-ORIGIN",
    "sec-fetch-site: same-origin, cross-site",
    "sec-fetch-site: new-in-2030",
    "sec-fetch-site: cross-site; origin: https://evil.example",
    "sec-fetch-site: cross-site; origin: null",
    "sec-fetch-site: cross-site; origin: https://api.example.com; host: api.example.com",
    "sec-fetch-site: ; origin: https://evil.example",
    "origin: https://evil.example",
    "origin: null",
    "origin: *",
    "origin: http://app.example.com",
    "origin: https://app.example.com:8443",
    "origin: https://app.example.com.evil.example",
    "origin: https://evil.example#https://app.example.com",
    "origin: https://api.example.com",
    "origin: https://api.example.com:8443; host: api.example.com",
    "origin: https://api.example.com; host: api.example.com:8443",
    "origin: ftp://api.example.com; host: api.example.com",
    "origin: null; host: null",
    // These do not name the own host or the page.
    "origin: https://evil.example; host: api.example.com; x-forwarded-host: evil.example",
    "origin: https://evil.example; referer: https://app.example.com",
    "origin: https://evil.example; access-control-request-method: GET",
];

/// All these fields, and whether a POST with them may use the cookie.
fn rows() -> impl Iterator<Item = (&'static str, bool)> {
    let allowed = ALLOWED.iter().map(|fields| (*fields, true));
    allowed.chain(REJECTED.iter().map(|fields| (*fields, false)))
}

/// A server that accepts every session, and the settings for it. The trusted origins are apart from
/// the address.
async fn settings() -> (SessionServer, BetterAuthSessions) {
    let server = SessionServer::start().await;
    let settings = BetterAuthSessions::remote(OWN)
        .session_url(format!("{}/api/auth/get-session", server.origin()))
        .trusted_origins([TRUSTED]);
    (server, settings)
}

/// A request with these fields, in the form of [`ALLOWED`].
fn request(method: &str, fields: &str) -> Request<()> {
    let mut request = Request::builder().method(method).uri("/path");
    for field in fields.split("; ").filter(|field| !field.is_empty()) {
        let (name, value) = field.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    request.body(()).unwrap()
}

fn with(mut request: Request<()>, name: HeaderName, value: &str) -> Request<()> {
    request.headers_mut().insert(name, value.parse().unwrap());
    request
}

fn with_cookie(request: Request<()>) -> Request<()> {
    with(request, COOKIE, &cookie(1))
}

/// A POST that a page of another site sends.
fn cross_site() -> Request<()> {
    let fields = "sec-fetch-site: cross-site; origin: https://evil.example";
    request("POST", fields)
}

#[track_caller]
fn assert_outcome(answer: &Answer, is_allowed: bool, row: &str) {
    if is_allowed {
        answer.assert_reached("user-1", row);
    } else {
        answer.assert_http(403, "cross_site", "Cross-site request", &row);
        assert_eq!(answer.challenge(), None, "{row}");
    }
}

#[tokio::test]
async fn unsafe_requests_with_the_cookie_need_a_trusted_origin() {
    let (_server, settings) = settings().await;
    let layer = layer(settings);
    for (fields, is_allowed) in rows() {
        for method in [
            "POST", "PUT", "PATCH", "DELETE", "TRACE", "CONNECT", "QUERY", "get",
        ] {
            let row = format!("{method} {fields}");
            let request = with_cookie(request(method, fields));
            assert_outcome(&ask(layer.clone(), request).await, is_allowed, &row);
        }
    }
}

#[tokio::test]
async fn safe_requests_need_a_trusted_origin_only_to_upgrade() {
    let (_server, settings) = settings().await;
    let layer = layer(settings);
    for (fields, is_allowed) in rows() {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let row = format!("{method} {fields}");
            let safe = with_cookie(request(method, fields));
            assert_outcome(&ask(layer.clone(), safe).await, true, &row);
            for protocol in ["websocket", "h2c", ""] {
                let upgrade = with_cookie(with(request(method, fields), UPGRADE, protocol));
                let answer = ask(layer.clone(), upgrade).await;
                assert_outcome(&answer, is_allowed, &format!("{row} to {protocol:?}"));
            }
        }
    }
}

#[tokio::test]
async fn the_authority_of_the_uri_is_the_own_host() {
    let (_server, settings) = settings().await;
    let layer = layer(settings);
    for (uri, host, is_allowed) in [
        ("/", "api.example.com", true),
        ("https://api.example.com/", "evil.example", true),
        ("https://evil.example/", "api.example.com", false),
        ("https://api.example.com:443/", "api.example.com", false),
    ] {
        let fields = format!("origin: https://api.example.com; host: {host}");
        let mut request = with_cookie(request("POST", &fields));
        *request.uri_mut() = uri.parse().unwrap();
        let answer = ask(layer.clone(), request).await;
        assert_outcome(&answer, is_allowed, &format!("{uri} {host}"));
    }
}

#[tokio::test]
async fn the_rule_precedes_the_lookup_and_kept_answers() {
    let (server, settings) = settings().await;
    let layer = layer(settings);
    let cross = || with_cookie(cross_site());
    assert_outcome(&ask(layer.clone(), cross()).await, false, "unknown");
    assert_eq!(server.lookups(), 0);
    let safe = with_cookie(request("GET", ""));
    assert_outcome(&ask(layer.clone(), safe).await, true, "kept");
    assert_outcome(&ask(layer, cross()).await, false, "kept");
    assert_eq!(server.lookups(), 1);
}

#[tokio::test]
async fn anonymous_requests_do_not_weaken_the_rule() {
    let (server, settings) = settings().await;
    let settings = settings.secret(SECRET);
    let layer = JwtAuthLayer::builder().sessions(settings).allow_anonymous();
    let layer = layer.build().unwrap();
    let answer = ask(layer.clone(), with_cookie(cross_site())).await;
    assert_outcome(&answer, false, "live");
    let forged = format!("better-auth.session_token={}", signed(&token(1), "another"));
    for dead in [&*forged, "better-auth.session_token=garbage"] {
        let request = with(cross_site(), COOKIE, dead);
        assert_outcome(&ask(layer.clone(), request).await, false, dead);
    }
    for other in ["", "better-auth.session_token=", "theme=dark"] {
        let answer = ask(layer.clone(), with(cross_site(), COOKIE, other)).await;
        answer.assert_reached("nobody", other);
    }
    assert_eq!(server.lookups(), 0);
}

#[tokio::test]
async fn grpc_calls_get_permission_denied() {
    let (_server, settings) = settings().await;
    let layer = layer(settings);
    let content_type = "application/grpc-web+proto";
    let request = with(with_cookie(cross_site()), CONTENT_TYPE, content_type);
    let answer = ask(layer, request).await;
    answer.assert_grpc("7", "Cross-site request", content_type, "gRPC-Web");
}

/// Accepts any `x-api-key`.
struct ApiKey;

impl Authenticator for ApiKey {
    fn authenticate(&self, request: &Parts) -> Authentication {
        match request.headers.get("x-api-key") {
            Some(_) => Authentication::User(CurrentUser::new("key", "key@example.com")),
            None => Authentication::NotMine,
        }
    }
}

#[tokio::test]
async fn no_other_credential_is_subject_to_the_rule() {
    let (_server, settings) = settings().await;
    let sessions = |builder: JwtAuthBuilder| builder.sessions(settings.clone()).build().unwrap();
    let jwt_layer = sessions(builder());
    let sources = [TokenSource::header(), TokenSource::cookie("jwt")];
    let cookie_layer = sessions(builder().token_sources(sources));
    let key_layer = sessions(JwtAuthLayer::builder().authenticate_with(ApiKey));
    let bearer = format!("Bearer {}", signed(&token(2), SECRET));
    let jwt = jwt(&claims());
    let jwt_cookie = format!("jwt={jwt}; {}", cookie(1));
    let key = HeaderName::from_static("x-api-key");
    for (layer, name, value, user) in [
        (&jwt_layer, AUTHORIZATION, &*bearer, "user-2"),
        (&jwt_layer, AUTHORIZATION, &format!("Bearer {jwt}"), "alice"),
        (&cookie_layer, COOKIE, &jwt_cookie, "alice"),
        (&key_layer, key, "0123", "key"),
    ] {
        // With the session cookie beside it, and alone.
        let beside = with(with_cookie(cross_site()), name.clone(), value);
        ask(layer.clone(), beside).await.assert_reached(user, &name);
        let alone = with(cross_site(), name.clone(), value);
        ask(layer.clone(), alone).await.assert_reached(user, name);
    }
    let answer = ask(key_layer.clone(), with_cookie(cross_site())).await;
    assert_outcome(&answer, false, "the cookie");
    let answer = ask(key_layer, cross_site()).await;
    answer.assert_not_authenticated("no credential");
}

fn problems(settings: BetterAuthSessions) -> Vec<String> {
    let error = JwtAuthLayer::builder().sessions(settings).build();
    error.unwrap_err().problems().map(str::to_owned).collect()
}

#[test]
fn text_that_is_no_origin_cannot_be_trusted() {
    for (origin, problem) in [
        ("*", "contains `*`"),
        ("https://*.example.com", "contains `*`"),
        ("null", "is `null`"),
        ("", "is not an origin"),
        ("admin.example.com", "is not an origin"),
        ("https://", "is not an origin"),
        ("https://admin.example.com/", "ends in a slash"),
        ("https://admin.example.com/app", "has a path"),
        ("https://admin.example.com?a=b", "has a path or a query"),
        ("https://Admin.example.com", "has upper-case letters"),
        ("https://admin.example.com:443", "has the default port"),
        ("https://user@admin.example.com", "has a user name"),
        ("file:///index.html", "is neither https nor http"),
        (" https://admin.example.com", "starts with white space"),
    ] {
        let settings = BetterAuthSessions::remote(OWN).trusted_origins([TRUSTED, origin]);
        let problems = problems(settings);
        assert_eq!(problems.len(), 1, "{origin}: {problems:?}");
        let is_explained = problems[0].contains(problem);
        assert!(is_explained, "{origin}: {problems:?}");
    }
    let settings = BetterAuthSessions::remote(OWN).trusted_origins(["*", TRUSTED, "null"]);
    assert_eq!(problems(settings).len(), 2);
}
