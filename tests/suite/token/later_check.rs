//! `TokenVerifier::explain`: the checks after the failed one, and the size of a difference in time.

use std::time::Duration;

use serde_json::{Value, json};
use tower_jwt_auth::{
    CheckOutcome::{AlsoFailed, Failed, NotReached, Passed},
    ExplainedCheck, JwtAuthBuilder, JwtAuthLayer, TokenCheck,
};

use super::explain::explain;
use crate::support::*;

const ISSUER: &str = "https://app.example.com";
const OTHER_SECRET: &str = "another secret, which has 32 bytes";

fn named() -> JwtAuthBuilder {
    builder().issuer(ISSUER)
}

#[track_caller]
fn check_of(layer: &JwtAuthLayer, token: &str, wanted: TokenCheck) -> ExplainedCheck {
    let explanation = explain(layer, token);
    let mut checks = explanation.checks();
    checks
        .find(|check| check.check() == wanted)
        .unwrap()
        .clone()
}

#[test]
fn differences_in_time_and_the_leeway_have_human_units() {
    let layer = |leeway| builder().leeway(leeway).build().unwrap();
    let times = |layer: &JwtAuthLayer, claims: Value| {
        check_of(layer, &token(&claims_with(claims)), TokenCheck::Times)
    };
    for (leeway, expected) in [
        (Duration::ZERO, "no leeway"),
        (Duration::from_secs(5), "leeway 5 s"),
        (Duration::from_secs(60), "leeway 60 s"),
        (Duration::from_millis(1500), "leeway 1.5 s"),
    ] {
        let check = times(&layer(leeway), json!({}));
        assert_eq!(check.configured(), Some(expected));
    }
    let layer = layer(Duration::ZERO);
    for (seconds, expected) in [
        (1, "1 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7_199, "119 min"),
        (7_200, "2 h"),
        (172_799, "47 h"),
        (172_800, "2 days"),
        (365 * 86_400, "365 days"),
    ] {
        for (claims, start) in [
            (
                json!({ "exp": NOW - seconds }),
                format!("the token expired {expected} ago; "),
            ),
            (
                json!({ "nbf": NOW + seconds }),
                format!("the token becomes valid in {expected}; "),
            ),
        ] {
            let check = times(&layer, claims);
            let text = check.difference().unwrap();
            assert!(text.starts_with(&start), "{text}");
        }
    }
}

#[test]
fn a_time_in_the_wrong_unit_is_described_as_such() {
    let layer = builder().build().unwrap();
    for (claims, expected) in [
        (json!({ "exp": 3600 }), "not a lifetime"),
        (json!({ "exp": NOW * 1000 }), "probably in milliseconds"),
        (json!({ "nbf": NOW * 1000 }), "probably in milliseconds"),
    ] {
        let claims = claims_with(claims).to_string();
        for (secret, outcome) in [(SECRET, Failed), (OTHER_SECRET, AlsoFailed)] {
            let token = sign(r#"{"alg":"HS256"}"#, &claims, secret);
            let check = check_of(&layer, &token, TokenCheck::Times);
            assert_eq!(check.outcome(), outcome, "{check}");
            assert!(check.difference().unwrap().contains(expected), "{check}");
        }
    }
}

#[test]
fn the_claims_of_a_token_with_another_signature_are_explained() {
    let layer = named().build().unwrap();
    let claims = claims_with(json!({ "iss": "https://app.example.com/" })).to_string();
    let token = sign(r#"{"alg":"HS256"}"#, claims, OTHER_SECRET);
    for (check, expected) in [
        (TokenCheck::Signature, Failed),
        (TokenCheck::Claims, Passed),
        (TokenCheck::Times, Passed),
        (TokenCheck::Issuer, AlsoFailed),
        (TokenCheck::Email, Passed),
        (TokenCheck::OwnChecks, NotReached),
    ] {
        assert_eq!(
            check_of(&layer, &token, check).outcome(),
            expected,
            "{check}"
        );
    }
}

#[test]
fn a_later_check_follows_the_rules_for_the_kind_of_token() {
    let services = builder().allow_services().build().unwrap();
    let service = json!({ "sub": "", "common_name": "backup", "email": null, "exp": NOW });
    let service = token(&claims_with(service));
    let plain = named().build().unwrap();
    let session_data = |alg: &str| {
        let claims = claims_with(json!({ "session": {} })).to_string();
        sign(json!({ "alg": alg }).to_string(), claims, SECRET)
    };
    for (row, layer, token, check, expected) in [
        (
            "a service has no email",
            &services,
            &service,
            TokenCheck::Email,
            Passed,
        ),
        (
            "its name is its ID",
            &services,
            &service,
            TokenCheck::UserId,
            Passed,
        ),
        (
            "a user has an email",
            &plain,
            &service,
            TokenCheck::Email,
            AlsoFailed,
        ),
        (
            "session data under a secret",
            &plain,
            &session_data("HS512"),
            TokenCheck::Claims,
            AlsoFailed,
        ),
        (
            "claims under a public key",
            &plain,
            &session_data("RS256"),
            TokenCheck::Claims,
            Passed,
        ),
        (
            "an unknown algorithm",
            &plain,
            &session_data("none"),
            TokenCheck::Claims,
            Passed,
        ),
    ] {
        assert_eq!(check_of(layer, token, check).outcome(), expected, "{row}");
    }
}

#[test]
fn claims_that_cannot_be_read_hide_the_checks_after_them() {
    let layer = named().build().unwrap();
    for payload in ["alice", r#"{"exp":1,"exp":1}"#, r#"{"exp":"x"}"#] {
        let token = sign(r#"{"alg":"HS256"}"#, payload, OTHER_SECRET);
        let claims = check_of(&layer, &token, TokenCheck::Claims);
        assert_eq!(claims.outcome(), AlsoFailed, "{payload}");
        let times = check_of(&layer, &token, TokenCheck::Times);
        assert_eq!(times.outcome(), NotReached, "{payload}");
    }
}

#[test]
fn without_a_form_a_header_or_an_issuer_no_later_check_is_applied() {
    let other = keyless().secret(OTHER_SECRET);
    let several = named().or(other.issuer("https://partner.example.com"));
    let several = several.build().unwrap();
    let single = named().build().unwrap();
    let unset = keyless().secret_from_env("TOWER_JWT_AUTH_UNSET");
    let unset = unset.allow_missing_secret().build().unwrap();
    let expired = token(&claims_with(json!({ "iss": "x", "exp": 1 })));
    let (_, rest) = expired.split_once('.').unwrap();
    let critical = format!("{}.{rest}", encode(r#"{"alg":"HS256","crit":["x"]}"#));
    for (row, layer, token) in [
        ("the form", &single, format!("{expired}=")),
        (
            "the length",
            &single,
            format!("{expired}{}", "A".repeat(20_000)),
        ),
        ("the header", &single, critical),
        ("the issuer", &several, expired.clone()),
        ("the secret", &unset, expired.clone()),
    ] {
        let explanation = explain(layer, &token);
        let failed = |check: &&ExplainedCheck| check.outcome() == Failed;
        let mut later = explanation
            .checks()
            .skip_while(|check| !failed(check))
            .skip(1);
        assert!(
            later.all(|check| check.outcome() == NotReached),
            "{row}: {explanation}"
        );
    }
}
