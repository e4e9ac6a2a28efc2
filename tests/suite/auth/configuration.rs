//! What a builder refuses, and what it says then.

use std::{
    env,
    ffi::{OsStr, OsString},
    fs,
    process::Command,
    time::Duration,
};

use serde_json::{Value, json};
use tower::Layer;
use tower_jwt_auth::{ConfigError, JwtAuthBuilder, JwtAuthLayer, Secret};

use crate::{key_source::secret_file::Folder, support::*};

/// What it is, the secret, and what the message must say.
fn weak_secrets() -> Vec<(&'static str, String, &'static str)> {
    let pem = |label: &str| {
        let body = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE1234567890abcdefghijklmnopqr";
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----")
    };
    let key = "AAAAC3NzaC1lZDI1NTE5AAAAIJ3mQz0123456789abcdefghijklmnopqrst";
    vec![
        ("empty", String::new(), "empty"),
        ("31 bytes", "0123456789abcdef0123456789abcde".into(), "32"),
        ("1 byte", "x".into(), "32"),
        (
            "Better Auth's default",
            "better-auth-secret-12345678901234567890".into(),
            "openssl rand",
        ),
        (
            "the FastAPI tutorial's",
            "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7".into(),
            "openssl rand",
        ),
        (
            "jwt.io's",
            "a-string-secret-at-least-256-bits-long".into(),
            "openssl rand",
        ),
        ("one byte, often", "a".repeat(64), "openssl rand"),
        ("seven bytes, often", "abcdefg".repeat(8), "openssl rand"),
        ("blanks", " ".repeat(40), "openssl rand"),
        ("a PEM public key", pem("PUBLIC KEY"), "shared secret"),
        ("a PEM RSA key", pem("RSA PUBLIC KEY"), "shared secret"),
        ("a PEM private key", pem("PRIVATE KEY"), "shared secret"),
        ("a PEM certificate", pem("CERTIFICATE"), "shared secret"),
        (
            "a PEM key with a newline at its end",
            pem("PUBLIC KEY") + "\n",
            "shared secret",
        ),
        (
            "a PEM key in one line",
            pem("PUBLIC KEY").replace('\n', "\\n"),
            "shared secret",
        ),
        (
            "a PEM key after white space",
            format!(" \r\n{}", pem("PUBLIC KEY")),
            "shared secret",
        ),
        (
            "a JWK",
            r#"{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM","e":"AQAB"}"#
                .into(),
            "shared secret",
        ),
        (
            "a JWK of a secret",
            r#"{ "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T", "kty": "oct" }"#.into(),
            "shared secret",
        ),
        (
            "a JWK in several lines",
            "{\n  \"kty\" : \"EC\",\n  \"crv\": \"P-256\", \"x\": \"0123456789\"\n}".into(),
            "shared secret",
        ),
        (
            "a JWK set",
            r#"{"keys":[{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvP"}]}"#.into(),
            "shared secret",
        ),
        (
            "an SSH key, Ed25519",
            format!("ssh-ed25519 {key}"),
            "shared secret",
        ),
        (
            "an SSH key, RSA",
            format!("ssh-rsa {key} me@host"),
            "shared secret",
        ),
        (
            "an SSH key, ECDSA",
            format!("ecdsa-sha2-nistp256 {key}"),
            "shared secret",
        ),
        (
            "an SSH key of a security key",
            format!("sk-ssh-ed25519@openssh.com {key}"),
            "shared secret",
        ),
        (
            "an SSH private key",
            pem("OPENSSH PRIVATE KEY"),
            "shared secret",
        ),
        (
            "an SSH key (RFC 4716)",
            format!("---- BEGIN SSH2 PUBLIC KEY ----\n{key}\n---- END SSH2 PUBLIC KEY ----"),
            "shared secret",
        ),
        (
            "a newline at the end",
            "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)\n".into(),
            "trim",
        ),
        (
            "a newline of Windows at the end",
            "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)\r\n".into(),
            "trim",
        ),
    ]
}

/// Secrets with what an env file leaves around one, and what the message must say.
fn secrets_with_stray_ends() -> Vec<(String, &'static str)> {
    let bare = "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)";
    let around = |before: &str, after: &str| format!("{before}{bare}{after}");
    vec![
        (around("\"", "\""), "is in quotes"),
        (around("'", "'"), "is in quotes"),
        (around(" ", ""), "starts with white space"),
        (around("", " "), "ends in white space"),
        (around("", "\t"), "ends in white space"),
        (around("\n", ""), "starts with white space"),
        (around("\u{a0}", ""), "starts with white space"),
        (around("", "\u{200b}"), "ends in white space"),
        ("\"0123456789\"".into(), "is in quotes"),
    ]
}

