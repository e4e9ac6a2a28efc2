//! Environment variables: `from_env` and `secret_from_env`.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::Command,
};

use serde_json::{Value, json};
use tower_jwt_auth::{ConfigError, JwtAuthBuilder, JwtAuthLayer};

use super::{FAR, assert_hides, fault};
use crate::{events::Captured, support::*};

#[test]
fn a_missing_variable_fails_with_a_fixed_message() {
    for name in ["TOWER_JWT_AUTH_UNSET", "BETTER_AUTH_SECRET_UNSET"] {
        let error = JwtAuthLayer::builder().secret_from_env(name).build();
        let error = fault(error, name);
        assert_eq!(error, format!("{name} environment variable is required"));
    }
}

#[test]
fn an_invalid_variable_name_is_an_error_and_not_a_panic() {
    for name in ["", "=", "A=B", "A\0B", "\0"] {
        fault(JwtAuthLayer::builder().secret_from_env(name).build(), name);
    }
}

#[test]
fn a_missing_secret_fails_from_env_with_a_fixed_message() {
    let report = child([] as [(&str, &str); 0]);
    let error = report["from_env"].as_str().unwrap();
    let required = "BETTER_AUTH_SECRET environment variable is required";
    // The feature adds a sentence about BETTER_AUTH_URL.
    if cfg!(feature = "better-auth") {
        let advice = error.strip_prefix(required).expect(error);
        assert!(
            advice.starts_with(". Set it to the secret") && advice.contains("BETTER_AUTH_URL"),
            "{error}"
        );
    } else {
        assert_eq!(error, required);
    }
    assert_eq!(report["debug"], report["from_env"]);
}

