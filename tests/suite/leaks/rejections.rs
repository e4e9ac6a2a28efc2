//! Every rejection: its response and its events.

use std::{collections::BTreeSet, convert::Infallible, fmt::Write};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Response, Version, header::AUTHORIZATION};
use http_body::Body;
use http_body_util::{BodyExt, Full};
use serde_json::json;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_jwt_auth::{
    CurrentUser, JwtAuthLayer, PathOwnerLayer, Rejection, RejectionDetails, RequireFreshLayer,
    RequireScopeLayer,
};

use super::{
    marks::*,
    sources::{self, Source},
    tokens::Rules,
};
use crate::{
    events::{Captured, told},
    support::*,
};

/// Counts the requests and collects the reasons that the tests have covered.
#[derive(Default)]
pub(super) struct Coverage {
    requests: usize,
    reasons: BTreeSet<&'static str>,
}

#[tokio::test]
async fn no_rejection_reveals_a_token_a_secret_or_a_claim() {
    let mut coverage = Coverage::default();
    for source in sources::secrets() {
        coverage.source(&source).await;
    }
    #[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
    for source in sources::public::configured() {
        coverage.source(&source).await;
    }
    for (reason, layer) in sources::without_keys() {
        coverage.without_keys(&layer, reason).await;
    }
    #[cfg(all(feature = "jwks", any(feature = "aws-lc-rs", feature = "rust-crypto")))]
    {
        let events = Captured::start();
        coverage.source(&sources::public::fetched().await).await;
        for (layer, _server) in sources::public::unavailable().await {
            coverage.without_keys(&layer, "keys_unavailable").await;
        }
        assert_eq!(
            events.at("WARN").is_empty(),
            told() == 0,
            "warnings of the fetches"
        );
        Marks::new().assert_absent(events.text(), "the events of the fetches");
    }
    coverage.requests_without_a_token().await;
    coverage.paths().await;
    #[cfg(feature = "axum")]
    coverage.claims().await;
    #[cfg(feature = "authenticator")]
    coverage.authenticators().await;
    #[cfg(feature = "sessions")]
    coverage.sessions().await;
    #[cfg(all(
        feature = "sessions",
        feature = "sessions-cookie-cache",
        any(feature = "aws-lc-rs", feature = "rust-crypto")
    ))]
    coverage.session_data().await;
    #[cfg(feature = "introspection")]
    coverage.introspection().await;

    let mut all = reasons();
    // They are reasons of RequireMcpScopeLayer, which has tests of its own.
    for reason in [
        "body_too_large",
        "mcp_request",
        "mcp_unlisted",
        "mcp_session",
    ] {
        all.remove(reason);
    }
    if cfg!(not(any(feature = "aws-lc-rs", feature = "rust-crypto"))) {
        // Without a backend, no key set is configured.
        all.remove("unknown_key");
    }
    if cfg!(not(feature = "axum")) {
        // Without axum, no route has parameters, and there are no extractors.
        all.remove("no_parameter");
        all.remove("missing_claim");
    }
    if cfg!(not(feature = "authenticator")) {
        for reason in [
            "invalid_credential",
            "session_signature",
            "session",
            "banned",
            "cross_site",
            "sessions_unavailable",
            "inactive",
            "introspection_unavailable",
        ] {
            all.remove(reason);
        }
    }
    assert_eq!(coverage.reasons, all);
    println!("{} rejections, {} reasons", coverage.requests, all.len());
}

