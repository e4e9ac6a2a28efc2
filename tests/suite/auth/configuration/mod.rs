//! The errors of `build()`, and how they are reported.

mod better_auth_url;
mod environment;
mod secret_sources;
mod weak_secrets;

use std::time::Duration;

use serde_json::json;
use tower_jwt_auth::{ConfigError, JwtAuthBuilder, JwtAuthLayer};

pub(super) use self::environment::child;
use crate::{key_source::secret_file::Folder, support::*};

#[test]
fn quotes_and_spaces_around_an_issuer_or_audience_are_rejected() {
    type Set = fn(JwtAuthBuilder, &str) -> JwtAuthBuilder;
    let settings: [(&str, &str, Set); 2] = [
        ("the issuer", "BETTER_AUTH_ISSUER", |builder, text| {
            builder.issuer(text)
        }),
        ("the audience", "BETTER_AUTH_AUDIENCE", |builder, text| {
            builder.audience("https://a.example.com").audience(text)
        }),
    ];
    for (what, variable, set) in settings {
        for (text, words) in [
            ("\"https://app.example.com\"", "is in quotes"),
            ("'https://app.example.com'", "is in quotes"),
            (" https://app.example.com", "starts with white space"),
            ("https://app.example.com\n", "ends in white space"),
            ("https://app.example.com\u{feff}", "ends in white space"),
            (" ", "is empty"),
        ] {
            let words = format!("{what} {words}");
            let error = fault(set(builder(), text).build(), text);
            assert!(
                error.contains(&words) && error.contains(variable),
                "{error}"
            );
            assert!(!error.contains("app.example.com"), "{error}");

            let other = set(keyless().secret(SECRET), text).issuer("other");
            if what == "the audience" {
                let error = fault(builder().issuer("first").or(other).build(), text);
                assert!(error.contains(&words), "{error}");
            }

            let report = child([("BETTER_AUTH_SECRET", SECRET), (variable, text)]);
            let error = report["from_env"].as_str().unwrap_or_default();
            assert!(
                error.contains(&words) && error.contains(variable),
                "{error}"
            );
        }
        for text in ["tasks api", "\"", "it's", "'s"] {
            assert!(set(builder(), text).build().is_ok(), "{what}: {text}");
        }
    }
}

#[test]
fn the_leeway_is_at_most_five_minutes() {
    for leeway in [
        Duration::ZERO,
        Duration::from_secs(5),
        Duration::from_secs(300),
    ] {
        let layer = builder().leeway(leeway).build().unwrap();
        let now = |exp: u64| token(&claims_with(json!({ "exp": exp })));
        let last = NOW - leeway.as_secs();
        assert_eq!(reason(&layer, &now(last + 1)), "accepted", "{leeway:?}");
        assert_eq!(reason(&layer, &now(last)), "expired", "{leeway:?}");
    }
    for leeway in [
        Duration::new(300, 1),
        Duration::from_secs(301),
        Duration::from_secs(u64::MAX),
        Duration::MAX,
    ] {
        let error = fault(builder().leeway(leeway).build(), &format!("{leeway:?}"));
        assert!(error.contains("300 s"), "{leeway:?}: {error}");
    }
}

#[test]
fn an_empty_issuer_or_audience_or_invalid_realm_is_rejected() {
    for (description, builder, fix) in [
        ("an empty issuer", builder().issuer(""), "omit .issuer("),
        (
            "an empty audience",
            builder().audience(""),
            "omit .audience(",
        ),
        (
            "an empty audience beside another",
            builder().audience("a").audience(""),
            "omit .audience(",
        ),
        ("a realm with a quote", builder().realm("a\"b"), "remove it"),
        (
            "a realm with a backslash",
            builder().realm("a\\b"),
            "remove it",
        ),
        (
            "a realm with a newline",
            builder().realm("a\r\nX-Own: b"),
            "remove it",
        ),
        ("a realm with a tab", builder().realm("a\tb"), "remove it"),
        ("a realm with NUL", builder().realm("a\0b"), "remove it"),
        ("a realm with DEL", builder().realm("a\u{7F}"), "remove it"),
        ("a realm with C1", builder().realm("a\u{85}"), "remove it"),
    ] {
        let error = fault(builder.build(), description);
        assert!(error.contains(fix), "{description}: {error}");
    }
}