#[test]
fn from_env_reads_the_secret_the_issuer_and_the_audience() {
    let (iss, aud) = ("https://app.example.com", "https://api.example.com");
    let rows = [
        ("plain", json!({})),
        ("iss", json!({ "iss": iss })),
        ("other iss", json!({ "iss": "https://app.example.com/" })),
        ("iss and aud", json!({ "iss": iss, "aud": aud })),
        ("iss and other aud", json!({ "iss": iss, "aud": "x" })),
    ];
    let tokens = rows.clone().map(|(name, members)| {
        let claims = claims_with(json!({ "exp": FAR }));
        let mut claims = claims.as_object().unwrap().clone();
        claims.extend(members.as_object().unwrap().clone());
        (format!("TOKEN_{name}"), token(&claims.into()))
    });
    let ask = |variables: &[(&str, &str)]| {
        let tokens = tokens
            .iter()
            .map(|(name, token)| (name.as_str(), token.as_str()));
        let report = child(variables.iter().copied().chain(tokens));
        assert_eq!(report["from_env"], Value::Null);
        rows.iter()
            .map(|(name, _)| {
                report["tokens"][format!("TOKEN_{name}")]
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect::<Vec<_>>()
    };
    let (secret, issuer, audience) = (
        ("BETTER_AUTH_SECRET", SECRET),
        ("BETTER_AUTH_ISSUER", iss),
        ("BETTER_AUTH_AUDIENCE", aud),
    );
    assert_eq!(
        ask(&[secret]),
        [
            "accepted",
            "accepted",
            "accepted",
            "audience_not_configured",
            "audience_not_configured"
        ]
    );
    assert_eq!(
        ask(&[secret, issuer]),
        [
            "issuer",
            "accepted",
            "issuer",
            "audience_not_configured",
            "audience_not_configured"
        ]
    );
    assert_eq!(
        ask(&[secret, issuer, audience]),
        ["issuer", "audience", "issuer", "accepted", "audience"]
    );
    assert_eq!(
        ask(&[secret, audience]),
        ["audience", "audience", "audience", "accepted", "audience"]
    );
}

#[test]
fn from_env_rejects_empty_and_weak_values() {
    let good = ("BETTER_AUTH_SECRET", SECRET);
    for (description, variables, parts) in [
        (
            "an empty secret",
            vec![("BETTER_AUTH_SECRET", "")],
            vec!["BETTER_AUTH_SECRET environment variable is required"],
        ),
        (
            "the default secret",
            vec![(
                "BETTER_AUTH_SECRET",
                "better-auth-secret-12345678901234567890",
            )],
            vec!["BETTER_AUTH_SECRET", "openssl rand"],
        ),
        (
            "an empty issuer",
            vec![good, ("BETTER_AUTH_ISSUER", "")],
            vec!["BETTER_AUTH_ISSUER"],
        ),
        (
            "an empty audience",
            vec![good, ("BETTER_AUTH_AUDIENCE", "")],
            vec!["BETTER_AUTH_AUDIENCE"],
        ),
        (
            "all at once",
            vec![("BETTER_AUTH_ISSUER", ""), ("BETTER_AUTH_AUDIENCE", "")],
            vec![
                "BETTER_AUTH_SECRET environment variable is required",
                "BETTER_AUTH_ISSUER",
                "BETTER_AUTH_AUDIENCE",
            ],
        ),
    ] {
        let report = child(variables);
        let error = report["from_env"].as_str();
        let error = error.unwrap_or_else(|| panic!("{description}: accepted"));
        for part in parts {
            assert!(
                error.contains(part),
                "{description}: no {part:?} in: {error}"
            );
        }
        assert_eq!(report["debug"], report["from_env"], "{description}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_not_utf_8_is_rejected_without_a_panic() {
    use std::os::unix::ffi::OsStrExt;

    let bytes = OsStr::from_bytes(b"Zq8#kV2!mN5$wX9&pR4*tY7^\xFF\xFE");
    let report = child([("BETTER_AUTH_SECRET", bytes)]);
    let error = report["from_env"].as_str().expect("it is rejected");
    assert!(error.contains("BETTER_AUTH_SECRET"), "{error}");
    assert!(error.contains("is not UTF-8"), "{error}");
    assert_hides(error, "Zq8#kV2!mN5$wX9&pR4*tY7^", "not UTF-8");

    let [good, iss] = [
        json!({ "exp": FAR }),
        json!({ "exp": FAR, "iss": "\u{FFFD}" }),
    ]
    .map(|members| OsString::from(token(&claims_with(members))));
    for name in ["BETTER_AUTH_ISSUER", "BETTER_AUTH_AUDIENCE"] {
        let report = child([
            ("BETTER_AUTH_SECRET", OsStr::new(SECRET)),
            (name, OsStr::from_bytes(b"https://\xFF.example.com")),
            ("TOKEN_good", &good),
            ("TOKEN_iss", &iss),
        ]);
        if report["from_env"].is_null() {
            assert_ne!(report["tokens"]["TOKEN_good"], "accepted", "{name}");
            assert_ne!(report["tokens"]["TOKEN_iss"], "accepted", "{name}");
        }
    }
}

/// Returns the report of `in_a_separate_environment` about these variables.
pub(in crate::auth) fn child<'a, V: AsRef<OsStr>>(
    variables: impl IntoIterator<Item = (&'a str, V)>,
) -> Value {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "auth::configuration::environment::in_a_separate_environment",
        ])
        .args(["--ignored", "--nocapture"])
        .env_remove("BETTER_AUTH_SECRET")
        .env_remove("BETTER_AUTH_URL")
        .env_remove("BETTER_AUTH_ISSUER")
        .env_remove("BETTER_AUTH_AUDIENCE")
        .envs(variables)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let report = text
        .lines()
        .find_map(|line| line.strip_prefix(REPORT_PREFIX));
    let errors = String::from_utf8_lossy(&output.stderr);
    let report = report.unwrap_or_else(|| panic!("no report from the child: {text}{errors}"));
    assert!(output.status.success());
    serde_json::from_str(report).unwrap()
}

const REPORT_PREFIX: &str = "report of the child: ";

/// Other tests run this in a child process, because a process cannot change its own environment
/// safely. It reports in JSON how the crate handles the variables that they set.
#[test]
#[ignore = "run by other tests in a child process"]
fn in_a_separate_environment() {
    let variables = |prefix: &'static str| {
        env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value)))
            .filter(move |(name, _)| name.starts_with(prefix))
    };
    let error = |layer: &Result<JwtAuthLayer, ConfigError>| match layer {
        Ok(_) => Value::Null,
        Err(error) => error.to_string().into(),
    };
    let reasons = |layer: &JwtAuthLayer| -> Value {
        let token = |value: OsString| value.into_string().unwrap();
        let reasons =
            variables("TOKEN_").map(|(name, value)| (name, reason(layer, &token(value)).into()));
        Value::Object(reasons.collect())
    };
    let each = |build: fn(JwtAuthBuilder) -> JwtAuthBuilder| -> Value {
        let errors = variables("SECRET_").map(|(name, _)| {
            let builder = build(JwtAuthLayer::builder().secret_from_env(name.as_str()));
            (name, error(&builder.build()))
        });
        Value::Object(errors.collect())
    };
    let sum = variables("SECRET_").fold(
        JwtAuthLayer::builder().secret(SECRET),
        |builder, (name, _)| builder.secret_from_env(name),
    );
    let events = Captured::start();
    let from_env = JwtAuthLayer::from_env();
    let events = events.text();
    #[cfg(feature = "jwks")]
    if let Ok(layer) = &from_env {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().unwrap();
        let _ = runtime.block_on(layer.ready());
    }
    #[cfg(feature = "config")]
    let config = env::var("CONFIG").ok().map(|text| {
        let config: tower_jwt_auth::JwtAuthConfig = serde_json::from_str(&text).unwrap();
        reasons(&JwtAuthBuilder::try_from(config).unwrap().build().unwrap())
    });
    #[cfg(not(feature = "config"))]
    let config = Value::Null;
    let report = json!({
        "config": config,
        "from_env": error(&from_env),
        "debug": from_env.as_ref().err().map(|error| format!("{error:?}")),
        "events": events,
        "tokens": from_env.as_ref().ok().map(reasons),
        "variables": each(|builder| builder),
        "allow_missing": each(JwtAuthBuilder::allow_missing_secret),
        "sum": sum.build().ok().as_ref().map(reasons),
    });
    println!("\n{REPORT_PREFIX}{report}");
}