/// If user IDs are logged, the ID and the issuer are in one field each, and nothing else is revealed.
#[tokio::test]
async fn a_logged_id_and_its_issuer_are_the_only_claims_in_the_events() {
    let source = &sources::secrets()[0];
    let issuer = format!("https://{CLAIM}.example");
    let token = source.signer().with_claims(json!({ "iss": issuer }));
    let bearer = bearer(&token);
    let rows = [false, true].map(|is_set| (is_set, shapes(&AUTHORIZATION, &bearer)));
    for (is_set, mut request) in rows
        .into_iter()
        .flat_map(|(is_set, shapes)| shapes.into_iter().map(move |shape| (is_set, shape)))
    {
        *request.uri_mut() = format!("/api/{BOB}/tasks").parse().unwrap();
        let auth = keyless().secret(MARKED).issuer(&issuer);
        let auth = if is_set { auth.log_user_ids() } else { auth };
        let owner = PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let service = tower::layer::util::Stack::new(owner, auth.build().unwrap());
        let events = Captured::start();
        let answer = ask(service, request).await;
        let mut events = events.text();
        assert_eq!(answer.reason(), "not_owner");
        for field in [
            format!(" user_id=\"{SUB}\""),
            format!(" issuer=\"{issuer}\""),
        ] {
            let expected = if is_set { told() } else { 0 };
            assert_eq!(events.matches(&field).count(), expected, "{events}");
            events = events.replace(&field, "");
        }
        let marks = Marks::new().and_token(&token);
        marks.assert_absent(events, "the events");
        let response = format!("{:?} {:?}", answer.response, answer.body);
        marks.assert_absent(response, "the response");
    }
}

/// All reasons in the source code.
fn reasons() -> BTreeSet<&'static str> {
    let sources = [
        include_str!("../../../src/token/error.rs"),
        include_str!("../../../src/rejection/mod.rs"),
    ];
    let lines = sources.into_iter().flat_map(str::lines);
    let reasons = lines.filter_map(|line| line.split_once(" => \"")?.1.split('"').next());
    reasons.collect()
}

impl Coverage {
    /// Tries all invalid tokens of this source, and one valid token.
    pub(super) async fn source(&mut self, source: &Source) {
        let signer = source.signer();
        let valid = signer.valid();
        let marks = Marks::new().and_token(&valid);
        for request in shapes(&AUTHORIZATION, &bearer(&valid)) {
            let (received, reason) = send(source.layer(Rules::Plain), request).await;
            assert_eq!(reason, "accepted", "{}", source.name);
            marks.assert_absent(received, format!("{}: accepted", source.name));
        }
        for row in signer.invalid() {
            let name = format!("{}: {}", source.name, row.name);
            let layer = source.layer(row.rules);
            self.all_shapes(layer, &bearer(&row.token), row.reason, &name)
                .await;
        }
    }

    async fn without_keys(&mut self, layer: &JwtAuthLayer, reason: &'static str) {
        let source = &sources::secrets()[0];
        let alg = if reason == "not_configured" {
            "HS256"
        } else {
            "EdDSA"
        };
        let header = json!({ "alg": alg, "kid": KID }).to_string();
        let token = source.signer().valid();
        let (_, rest) = token.split_once('.').unwrap();
        let token = format!("{}.{rest}", encode(header));
        self.all_shapes(
            layer.clone(),
            &bearer(&token),
            reason,
            "no key to verify with",
        )
        .await;
    }

    async fn requests_without_a_token(&mut self) {
        let layer = || sources::secrets()[0].layer(Rules::Plain);
        for field in [
            String::new(),
            "Bearer".to_owned(),
            format!("Basic {}", encode(MARKED)),
            format!("Bearer{MARKED}"),
            format!("DPoP {GARBAGE}"),
        ] {
            self.all_shapes(layer(), &[field], "missing_token", "no token")
                .await;
        }
        let valid = sources::secrets()[0].signer().valid();
        for field in [valid.clone(), format!("Token {valid}")] {
            self.all_shapes(layer(), &[field], "missing_token", "no scheme")
                .await;
        }
        let two = [format!("Bearer {valid}"), format!("Basic {MARKED}")];
        self.all_shapes(layer(), &two, "several_tokens", "two tokens")
            .await;
    }