#[test]
fn a_secret_in_quotes_or_with_a_space_at_an_end_is_rejected() {
    for (secret, words) in secrets_with_stray_ends() {
        for (way, builder) in given(&secret) {
            let error = fault(builder.build(), way);
            for words in [words, "Secret::from_bytes"] {
                assert!(error.contains(words), "{secret:?}, {way}: {error}");
            }
            assert_hides(&error, secret.trim(), way);
        }
    }
    let secrets = secrets_with_stray_ends();
    let names: Vec<String> = (0..secrets.len()).map(|i| format!("SECRET_{i}")).collect();
    let variables = names.iter().zip(&secrets);
    let said = child(variables.map(|(name, (secret, _))| (name.as_str(), secret.as_str())));
    for (name, (_, words)) in names.iter().zip(&secrets) {
        let error = said["variables"][name].as_str().unwrap_or_default();
        assert!(
            error.contains(name.as_str()) && error.contains(words),
            "{error}"
        );
    }
}

#[test]
fn a_secret_of_bytes_may_have_quotes_and_spaces_at_its_ends() {
    for (secret, _) in secrets_with_stray_ends() {
        let builder = JwtAuthLayer::builder().secret(Secret::from_bytes(secret.as_bytes()));
        let layer = builder.allow_short_secret().clock(|| at(NOW)).build();
        let layer = layer.unwrap_or_else(|error| panic!("{secret:?}: {error}"));
        assert_eq!(
            reason(&layer, &signed_with(&secret)),
            "accepted",
            "{secret:?}"
        );
        assert_eq!(
            reason(&layer, &signed_with(secret.trim())) == "accepted",
            secret == secret.trim()
        );
    }
}

