//! The sources of secrets, alone and combined.

use std::fs;

use serde_json::{Value, json};
use tower_jwt_auth::JwtAuthLayer;

use super::{FAR, environment::child, fault, signed_with};
use crate::{key_source::secret_file::Folder, support::*};

#[test]
fn no_source_or_an_empty_list_is_rejected() {
    let error = fault(JwtAuthLayer::builder().build(), "no source");
    assert!(error.contains("secret_from_env"), "{error}");
    let none: [&str; 0] = [];
    let error = fault(JwtAuthLayer::builder().secrets(none).build(), "empty list");
    assert!(error.contains("secrets"), "{error}");
}

#[test]
fn secrets_from_several_sources_are_combined() {
    let folder = Folder::new("secrets_from_several_sources_are_combined");
    let file = folder.path("secrets");
    let [a, b, c, d, e, f] = ["a", "b", "c", "d", "e", "f"].map(secret_number);
    fs::write(&file, format!("{d}\n{e}\n")).unwrap();
    let layer = JwtAuthLayer::builder()
        .secret(a.as_str())
        .secrets([b.as_str(), c.as_str()])
        .secret_from_file(&file)
        .secret(f.as_str())
        .clock(|| at(NOW))
        .build()
        .unwrap();
    for secret in [a, b, c, d, e, f] {
        assert_eq!(
            reason(&layer, &signed_with(&secret)),
            "accepted",
            "{secret}"
        );
    }
    assert_eq!(
        reason(&layer, &signed_with(&secret_number("g"))),
        "signature"
    );

    let report = child([
        ("SECRET_ONE", secret_number("a").as_str()),
        ("SECRET_TWO", &secret_number("b")),
        ("TOKEN_one", &far_token(&secret_number("a"))),
        ("TOKEN_two", &far_token(&secret_number("b"))),
        ("TOKEN_given", &far_token(SECRET)),
        ("TOKEN_other", &far_token(&secret_number("c"))),
    ]);
    assert_eq!(
        report["sum"],
        json!({
            "TOKEN_one": "accepted", "TOKEN_two": "accepted",
            "TOKEN_given": "accepted", "TOKEN_other": "signature",
        })
    );
}

#[test]
fn at_most_eight_secrets_can_be_configured() {
    let secrets: Vec<String> = (0..9).map(secret_number).collect();
    let eight = JwtAuthLayer::builder()
        .secrets(secrets[..8].iter().cloned())
        .clock(|| at(NOW))
        .build()
        .unwrap();
    for secret in &secrets[..8] {
        assert_eq!(reason(&eight, &signed_with(secret)), "accepted");
    }

    let folder = Folder::new("eight_secrets");
    let file = folder.path("secrets");
    fs::write(&file, secrets[..5].join("\n")).unwrap();
    let one_by_one = secrets
        .iter()
        .fold(JwtAuthLayer::builder(), |builder, secret| {
            builder.secret(secret.as_str())
        });
    for (description, builder) in [
        ("a list", JwtAuthLayer::builder().secrets(secrets.clone())),
        ("one by one", one_by_one),
        (
            "a list and a file",
            JwtAuthLayer::builder()
                .secrets(secrets[5..].iter().cloned())
                .secret_from_file(&file),
        ),
        (
            "two files",
            JwtAuthLayer::builder()
                .secret_from_file(&file)
                .secret_from_file(&file),
        ),
    ] {
        let error = fault(builder.build(), description);
        assert!(
            error.contains('8') && error.contains("remove"),
            "{description}: {error}"
        );
    }
}

#[tokio::test]
async fn every_token_gets_500_if_a_missing_secret_is_allowed() {
    let folder = Folder::new("a_missing_secret");
    let none: [&str; 0] = [];
    for (description, builder) in [
        (
            "a variable",
            JwtAuthLayer::builder().secret_from_env("TOWER_JWT_AUTH_UNSET"),
        ),
        ("a list", JwtAuthLayer::builder().secrets(none)),
        (
            "a file",
            JwtAuthLayer::builder().secret_from_file(folder.path("none")),
        ),
    ] {
        let layer = builder.allow_missing_secret().build();
        let layer = layer.unwrap_or_else(|error| panic!("{description}: {error}"));
        for request in [with_bearer(&token(&claims())), with_bearer("garbage")] {
            let answer = ask(layer.clone(), request).await;
            assert_eq!(answer.status(), 500, "{description}");
            assert_eq!(answer.reason(), "not_configured", "{description}");
            assert_eq!(answer.challenge(), None, "{description}");
            assert_eq!(
                answer.json(),
                json!({ "detail": "Authentication system not properly configured" })
            );
        }
        let answer = ask(layer, get("/")).await;
        assert_eq!(
            (answer.status().as_u16(), answer.challenge()),
            (401, Some("Bearer"))
        );
    }
}

#[test]
fn allowing_a_missing_secret_does_not_allow_a_weak_one() {
    let builder = JwtAuthLayer::builder()
        .secret_from_env("TOWER_JWT_AUTH_UNSET")
        .secret("too short")
        .allow_missing_secret();
    let error = fault(builder.build(), "a weak secret");
    assert!(error.contains("32"), "{error}");
    assert!(!error.contains("TOWER_JWT_AUTH_UNSET"), "{error}");

    let report = child([
        ("SECRET_WEAK", "better-auth-secret-12345678901234567890"),
        ("SECRET_SHORT", "short"),
    ]);
    for name in ["SECRET_WEAK", "SECRET_SHORT"] {
        assert_ne!(report["allow_missing"][name], Value::Null, "{name}");
    }
}

#[test]
fn an_allowed_missing_secret_does_not_disable_other_secrets() {
    let layer = JwtAuthLayer::builder()
        .secret_from_env("TOWER_JWT_AUTH_UNSET")
        .secret(SECRET)
        .clock(|| at(NOW))
        .allow_missing_secret()
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &token(&claims())), "accepted");
}

fn secret_number(number: impl std::fmt::Display) -> String {
    format!("secret number {number}, of more than 32 bytes")
}

fn far_token(secret: &str) -> String {
    let claims = claims_with(json!({ "exp": FAR }));
    sign(r#"{"alg":"HS256"}"#, claims.to_string(), secret)
}
