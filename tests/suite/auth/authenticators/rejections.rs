//! The responses and events of rejected credentials.

use http::Method;
use tower_jwt_auth::{Outcome, RejectionDetails, TokenError};

use super::*;
use crate::events::{Captured, told};

#[tokio::test]
async fn a_rejection_gets_its_usual_response() {
    for (rejection, status, challenge) in [
        (Rejection::InvalidCredential, 401, Some("invalid_token")),
        (TokenError::Expired.into(), 401, Some("expired")),
        (Rejection::MissingToken, 401, Some("Bearer")),
        (Rejection::SeveralTokens, 400, Some("invalid_request")),
        (
            Rejection::InsufficientScope,
            403,
            Some("insufficient_scope"),
        ),
        (Rejection::CrossSite, 403, None),
        (Rejection::NotConfigured, 500, None),
        (Rejection::SessionsUnavailable, 503, None),
    ] {
        for result in each_way(Rejected(rejection)) {
            let answer = ask(only(result), get("/")).await;
            assert_eq!(answer.status(), status, "{rejection:?}");
            assert_eq!(answer.reason(), rejection.reason());
            assert_eq!(answer.header("cache-control"), Some("no-store"));
            let retries = answer.header("retry-after").is_some();
            assert_eq!(retries, status == 503, "{rejection:?}");
            let found = answer.challenge();
            assert_eq!(found.is_some(), challenge.is_some(), "{rejection:?}");
            let text = found.unwrap_or_default();
            assert!(text.contains(challenge.unwrap_or_default()), "{text}");
        }
    }
}

#[tokio::test]
async fn a_grpc_request_gets_a_grpc_response() {
    for (rejection, code, message) in [
        (
            Rejection::InvalidCredential,
            "16",
            "Could not validate credentials",
        ),
        (
            Rejection::SessionsUnavailable,
            "14",
            "Authentication is temporarily unavailable",
        ),
        (Rejection::CrossSite, "7", "Cross-site request"),
    ] {
        for result in each_way(Rejected(rejection)) {
            let mut request = get("/pkg.Service/Method");
            *request.method_mut() = Method::POST;
            *request.version_mut() = Version::HTTP_2;
            let content_type = HeaderValue::from_static("application/grpc");
            request.headers_mut().insert("content-type", content_type);
            let answer = ask(only(result), request).await;
            answer.assert_grpc(code, message, "application/grpc", rejection);
        }
    }
}

#[tokio::test]
async fn an_own_reason_is_for_the_operator_only() {
    for waits in [false, true] {
        let outcomes = Arc::new(Mutex::new(Vec::new()));
        let observed = Arc::clone(&outcomes);
        let layer = keyless()
            .authenticate_with(by_fn(move |_: &Parts| {
                let rejection = Rejection::InvalidCredential;
                let revoked = Authentication::rejected_because(rejection, "key_revoked");
                if waits {
                    Authentication::lookup(async { revoked })
                } else {
                    revoked
                }
            }))
            .observe(move |outcome| observed.lock().unwrap().push(outcome));
        let events = Captured::start();
        let answer = ask(layer.clone().build().unwrap(), get("/")).await;
        answer.assert_invalid_token("invalid_credential", "the default response");
        assert_eq!(own_reason(&answer), Some("key_revoked"));
        let rejected = Outcome::Rejected(Rejection::InvalidCredential);
        assert_eq!(*outcomes.lock().unwrap(), [rejected]);
        let logged = events.at("DEBUG").join("\n");
        let fields = r#"reason="invalid_credential" own_reason="key_revoked""#;
        assert_eq!(logged.matches(fields).count(), told(), "{logged}");

        let custom = layer.answer_with(|rejection, details| {
            let reason = details.and_then(RejectionDetails::reason);
            http::Response::new(format!("{}: {reason:?}", rejection.reason()))
        });
        let answer = ask(custom.build().unwrap(), get("/")).await;
        assert_eq!(answer.body, r#"invalid_credential: Some("key_revoked")"#);
        assert_eq!(answer.status(), 401);
    }
}

fn own_reason(answer: &Answer) -> Option<&str> {
    let details = answer.response.extensions().get::<RejectionDetails>();
    details.and_then(RejectionDetails::reason)
}

#[tokio::test]
async fn without_an_own_reason_there_are_no_details() {
    let events = Captured::start();
    let answer = ask(only(INVALID), get("/")).await;
    let details = answer.response.extensions().get::<RejectionDetails>();
    assert_eq!(details, None);
    assert!(!events.text().contains("own_reason"), "{}", events.text());
}

#[cfg(feature = "tower-http")]
#[tokio::test]
async fn log_rejections_logs_an_own_reason() {
    use http_body_util::Empty;
    use tower_http::trace::TraceLayer;
    use tower_jwt_auth::LogRejections;

    let rejects = by_fn(|_: &Parts| {
        Authentication::rejected_because(Rejection::InvalidCredential, "key_revoked")
    });
    let layer = keyless().authenticate_with(rejects).build().unwrap();
    let events = Captured::start();
    let service = tower::ServiceBuilder::new()
        .layer(TraceLayer::new_for_http().on_response(LogRejections::new()))
        .layer(layer)
        .service_fn(async |_: Request<Empty<bytes::Bytes>>| {
            let response = http::Response::new(Empty::<bytes::Bytes>::new());
            Ok::<_, std::convert::Infallible>(response)
        });
    let request = Request::new(Empty::new());
    tower::ServiceExt::oneshot(service, request).await.unwrap();
    let logged = events.at("INFO").join("\n");
    let fields = r#"reason="invalid_credential" own_reason="key_revoked" status=401"#;
    assert!(logged.contains(fields), "{logged}");
}