#[test]
fn an_issuer_or_audience_in_quotes_or_with_a_space_at_an_end_is_rejected() {
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

            let said = child([("BETTER_AUTH_SECRET", SECRET), (variable, text)]);
            let error = said["from_env"].as_str().unwrap_or_default();
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

/// The ways to give a secret in the source.
fn given(secret: &str) -> [(&'static str, JwtAuthBuilder); 4] {
    [
        ("secret", JwtAuthLayer::builder().secret(secret)),
        ("String", JwtAuthLayer::builder().secret(secret.to_owned())),
        ("secrets", JwtAuthLayer::builder().secrets([SECRET, secret])),
        (
            "allow_missing_secret",
            JwtAuthLayer::builder()
                .secret(secret)
                .allow_missing_secret(),
        ),
    ]
}

#[test]
fn a_secret_that_can_be_guessed_or_is_a_key_of_another_kind_is_refused() {
    let mut wrong = Vec::new();
    for (description, secret, mend) in weak_secrets() {
        for (way, builder) in given(&secret) {
            match builder.build() {
                Ok(_) => wrong.push(format!("{description}, {way}: accepted")),
                Err(error) if !error.to_string().contains(mend) => {
                    wrong.push(format!("{description}, {way}: no {mend:?} in: {error}"));
                }
                Err(_) => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_pem_key_with_something_before_it_is_refused() {
    let pem = weak_secrets()
        .into_iter()
        .find(|(description, ..)| *description == "a PEM public key");
    let (_, pem, mend) = pem.unwrap();
    for (description, secret) in [
        (
            "a text (RFC 7468 section 2)",
            format!("Subject: CN=example\n{pem}"),
        ),
        ("a byte order mark", format!("\u{FEFF}{pem}")),
        (
            "a quote, as docker's --env-file keeps it",
            format!("\"{pem}\""),
        ),
    ] {
        let error = fault(JwtAuthLayer::builder().secret(secret).build(), description);
        assert!(error.contains(mend), "{description}: {error}");
    }
}

#[test]
fn a_secret_in_a_variable_is_held_to_the_same_rules() {
    let secrets = weak_secrets();
    let names: Vec<String> = (0..secrets.len()).map(|i| format!("SECRET_{i}")).collect();
    let variables = names.iter().zip(&secrets);
    let said = child(variables.map(|(name, (_, secret, _))| (name.as_str(), secret.as_str())));
    for (name, (description, secret, mend)) in names.iter().zip(&secrets) {
        let error = said["variables"][name].as_str();
        let error = error.unwrap_or_else(|| panic!("{description}: accepted"));
        assert!(error.contains(name.as_str()), "{description}: {error}");
        assert!(
            secret.is_empty() || error.contains(mend),
            "{description}: no {mend:?} in: {error}"
        );
        assert_hides(error, secret, description);
    }
}

#[test]
fn a_secret_of_bytes_is_held_to_the_same_rules_but_may_end_in_a_newline() {
    let build = |bytes: &[u8]| {
        JwtAuthLayer::builder()
            .secret(Secret::from_bytes(bytes))
            .build()
    };
    for (description, secret, mend) in weak_secrets() {
        if description.contains("newline") && !description.contains("PEM") {
            continue;
        }
        let error = fault(build(secret.as_bytes()), description);
        assert!(error.contains(mend), "{description}: {error}");
        assert_hides(&error, &secret, description);
    }
    let zeros = fault(build(&[0; 32]), "zeros");
    assert!(zeros.contains("openssl rand"), "{zeros}");

    let mut bytes: Vec<u8> = (0xE0..=0xFE).collect();
    bytes.push(b'\n');
    let layer = JwtAuthLayer::builder()
        .secret(Secret::from_bytes(bytes.as_slice()))
        .clock(|| at(NOW))
        .build()
        .unwrap();
    let signed = sign(r#"{"alg":"HS256"}"#, claims().to_string(), &bytes);
    assert_eq!(reason(&layer, &signed), "accepted");
    assert_eq!(reason(&layer, &token(&claims())), "signature");
}

#[test]
fn thirty_two_bytes_and_eight_different_ones_are_enough() {
    for secret in [
        "abcdefgh".repeat(4),
        "0123456789abcdef0123456789abcdef".into(),
    ] {
        assert_eq!(secret.len(), 32);
        let layer = JwtAuthLayer::builder()
            .secret(secret.as_str())
            .clock(|| at(NOW))
            .build()
            .unwrap();
        assert_eq!(reason(&layer, &signed_with(&secret)), "accepted");
    }
}

#[test]
fn a_secret_is_taken_as_it_is() {
    for (description, secret, other) in [
        (
            "no base64 is decoded",
            "YSBzZWNyZXQgb2YgMzIgYnl0ZXMgb3IgbW9yZSwgMDEyMw==",
            "a secret of 32 bytes or more, 0123",
        ),
        (
            "no hex is decoded",
            "303132333435363738396162636465663031323334353637",
            "0123456789abcdef01234567",
        ),
        (
            "a text with braces is no JWK",
            "{a secret of 32 bytes or more, 0123}",
            "a secret of 32 bytes or more, 0123",
        ),
        (
            "not only ASCII",
            "ein Geheimnis für 32 Bytes und mehr",
            "ein Geheimnis f\u{FC}r 32 Bytes und meh",
        ),
    ] {
        let layer = JwtAuthLayer::builder()
            .secret(secret)
            .clock(|| at(NOW))
            .build();
        let layer = layer.unwrap_or_else(|error| panic!("{description}: {error}"));
        assert_eq!(
            reason(&layer, &signed_with(secret)),
            "accepted",
            "{description}"
        );
        assert_eq!(
            reason(&layer, &signed_with(other)),
            "signature",
            "{description}"
        );
    }
}

#[test]
fn a_short_secret_is_admitted_only_on_request() {
    for secret in ["01234567", "0123456789abcdef0123456789abcde"] {
        let builder = || JwtAuthLayer::builder().secret(secret).clock(|| at(NOW));
        fault(builder().build(), secret);
        let layer = builder().allow_short_secret().build().unwrap();
        assert_eq!(reason(&layer, &signed_with(secret)), "accepted");
    }
    for (description, secret, _) in weak_secrets() {
        if matches!(description, "31 bytes") {
            continue;
        }
        let builder = JwtAuthLayer::builder().secret(secret.as_str());
        let error = fault(builder.allow_short_secret().build(), description);
        assert_hides(&error, &secret, description);
    }
}

#[test]
fn a_missing_variable_is_told_in_the_fixed_words() {
    for name in ["TOWER_JWT_AUTH_UNSET", "BETTER_AUTH_SECRET_UNSET"] {
        let error = JwtAuthLayer::builder().secret_from_env(name).build();
        let error = fault(error, name);
        assert_eq!(error, format!("{name} environment variable is required"));
    }
}

#[test]
fn a_name_that_no_variable_can_have_is_a_fault_and_no_panic() {
    for name in ["", "=", "A=B", "A\0B", "\0"] {
        fault(JwtAuthLayer::builder().secret_from_env(name).build(), name);
    }
}

#[test]
fn no_source_and_an_empty_list_are_faults() {
    let error = fault(JwtAuthLayer::builder().build(), "no source");
    assert!(error.contains("secret_from_env"), "{error}");
    let none: [&str; 0] = [];
    let error = fault(JwtAuthLayer::builder().secrets(none).build(), "empty list");
    assert!(error.contains("secrets"), "{error}");
}

#[test]
fn from_env_requires_the_secret_in_the_fixed_words() {
    let said = child([] as [(&str, &str); 0]);
    assert_eq!(
        said["from_env"],
        "BETTER_AUTH_SECRET environment variable is required"
    );
    assert_eq!(said["debug"], said["from_env"]);
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
        let said = child(variables.iter().copied().chain(tokens));
        assert_eq!(said["from_env"], Value::Null);
        rows.iter()
            .map(|(name, _)| {
                said["tokens"][format!("TOKEN_{name}")]
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
fn from_env_refuses_what_is_set_and_cannot_be_meant() {
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
        let said = child(variables);
        let error = said["from_env"].as_str();
        let error = error.unwrap_or_else(|| panic!("{description}: accepted"));
        for part in parts {
            assert!(
                error.contains(part),
                "{description}: no {part:?} in: {error}"
            );
        }
        assert_eq!(said["debug"], said["from_env"], "{description}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_no_panic_and_lets_nothing_pass() {
    use std::os::unix::ffi::OsStrExt;

    let bytes = OsStr::from_bytes(b"Zq8#kV2!mN5$wX9&pR4*tY7^\xFF\xFE");
    let said = child([("BETTER_AUTH_SECRET", bytes)]);
    let error = said["from_env"].as_str().expect("it is refused");
    assert!(error.contains("BETTER_AUTH_SECRET"), "{error}");
    assert!(error.contains("is not UTF-8"), "{error}");
    assert_hides(error, "Zq8#kV2!mN5$wX9&pR4*tY7^", "no text");

    let [good, iss] = [
        json!({ "exp": FAR }),
        json!({ "exp": FAR, "iss": "\u{FFFD}" }),
    ]
    .map(|members| OsString::from(token(&claims_with(members))));
    for name in ["BETTER_AUTH_ISSUER", "BETTER_AUTH_AUDIENCE"] {
        let said = child([
            ("BETTER_AUTH_SECRET", OsStr::new(SECRET)),
            (name, OsStr::from_bytes(b"https://\xFF.example.com")),
            ("TOKEN_good", &good),
            ("TOKEN_iss", &iss),
        ]);
        if said["from_env"].is_null() {
            assert_ne!(said["tokens"]["TOKEN_good"], "accepted", "{name}");
            assert_ne!(said["tokens"]["TOKEN_iss"], "accepted", "{name}");
        }
    }
}

#[test]
fn sources_add_up() {
    let folder = Folder::new("sources_add_up");
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

    let said = child([
        ("SECRET_ONE", secret_number("a").as_str()),
        ("SECRET_TWO", &secret_number("b")),
        ("TOKEN_one", &far_token(&secret_number("a"))),
        ("TOKEN_two", &far_token(&secret_number("b"))),
        ("TOKEN_given", &far_token(SECRET)),
        ("TOKEN_other", &far_token(&secret_number("c"))),
    ]);
    assert_eq!(
        said["sum"],
        json!({
            "TOKEN_one": "accepted", "TOKEN_two": "accepted",
            "TOKEN_given": "accepted", "TOKEN_other": "signature",
        })
    );
}

#[test]
fn eight_secrets_may_be_configured_and_no_more() {
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
            error.contains('8') && error.contains("drop"),
            "{description}: {error}"
        );
    }
}

#[tokio::test]
async fn a_missing_secret_can_be_allowed_and_then_every_token_gets_a_500() {
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
fn allowing_a_missing_secret_does_not_allow_a_weak_one_beside_it() {
    let builder = JwtAuthLayer::builder()
        .secret_from_env("TOWER_JWT_AUTH_UNSET")
        .secret("too short")
        .allow_missing_secret();
    let error = fault(builder.build(), "a weak one beside it");
    assert!(error.contains("32"), "{error}");
    assert!(!error.contains("TOWER_JWT_AUTH_UNSET"), "{error}");

    let said = child([
        ("SECRET_WEAK", "better-auth-secret-12345678901234567890"),
        ("SECRET_SHORT", "short"),
    ]);
    for name in ["SECRET_WEAK", "SECRET_SHORT"] {
        assert_ne!(said["allow_missing"][name], Value::Null, "{name}");
    }
}

#[test]
fn a_missing_secret_that_is_allowed_takes_nothing_from_the_others() {
    let layer = JwtAuthLayer::builder()
        .secret_from_env("TOWER_JWT_AUTH_UNSET")
        .secret(SECRET)
        .clock(|| at(NOW))
        .allow_missing_secret()
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &token(&claims())), "accepted");
}

#[test]
fn a_leeway_of_five_minutes_is_the_most() {
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
fn texts_that_no_token_and_no_challenge_can_have_are_refused() {
    let text = |text: &str| text.to_owned();
    for (description, builder, mend) in [
        (
            "an empty issuer",
            builder().issuer(""),
            text("leave .issuer("),
        ),
        (
            "an empty audience",
            builder().audience(""),
            text("leave .audience("),
        ),
        (
            "an empty audience beside another",
            builder().audience("a").audience(""),
            text("leave .audience("),
        ),
        (
            "a realm with a quote",
            builder().realm("a\"b"),
            text("leave"),
        ),
        (
            "a realm with a backslash",
            builder().realm("a\\b"),
            text("leave"),
        ),
        (
            "a realm with a newline",
            builder().realm("a\r\nX-Own: b"),
            text("leave"),
        ),
        ("a realm with a tab", builder().realm("a\tb"), text("leave")),
        ("a realm with NUL", builder().realm("a\0b"), text("leave")),
        (
            "a realm with DEL",
            builder().realm("a\u{7F}"),
            text("leave"),
        ),
        ("a realm with C1", builder().realm("a\u{85}"), text("leave")),
    ] {
        let error = fault(builder.build(), description);
        assert!(error.contains(&mend), "{description}: {error}");
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
fn several_faults_are_one_error_that_lists_each_with_its_mend() {
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
        ("issuer", "leave .issuer("),
        ("audience", "leave .audience("),
        ("leeway", "at most 300 s"),
        ("realm", "leave"),
        (
            "TOWER_JWT_AUTH_UNSET environment variable is required",
            "set it",
        ),
        (".secret(", "openssl rand"),
        ("secret 2 of .secrets(", "openssl rand"),
        ("none", "check the path"),
    ];
    assert_eq!(listed.len(), faults.len(), "{error}");
    for (fault, mend) in faults {
        assert!(
            listed
                .iter()
                .any(|line| line.contains(fault) && line.contains(mend)),
            "no {fault:?} with {mend:?} in: {error}"
        );
    }
}

#[test]
fn a_single_fault_is_its_message_alone() {
    let error = fault(builder().issuer("").build(), "an empty issuer");
    assert!(!error.contains('\n') && !error.starts_with("- "), "{error}");
}

#[test]
fn an_error_can_be_sent_on_and_read_by_whoever_gets_it() {
    fn sent(error: impl std::error::Error + Send + Sync + 'static) -> String {
        let error: Box<dyn std::error::Error + Send + Sync> = error.into();
        format!("{error:?}")
    }
    let error = JwtAuthLayer::builder().secret("short").build().unwrap_err();
    assert_eq!(sent(error.clone()), error.to_string());
}

#[test]
fn no_message_and_no_debug_text_holds_a_secret() {
    let folder = Folder::new("no_message");
    let file = folder.path("secrets");
    for (description, secret, _) in weak_secrets() {
        let of_bytes = JwtAuthLayer::builder().secret(Secret::from_bytes(secret.as_bytes()));
        fs::write(&file, &secret).unwrap();
        let of_file = JwtAuthLayer::builder().secret_from_file(&file);
        let builders = given(&secret).into_iter();
        for (way, builder) in builders.chain([("bytes", of_bytes), ("file", of_file)]) {
            let description = format!("{description}, {way}");
            assert_hides(&format!("{builder:?} {builder:#?}"), &secret, &description);
            if let Err(error) = builder.build() {
                let text = format!("{error} {error:?} {error:#?}");
                assert_hides(&text, &secret, &description);
            }
        }
    }

    let secret = "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)";
    fs::write(&file, format!("{secret}\n")).unwrap();
    let builder = JwtAuthLayer::builder()
        .secret(secret)
        .secret(Secret::from_bytes(secret))
        .secrets([secret])
        .secret_from_file(&file);
    let layer = builder.clone().build().unwrap();
    for (description, text) in [
        ("the builder", format!("{builder:?} {builder:#?}")),
        ("the layer", format!("{layer:?} {layer:#?}")),
        ("the service", format!("{:?}", layer.layer(()))),
        ("the verifier", format!("{:?}", layer.verifier())),
        ("the secret", format!("{:?}", Secret::from(secret))),
        ("of bytes", format!("{:?}", Secret::from_bytes(secret))),
    ] {
        assert_hides(&text, secret, description);
    }
}

/// In the year 2096: for tokens that are judged by the clock of the system.
const FAR: u64 = 4_000_000_000;

fn signed_with(secret: &str) -> String {
    sign(r#"{"alg":"HS256"}"#, claims().to_string(), secret)
}

fn far_token(secret: &str) -> String {
    let claims = claims_with(json!({ "exp": FAR }));
    sign(r#"{"alg":"HS256"}"#, claims.to_string(), secret)
}

fn secret_number(number: impl std::fmt::Display) -> String {
    format!("secret number {number}, of more than 32 bytes")
}

#[track_caller]
fn fault(layer: Result<JwtAuthLayer, ConfigError>, description: &str) -> String {
    let error = layer
        .err()
        .unwrap_or_else(|| panic!("{description}: accepted"));
    assert_eq!(format!("{error:?}"), error.to_string(), "{description}");
    error.to_string()
}

/// Neither eight bytes of the secret in a row, nor four as numbers.
#[track_caller]
fn assert_hides(text: &str, secret: &str, description: &str) {
    let secret = secret.as_bytes();
    for part in secret.windows(8.min(secret.len().max(1))) {
        let part = std::str::from_utf8(part).unwrap_or_default();
        // Every text has blanks, and most any two bytes.
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

/// What `in_an_environment_of_its_own` says of these variables.
fn child<'a, V: AsRef<OsStr>>(variables: impl IntoIterator<Item = (&'a str, V)>) -> Value {
    let output = Command::new(env::current_exe().unwrap())
        .args([
            "--exact",
            "auth::configuration::in_an_environment_of_its_own",
        ])
        .args(["--ignored", "--nocapture"])
        .env_remove("BETTER_AUTH_SECRET")
        .env_remove("BETTER_AUTH_ISSUER")
        .env_remove("BETTER_AUTH_AUDIENCE")
        .envs(variables)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().find_map(|line| line.strip_prefix(SAID));
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = said.unwrap_or_else(|| panic!("the child said nothing: {text}{errors}"));
    assert!(output.status.success());
    serde_json::from_str(said).unwrap()
}

const SAID: &str = "the child says: ";

/// The other tests run this in a process of its own, since no process can change its own
/// environment safely. It says, in JSON, what becomes of the variables that they set.
#[test]
#[ignore = "is run by other tests, in an environment that they choose"]
fn in_an_environment_of_its_own() {
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
    let from_env = JwtAuthLayer::from_env();
    let said = json!({
        "from_env": error(&from_env),
        "debug": from_env.as_ref().err().map(|error| format!("{error:?}")),
        "tokens": from_env.as_ref().ok().map(reasons),
        "variables": each(|builder| builder),
        "allow_missing": each(JwtAuthBuilder::allow_missing_secret),
        "sum": sum.build().ok().as_ref().map(reasons),
    });
    println!("\n{SAID}{said}");
}

#[test]
fn a_text_that_a_file_was_read_into_carelessly_is_refused() {
    for (description, secret) in [
        ("a carriage return", format!("{SECRET}\r")),
        ("a newline of Windows", format!("{SECRET}\r\n")),
        ("a byte order mark", format!("\u{FEFF}{SECRET}")),
    ] {
        let built = JwtAuthLayer::builder().secret(secret).build();
        let error = built.map(drop).expect_err(description).to_string();
        assert!(error.contains("part of the key"), "{description}: {error}");
    }
}
