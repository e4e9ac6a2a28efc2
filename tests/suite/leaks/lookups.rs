//! The rejections of sessions, of opaque access tokens, and of the application's authenticators.

use http::{HeaderName, request::Parts};
use tower_jwt_auth::{Authentication, CurrentUser, Rejection};

use super::{
    marks::*,
    rejections::{Coverage, shapes},
};
use crate::support::{authenticator::by_fn, *};

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Coverage {
    pub(super) async fn authenticators(&mut self) {
        for rejection in [
            Rejection::InvalidCredential,
            Rejection::SessionSignature,
            Rejection::InvalidSession,
            Rejection::Banned,
            Rejection::CrossSite,
            Rejection::SessionsUnavailable,
            Rejection::Inactive,
            Rejection::IntrospectionUnavailable,
        ] {
            for waits in [false, true] {
                let rejects = by_fn(move |request: &Parts| {
                    let key = request.headers[API_KEY].clone();
                    let result = Authentication::rejected_because(rejection, "key_revoked");
                    if !waits {
                        return result;
                    }
                    Authentication::lookup(async move {
                        tokio::task::yield_now().await;
                        drop(key);
                        result
                    })
                });
                let layer = keyless().authenticate_with(rejects).build().unwrap();
                for request in shapes(&API_KEY, &[MARKED.to_owned()]) {
                    self.one(layer.clone(), request, rejection.reason(), "an API key")
                        .await;
                }
            }
        }
        // The user of an authenticator must satisfy the rules of the layer.
        for (user, reason) in [
            (CurrentUser::new("", EMAIL), "subject"),
            (CurrentUser::new(SUB, ""), "user"),
            (CurrentUser::new(SUB, EMAIL), "check"),
        ] {
            let accepts = by_fn(move |_: &Parts| Authentication::User(user.clone()));
            let layer = keyless().authenticate_with(accepts).check(|_| false);
            self.all_shapes(layer.build().unwrap(), &[], reason, "a rule")
                .await;
        }
    }
}

#[cfg(feature = "sessions")]
mod sessions {
    use http::{
        HeaderValue, Request,
        header::{AUTHORIZATION, COOKIE, ORIGIN, UPGRADE},
    };
    use serde_json::{Value, json};
    use tower_jwt_auth::JwtAuthLayer;

    use super::*;
    use crate::{
        leaks::rejections::send,
        sessions::server::{Answer, SessionServer, encoded, signed},
    };

    /// A record of Better Auth in which each column is marked.
    fn record(session: Value, user: Value) -> String {
        let mut record = json!({
            "session": {
                "id": CLAIM, "userId": SUB, "token": SESSION_TOKEN, "ipAddress": GARBAGE,
                "expiresAt": "2999-12-02T21:11:15.332Z", "activeOrganizationId": CLAIM,
            },
            "user": { "id": SUB, "name": NAME, "email": EMAIL, "role": CLAIM, "own": [CLAIM] },
        });
        for (part, columns) in [("session", session), ("user", user)] {
            for (name, value) in columns.as_object().unwrap() {
                record[part][name] = value.clone();
            }
        }
        record.to_string()
    }

    /// The server's answers, each with the reason for which the request is rejected.
    fn answers() -> Vec<(&'static str, &'static str, Answer)> {
        let ok = |body: String| Answer::new("200 OK", body);
        let none = json!({});
        let unavailable = "sessions_unavailable";
        let broken = record(none.clone(), none.clone()).replacen('{', "", 1);
        let mut redirect = Answer::new("302 Found", MARKED);
        redirect.fields = format!("location: http://a:{MARKED}@localhost/?b={SESSION_TOKEN}\r\n");
        vec![
            ("no session", "session", ok("null".to_owned())),
            ("401", "session", Answer::new("401 Unauthorized", MARKED)),
            (
                "banned",
                "banned",
                ok(record(
                    none.clone(),
                    json!({ "banned": true, "banReason": CLAIM }),
                )),
            ),
            (
                "expired",
                "session",
                ok(record(
                    json!({ "expiresAt": "2001-12-02T21:11:15.332Z" }),
                    none.clone(),
                )),
            ),
            (
                "no email",
                "user",
                ok(record(none.clone(), json!({ "email": null }))),
            ),
            (
                "another session",
                unavailable,
                ok(record(json!({ "token": GARBAGE }), none.clone())),
            ),
            (
                "another user",
                unavailable,
                ok(record(none.clone(), json!({ "id": BOB }))),
            ),
            (
                "no time",
                unavailable,
                ok(record(json!({ "expiresAt": CLAIM }), none.clone())),
            ),
            ("broken JSON", unavailable, ok(broken)),
            (
                "HTML",
                unavailable,
                ok(format!("<p>{MARKED} {SESSION_TOKEN}</p>")),
            ),
            (
                "too large",
                unavailable,
                ok(record(none.clone(), json!({ "bio": MARKED.repeat(9_000) }))),
            ),
            ("403", unavailable, Answer::new("403 Forbidden", MARKED)),
            ("404", unavailable, Answer::new("404 Not Found", MARKED)),
            (
                "429",
                unavailable,
                Answer::new("429 Too Many Requests", SESSION_TOKEN),
            ),
            ("500", unavailable, Answer::new("500 Oops", SESSION_TOKEN)),
            ("502", unavailable, Answer::new("502 Bad Gateway", MARKED)),
            ("a redirect", unavailable, redirect),
        ]
    }

