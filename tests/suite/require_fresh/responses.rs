//! The response to a user who must sign in again, and to requests without such a user.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{HeaderValue, Method, Request, Response, Version};
use serde_json::json;
use tower::layer::util::Stack;
use tower_jwt_auth::{
    JwtAuthBuilder, JwtAuthLayer, ProtectedResource, Rejection, RejectionDetails, RequireFreshLayer,
};

use super::{DETAIL, REASON, class, five_minutes, inside, with_claims};
use crate::{events::Captured, support::*};

const PARTNER: &str = "https://partner.example.com";
const ERROR: &str = r#"error="insufficient_user_authentication", error_description="A more recent or a stronger sign-in is required""#;

fn both() -> RequireFreshLayer {
    five_minutes().acr(["urn:mfa", "urn:hardware"]).unwrap()
}

#[tokio::test]
async fn the_challenge_has_the_parameters_of_a_new_sign_in() {
    let realm = || builder().realm("api");
    let metadata = || realm().resource_metadata("https://api.example.com/m");
    for (builder, layer, start, end) in [
        (builder(), five_minutes(), "", r#", max_age="300""#),
        (builder(), class("urn:mfa"), "", r#", acr_values="urn:mfa""#),
        (
            builder(),
            both(),
            "",
            r#", max_age="300", acr_values="urn:mfa urn:hardware""#,
        ),
        (
            realm(),
            five_minutes(),
            r#"realm="api", "#,
            r#", max_age="300""#,
        ),
        (
            metadata(),
            both(),
            r#"realm="api", "#,
            r#", max_age="300", acr_values="urn:mfa urn:hardware", resource_metadata="https://api.example.com/m""#,
        ),
    ] {
        let answer = ask(
            Stack::new(layer, builder.build().unwrap()),
            with_claims(json!({})),
        )
        .await;
        answer.assert_http(401, REASON, DETAIL, &end);
        let challenge = format!("Bearer {start}{ERROR}{end}");
        assert_eq!(answer.challenge(), Some(&*challenge));
    }
}

/// The user has a valid token, so the challenge contains no scopes to request.
#[tokio::test]
async fn the_challenge_of_a_resource_names_its_metadata() {
    let issuer = "https://app.example.com/api/auth";
    let identifier = "https://api.example.com/tasks";
    let resource = ProtectedResource::new(identifier, issuer).unwrap();
    let resource = resource.scopes(["tasks:read"]).unwrap();
    let auth = builder().issuer(issuer).protected_resource(&resource);
    let claims = claims_with(json!({
        "iss": issuer, "aud": identifier, "iat": NOW, "jti": "t1", "client_id": "c1",
    }));
    let token = sign(
        r#"{"alg":"HS256","typ":"at+jwt"}"#,
        claims.to_string(),
        SECRET,
    );
    let auth = auth.build().unwrap();
    let answer = ask(Stack::new(five_minutes(), auth), with_bearer(&token)).await;
    answer.assert_http(401, REASON, DETAIL, &"a resource");
    let challenge = format!(
        r#"Bearer {ERROR}, max_age="300", resource_metadata="https://api.example.com/.well-known/oauth-protected-resource/tasks""#
    );
    assert_eq!(answer.challenge(), Some(&*challenge));
}

#[tokio::test]
async fn the_details_contain_the_requirements() {
    let max_age = Some(Duration::from_secs(300));
    for (layer, max_age, acr_values) in [
        (five_minutes(), max_age, None),
        (class("urn:mfa"), None, Some("urn:mfa")),
        (both(), max_age, Some("urn:mfa urn:hardware")),
    ] {
        let seen = Arc::new(Mutex::new(None));
        let details = Arc::clone(&seen);
        let auth = builder().answer_with(move |rejection: &Rejection, given| {
            *details.lock().unwrap() = given.cloned();
            Response::new(rejection.reason().to_owned())
        });
        let auth = auth.build().unwrap();
        let answer = ask(Stack::new(layer, auth), with_claims(json!({}))).await;
        assert_eq!(
            (answer.status().as_u16(), &*answer.body),
            (401, REASON.as_bytes())
        );
        let in_response = answer.response.extensions().get::<RejectionDetails>();
        let details = seen.lock().unwrap().take().unwrap();
        assert_eq!(in_response, Some(&details));
        assert_eq!(
            (details.max_age(), details.acr_values()),
            (max_age, acr_values)
        );
        assert_eq!((details.scope(), details.roles()), (None, None));
    }
}

#[tokio::test]
async fn a_grpc_request_gets_unauthenticated() {
    let grpc = || {
        let mut request = with_claims(json!({}));
        *request.method_mut() = Method::POST;
        *request.version_mut() = Version::HTTP_2;
        let content_type = HeaderValue::from_static("application/grpc");
        request.headers_mut().insert("content-type", content_type);
        request
    };
    let answer = ask(inside(five_minutes()), grpc()).await;
    answer.assert_grpc("16", DETAIL, "application/grpc", "gRPC");
    assert_eq!(answer.reason(), REASON);

    let http = five_minutes().http_answers_only();
    let answer = ask(inside(http), grpc()).await;
    answer.assert_http(401, REASON, DETAIL, &"set on the layer");
    let outer = builder().http_answers_only().build().unwrap();
    let answer = ask(Stack::new(five_minutes(), outer), grpc()).await;
    answer.assert_http(401, REASON, DETAIL, &"set on the outer layer");
}

#[tokio::test]
async fn a_rejection_is_observed_and_logged_with_its_reason() {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let observed = Arc::clone(&outcomes);
    let auth = builder().observe(move |outcome| observed.lock().unwrap().push(outcome.label()));
    let auth = auth.build().unwrap();
    let events = Captured::start();
    ask(
        Stack::new(both(), auth),
        with_claims(json!({ "acr": "personal" })),
    )
    .await;
    assert_eq!(*outcomes.lock().unwrap(), ["accepted", REASON]);
    let logged = events.at("DEBUG");
    if cfg!(feature = "tracing") {
        assert_eq!(logged.len(), 1, "{logged:?}");
        assert!(
            logged[0].contains(&format!("reason=\"{REASON}\"")),
            "{logged:?}"
        );
        assert!(
            logged[0].contains(".time_claim(…) or .acr_claim(…)"),
            "{logged:?}"
        );
    }
    assert!(!events.text().contains("personal"), "{}", events.text());
}

/// If the issuer does not write the claim, signing in again does not help.
#[tokio::test]
async fn a_missing_claim_is_a_warning_once_and_names_the_claim() {
    let other = || five_minutes().time_claim("login").unwrap();
    let acr = || class("a").acr_claim("/x/acr").unwrap();
    for (layer, claims, warning) in [
        (five_minutes(), json!({}), "no claim auth_time"),
        (
            five_minutes(),
            json!({ "auth_time": "1" }),
            ".time_claim(…)",
        ),
        (other(), json!({ "auth_time": NOW }), "no claim login"),
        (acr(), json!({ "acr": "a" }), "no claim /x/acr"),
        (acr(), json!({ "x": { "acr": 7 } }), ".acr_claim(…)"),
        (both(), json!({ "auth_time": NOW }), "no claim acr"),
        (five_minutes(), json!({ "auth_time": NOW - 3600 }), ""),
        (class("a"), json!({ "acr": "b" }), ""),
    ] {
        let row = claims.to_string();
        let events = Captured::start();
        for _ in 0..2 {
            let answer = ask(inside(layer.clone()), with_claims(claims.clone())).await;
            assert_eq!(answer.reason(), REASON, "{row}");
        }
        let warnings = events.at("WARN");
        let is_warning = cfg!(feature = "tracing") && !warning.is_empty();
        assert_eq!(
            warnings.len(),
            usize::from(is_warning),
            "{row}: {warnings:?}"
        );
        assert!(
            warnings.iter().all(|text| text.contains(warning)),
            "{warnings:?}"
        );
    }
}

#[tokio::test]
async fn users_of_other_issuers_are_rejected_unless_named() {
    const OURS: &str = "https://app.example.com";
    let auth = || -> JwtAuthLayer {
        let partner: JwtAuthBuilder = keyless().secret("another secret of at least 32 bytes");
        let ours = builder().issuer(OURS).or(partner.issuer(PARTNER));
        ours.build().unwrap()
    };
    let from = |issuer: &str| {
        let claims = claims_with(json!({ "iss": issuer, "auth_time": NOW })).to_string();
        let secret = if issuer == OURS {
            SECRET
        } else {
            "another secret of at least 32 bytes"
        };
        with_bearer(&sign(r#"{"alg":"HS256"}"#, claims, secret))
    };
    let denied = "Access denied: Cannot access another user's data";
    let events = Captured::start();
    let answer = ask(Stack::new(five_minutes(), auth()), from(PARTNER)).await;
    answer.assert_http(403, "other_issuer", denied, &"not named");
    assert_eq!(answer.challenge(), None);
    let warnings = events.at("WARN");
    if cfg!(feature = "tracing") {
        assert!(warnings[0].contains(".issuers([…])"), "{warnings:?}");
    }
    for (names, issuer, reason) in [
        (vec![], OURS, "other_issuer"),
        (vec![OURS], OURS, "accepted"),
        (vec![OURS], PARTNER, "other_issuer"),
        (vec![PARTNER], PARTNER, "accepted"),
        (vec![PARTNER], OURS, "other_issuer"),
        (vec![OURS, PARTNER], PARTNER, "accepted"),
    ] {
        let row = format!("{names:?} {issuer}");
        let layer = five_minutes().issuers(names);
        let answer = ask(Stack::new(layer, auth()), from(issuer)).await;
        assert_eq!(answer.reason(), reason, "{row}");
    }
    let answer = ask(Stack::new(five_minutes(), auth()), from(OURS)).await;
    answer.assert_reached("alice", "the first issuer");
}

#[tokio::test]
async fn a_request_without_a_user_gets_401_or_500() {
    let answer = ask(five_minutes(), with_claims(json!({ "auth_time": NOW }))).await;
    answer.assert_server_fault("no_user", "no layer outside");
    let anonymous = builder().allow_anonymous().build().unwrap();
    let answer = ask(Stack::new(five_minutes(), anonymous), get("/")).await;
    answer.assert_not_authenticated("anonymous");
}

#[tokio::test]
async fn a_preflight_passes() {
    let preflight = Request::options("/")
        .header("origin", "https://app.example.com")
        .header("access-control-request-method", "POST");
    let auth = builder().allow_cors_preflight().build().unwrap();
    let answer = ask(Stack::new(both(), auth), preflight.body(()).unwrap()).await;
    answer.assert_reached("nobody", "a preflight");
}