    /// Tries paths of other users, and paths without an owner.
    async fn paths(&mut self) {
        let owner = || PathOwnerLayer::new("/api/{user_id}/{*rest}").unwrap();
        let source = &sources::secrets()[0];
        let bearer = bearer(&source.signer().valid());
        let auth = || source.layer(Rules::Plain);
        // The second reason applies to `path_param` outside a router.
        for (path, reason, by_parameter) in [
            (
                format!("/api/{BOB}/tasks?{CLAIM}"),
                "not_owner",
                "no_parameter",
            ),
            (format!("/elsewhere/{BOB}"), "no_pattern", "no_parameter"),
            (
                format!("/api/{BOB}/../{SUB}/tasks"),
                "not_owner",
                "not_owner",
            ),
            (format!("/api/%FF{BOB}/tasks"), "not_owner", "no_parameter"),
        ] {
            #[cfg(not(feature = "axum"))]
            let _ = by_parameter;
            for mut request in shapes(&AUTHORIZATION, &bearer) {
                *request.uri_mut() = path.parse().unwrap();
                self.one((auth(), owner()), copy(&request), reason, &path)
                    .await;
                #[cfg(feature = "axum")]
                {
                    let owner = PathOwnerLayer::path_param("user_id");
                    self.one((auth(), owner), copy(&request), by_parameter, &path)
                        .await;
                }
                self.one((owner(), auth()), request, "no_user", &path).await;
            }
        }
        for request in shapes(&AUTHORIZATION, &bearer) {
            let hidden = (auth(), owner().not_found());
            self.one(hidden, copy(&request), "not_owner", "hidden")
                .await;
            let scope = || RequireScopeLayer::new("b").unwrap();
            let missing = (auth(), scope());
            self.one(missing, copy(&request), "insufficient_scope", "a scope")
                .await;
            self.one((scope(), auth()), copy(&request), "no_user", "a scope")
                .await;
            let fresh = || RequireFreshLayer::any_acr(["b"]).unwrap();
            let weaker = (auth(), fresh());
            let reason = "insufficient_user_authentication";
            self.one(weaker, copy(&request), reason, "a class").await;
            self.one((fresh(), auth()), copy(&request), "no_user", "a class")
                .await;
            let other = (auth(), owner().issuer("https://partner.example.com"));
            self.one(other, request, "other_issuer", "another issuer")
                .await;
        }
    }

    /// Tries an extractor for claims that the token does not have.
    #[cfg(feature = "axum")]
    async fn claims(&mut self) {
        use axum::{extract::FromRequestParts, response::IntoResponse};
        use tower_jwt_auth::Claims;

        let source = &sources::secrets()[0];
        for request in shapes(&AUTHORIZATION, &bearer(&source.signer().valid())) {
            let extract = tower::layer::layer_fn(|_: Inner| {
                Inner::new(service_fn(async |request: Request<()>| {
                    let (mut parts, ()) = request.into_parts();
                    let claims = Claims::<u8>::from_request_parts(&mut parts, &()).await;
                    let (parts, body) = claims.unwrap_err().into_response().into_parts();
                    let body = body.collect().await.unwrap().to_bytes();
                    Ok(Response::from_parts(parts, Full::from(body)))
                }))
            });
            let layer = (source.layer(Rules::Plain), extract);
            self.one(layer, request, "missing_claim", "an extractor")
                .await;
        }
    }

    pub(super) async fn all_shapes(
        &mut self,
        layer: JwtAuthLayer,
        fields: &[String],
        reason: &'static str,
        row: &str,
    ) {
        for request in shapes(&AUTHORIZATION, fields) {
            self.one(layer.clone(), request, reason, row).await;
        }
    }