    /// Requests with the session in a cookie, signed with this secret.
    fn by_cookie(secret: &str) -> Vec<Request<()>> {
        let session = encoded(&signed(SESSION_TOKEN, secret));
        let cookie = format!("a=b; __Secure-better-auth.session_token={session}");
        shapes(&COOKIE, &[cookie])
    }

    /// Requests with the session as a bearer token, signed with this secret.
    fn by_bearer(secret: &str) -> Vec<Request<()>> {
        let session = signed(SESSION_TOKEN, secret);
        let tokens = [encoded(&session), session].into_iter();
        tokens.flat_map(|token| bearer(&token)).collect()
    }

    fn bearer(token: &str) -> Vec<Request<()>> {
        shapes(&AUTHORIZATION, &[format!("Bearer {token}")])
    }

    fn requests() -> Vec<Request<()>> {
        [by_cookie(MARKED), by_bearer(MARKED), bearer(SESSION_TOKEN)].concat()
    }

    impl Coverage {
        pub(in super::super) async fn sessions(&mut self) {
            let server = SessionServer::start().await;
            let layer = || {
                let sessions = server.sessions().secret(MARKED).raw_tokens();
                let builder = JwtAuthLayer::builder().secret(OLD_MARKED);
                builder.sessions(sessions).build().unwrap()
            };
            let marks = Marks::new();
            let marks = requests().iter().fold(marks, Marks::and_request);
            server.set(|_| Answer::new("200 OK", record(json!({}), json!({}))));
            for request in requests() {
                let (received, reason) = send(layer(), request).await;
                assert_eq!(reason, "accepted");
                marks.assert_absent(received, "an accepted session");
            }
            for (row, reason, answer) in answers() {
                server.set(move |_| answer.clone());
                for request in requests() {
                    // A new layer asks again: it has no kept answer and no open breaker.
                    self.one(layer(), request, reason, row).await;
                }
            }
            for request in [by_cookie(OLD_MARKED), by_bearer(OLD_MARKED)].concat() {
                self.one(layer(), request, "session_signature", "another secret")
                    .await;
            }
            for mut request in by_cookie(MARKED) {
                let origin = HeaderValue::try_from(format!("https://{BOB}.example")).unwrap();
                request.headers_mut().insert(ORIGIN, origin);
                let upgrade = HeaderValue::from_static("websocket");
                request.headers_mut().insert(UPGRADE, upgrade);
                self.one(layer(), request, "cross_site", "another origin")
                    .await;
            }
            let session = encoded(&signed(SESSION_TOKEN, MARKED));
            let two =
                format!("better-auth.session_token={session}; better-auth.session_token={GARBAGE}");
            for request in shapes(&COOKIE, &[two]) {
                self.one(layer(), request, "several_tokens", "two cookies")
                    .await;
            }
        }
    }
}

#[cfg(feature = "introspection")]
mod introspection {
    use http::header::AUTHORIZATION;
    use serde_json::json;
    use tower_jwt_auth::JwtAuthLayer;

    use super::*;
    use crate::{
        introspection::server::{Answer, Server, builder, claims_with},
        leaks::rejections::send,
    };

    /// A response about the token, in which each claim is marked.
    fn response(changed: serde_json::Value) -> String {
        let mut claims = claims_with(json!({
            "sub": SUB, "email": EMAIL, "name": NAME, "username": NAME, "scope": CLAIM,
        }));
        for (name, value) in changed.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims.to_string()
    }

    /// The server's answers, each with the reason for which the request is rejected.
    fn answers() -> Vec<(&'static str, Answer)> {
        let unavailable = "introspection_unavailable";
        let ok = |changed| Answer::new(200, response(changed));
        vec![
            ("inactive", ok(json!({ "active": false }))),
            ("expired", ok(json!({ "exp": 1_000_000_000 }))),
            ("claims", ok(json!({ "exp": CLAIM }))),
            ("issuer", ok(json!({ "iss": CLAIM }))),
            ("audience", ok(json!({ "aud": [CLAIM] }))),
            ("user", ok(json!({ "email": "" }))),
            ("bound_token", ok(json!({ "cnf": { "jkt": CLAIM } }))),
            (unavailable, ok(json!({ "active": CLAIM }))),
            (unavailable, ok(json!({ "bio": CLAIM.repeat(9_000) }))),
            (unavailable, Answer::new(200, format!("<p>{MARKED}"))),
            (unavailable, Answer::new(302, MARKED)),
            (unavailable, Answer::new(400, MARKED)),
            (unavailable, Answer::new(401, MARKED)),
            (unavailable, Answer::new(404, MARKED)),
            (unavailable, Answer::new(429, MARKED)),
            (unavailable, Answer::new(502, MARKED)),
        ]
    }

    impl Coverage {
        pub(in super::super) async fn introspection(&mut self) {
            let server = Server::start().await;
            let layer = || -> JwtAuthLayer {
                let introspection = server.introspection().client("tasks", OLD_MARKED);
                builder(introspection).build().unwrap()
            };
            let requests = || shapes(&AUTHORIZATION, &[format!("Bearer {MARKED}")]);
            server.set(|_| Answer::new(200, response(json!({}))));
            for request in requests() {
                let (received, reason) = send(layer(), request).await;
                assert_eq!(reason, "accepted");
                Marks::new().assert_absent(received, "an accepted token");
            }
            for (reason, answer) in answers() {
                server.set(move |_| answer.clone());
                for request in requests() {
                    // A new layer asks again: it has no kept answer and no open breaker.
                    self.one(layer(), request, reason, reason).await;
                }
            }
        }
    }
}