#[tokio::test]
async fn a_realm_comes_first_in_the_challenge() {
    let layer = builder().realm("the api, v1").build().unwrap();
    let answer = ask(layer.clone(), get("/")).await;
    assert_eq!(answer.challenge(), Some("Bearer realm=\"the api, v1\""));
    let answer = ask(layer, with_bearer("a.b.c")).await;
    let challenge = answer.challenge().unwrap();
    let start = "Bearer realm=\"the api, v1\", error=\"invalid_token\", error_description=\"";
    assert!(challenge.starts_with(start), "{challenge}");
}

#[test]
fn several_errors_are_listed_at_once_each_with_its_fix() {
    let folder = Folder::new("several_faults");
    let error = JwtAuthLayer::builder()
        .secret_from_env("TOWER_JWT_AUTH_UNSET")
        .secret("too short")
        .secrets([SECRET, "better-auth-secret-12345678901234567890"])
        .secret_from_file(folder.path("none"))
        .issuer("")
        .audience("")
        .leeway(Duration::from_secs(3600))
        .realm("\"")
        .build();
    let error = fault(error, "several faults");
    let listed: Vec<&str> = error
        .lines()
        .filter(|line| line.starts_with("- "))
        .collect();
    let faults = [
        ("issuer", "omit .issuer("),
        ("audience", "omit .audience("),
        ("leeway", "the maximum is 300 s"),
        ("realm", "remove it"),
        (
            "TOWER_JWT_AUTH_UNSET environment variable is required",
            "set it",
        ),
        (".secret(", "openssl rand"),
        ("secret 2 of .secrets(", "openssl rand"),
        ("none", "check the path"),
    ];
    assert_eq!(listed.len(), faults.len(), "{error}");
    for (fault, fix) in faults {
        assert!(
            listed
                .iter()
                .any(|line| line.contains(fault) && line.contains(fix)),
            "no {fault:?} with {fix:?} in: {error}"
        );
    }
}

#[test]
fn a_single_error_is_not_shown_as_a_list() {
    let error = fault(builder().issuer("").build(), "an empty issuer");
    assert!(!error.contains('\n') && !error.starts_with("- "), "{error}");
}

#[test]
fn a_config_error_can_be_boxed_and_prints_its_message() {
    fn boxed(error: impl std::error::Error + Send + Sync + 'static) -> String {
        let error: Box<dyn std::error::Error + Send + Sync> = error.into();
        format!("{error:?}")
    }
    let error = JwtAuthLayer::builder().secret("short").build().unwrap_err();
    assert_eq!(boxed(error.clone()), error.to_string());
}

/// In the year 2096, for tokens that are checked against the system clock.
const FAR: u64 = 4_000_000_000;

fn signed_with(secret: &str) -> String {
    sign(r#"{"alg":"HS256"}"#, claims().to_string(), secret)
}

#[track_caller]
fn fault(layer: Result<JwtAuthLayer, ConfigError>, description: &str) -> String {
    let error = layer
        .err()
        .unwrap_or_else(|| panic!("{description}: accepted"));
    assert_eq!(format!("{error:?}"), error.to_string(), "{description}");
    error.to_string()
}

/// Asserts that the text has neither eight consecutive bytes of the secret nor four as numbers.
#[track_caller]
fn assert_hides(text: &str, secret: &str, description: &str) {
    let secret = secret.as_bytes();
    for part in secret.windows(8.min(secret.len().max(1))) {
        let part = std::str::from_utf8(part).unwrap_or_default();
        // Short or blank parts occur in every text.
        if part.trim().len() < 3 {
            continue;
        }
        assert!(!text.contains(part), "{description}: {part:?} in {text}");
        assert!(
            !text.contains(&encode(part)[..4.max(part.len())]),
            "{description}: {text}"
        );
    }
    for part in secret.windows(4) {
        let numbers = part.iter().map(u8::to_string).collect::<Vec<_>>();
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        for needle in [numbers.join(", "), hex] {
            assert!(!text.contains(&needle), "{description}: {needle} in {text}");
        }
    }
}