    pub(super) async fn one<L, B>(
        &mut self,
        layer: L,
        request: Request<()>,
        reason: &'static str,
        row: &str,
    ) where
        L: Layer<Inner>,
        L::Service: Service<Request<()>, Response = Response<B>, Error = Infallible>,
        B: Body<Data = Bytes, Error = Infallible>,
    {
        let marks = Marks::new().and_request(&request);
        let events = Captured::start();
        let (received, found) = send(layer, request).await;
        let events = events.text();
        assert_eq!(found, reason, "{row}");
        // Otherwise the search would be empty.
        assert_eq!(
            events.contains(&format!("reason=\"{reason}\"")),
            told() == 1,
            "{row}: {events}"
        );
        marks.assert_absent(received, format!("{row}: the response"));
        let events = without_header_fields(&events);
        marks.assert_absent(events, format!("{row}: the events"));
        self.requests += 1;
        self.reasons.insert(reason);
    }
}

/// Removes the algorithm and the key ID of a rejected token. They are logged on purpose, escaped
/// and truncated, each in a separate field.
pub(super) fn without_header_fields(events: &str) -> String {
    let events = without_field(events, " key_id=\"", '"', 64);
    without_field(&events, " algorithm=", ' ', 16)
}

fn without_field(events: &str, start: &str, end: char, max_chars: usize) -> String {
    let mut parts = events.split(start);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        // The last field of a line has no space after it.
        let length = part.find([end, '\n']).unwrap();
        let (value, rest) = part.split_at(length);
        assert!(value.len() <= max_chars * "\\u{10ffff}".len(), "{value}");
        text += rest;
    }
    text
}

fn bearer(token: &str) -> [String; 1] {
    [format!("Bearer {token}")]
}

/// Requests with these values of a header: HTTP, gRPC and gRPC-Web.
pub(super) fn shapes(name: &HeaderName, fields: &[String]) -> Vec<Request<()>> {
    let shape = |method: Method, version, content_type: &'static str| {
        let mut request = get("/api/tasks");
        *request.method_mut() = method;
        *request.version_mut() = version;
        let headers = request.headers_mut();
        headers.insert("content-type", HeaderValue::from_static(content_type));
        for field in fields {
            headers.append(name, HeaderValue::try_from(field).unwrap());
        }
        request
    };
    vec![
        shape(Method::GET, Version::HTTP_11, "application/json"),
        shape(Method::POST, Version::HTTP_2, "application/grpc+proto"),
        shape(Method::POST, Version::HTTP_11, "application/grpc-web"),
    ]
}

fn copy(request: &Request<()>) -> Request<()> {
    let mut copy = get("/");
    *copy.uri_mut() = request.uri().clone();
    *copy.method_mut() = request.method().clone();
    *copy.version_mut() = request.version();
    *copy.headers_mut() = request.headers().clone();
    copy
}

/// Sends a request and returns the complete response and its reason. The handler responds with the
/// `Debug` output of the request.
pub(super) async fn send<L, B>(layer: L, request: Request<()>) -> (Vec<u8>, &'static str)
where
    L: Layer<Inner>,
    L::Service: Service<Request<()>, Response = Response<B>, Error = Infallible>,
    B: Body<Data = Bytes, Error = Infallible>,
{
    let handler = Inner::new(service_fn(async |request: Request<()>| {
        let user = request.extensions().get::<CurrentUser>();
        let printed = format!("{request:?} {:?} {user:?}", request.headers());
        Ok(Response::new(Full::from(printed)))
    }));
    let response = layer.layer(handler).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let mut received = format!("{:?} {}\n", parts.version, parts.status);
    let mut reason = "accepted";
    if let Some(rejection) = parts.extensions.get::<Rejection>() {
        reason = rejection.reason();
        let details = parts.extensions.get::<RejectionDetails>();
        let user_id = details.and_then(RejectionDetails::user_id);
        assert_eq!(user_id, None, "user IDs are not logged by default");
        write!(received, "{} {reason} {parts:?}", full_text(rejection)).unwrap();
    }
    let mut received = received.into_bytes();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    for (name, value) in parts.headers.iter().chain(&trailers) {
        received.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\n"].concat());
    }
    received.extend(body.to_bytes());
    (received, reason)
}
