//! Secrets that a builder rejects because they are weak or belong elsewhere.

use std::fs;

use tower::Layer;
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, Secret};

use super::{assert_hides, environment::child, fault, signed_with};
use crate::{key_source::secret_file::Folder, support::*};

/// A description, the secret, and a part of the error.
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
        ("one repeated byte", "a".repeat(64), "openssl rand"),
        ("seven repeated bytes", "abcdefg".repeat(8), "openssl rand"),
        ("spaces", " ".repeat(40), "openssl rand"),
        ("a PEM public key", pem("PUBLIC KEY"), "shared secret"),
        ("a PEM RSA key", pem("RSA PUBLIC KEY"), "shared secret"),
        ("a PEM private key", pem("PRIVATE KEY"), "shared secret"),
        ("a PEM certificate", pem("CERTIFICATE"), "shared secret"),
        (
            "a PEM key with a final newline",
            pem("PUBLIC KEY") + "\n",
            "shared secret",
        ),
        (
            "a PEM key on one line",
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
            "a JWK on several lines",
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
            "a final newline",
            "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)\n".into(),
            "trim",
        ),
        (
            "a final Windows newline",
            "Zq8#kV2!mN5$wX9&pR4*tY7^uI1(oL3)\r\n".into(),
            "trim",
        ),
    ]
}

/// Secrets with quotes or white space around them, as env files add, and a part of the error.
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

/// The builder methods that accept a secret as a string.
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
fn weak_secrets_and_keys_of_another_kind_are_rejected() {
    let mut failures = Vec::new();
    for (description, secret, fix) in weak_secrets() {
        for (way, builder) in given(&secret) {
            match builder.build() {
                Ok(_) => failures.push(format!("{description}, {way}: accepted")),
                Err(error) if !error.to_string().contains(fix) => {
                    failures.push(format!("{description}, {way}: no {fix:?} in: {error}"));
                }
                Err(_) => {}
            }
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn a_pem_key_after_other_text_is_rejected() {
    let pem = weak_secrets()
        .into_iter()
        .find(|(description, ..)| *description == "a PEM public key");
    let (_, pem, fix) = pem.unwrap();
    for (description, secret) in [
        (
            "explanatory text (RFC 7468 section 2)",
            format!("Subject: CN=example\n{pem}"),
        ),
        ("a byte order mark", format!("\u{FEFF}{pem}")),
        (
            "a quote, which docker's --env-file keeps",
            format!("\"{pem}\""),
        ),
    ] {
        let error = fault(JwtAuthLayer::builder().secret(secret).build(), description);
        assert!(error.contains(fix), "{description}: {error}");
    }
}

#[test]
fn a_command_in_place_of_its_output_is_rejected() {
    for secret in [
        "openssl rand -base64 32",
        "$(openssl rand -base64 32)",
        "`openssl rand -hex 32`",
        "the output of `openssl rand -base64 32`",
    ] {
        for (way, builder) in given(secret) {
            let error = fault(builder.allow_short_secret().build(), way);
            assert!(error.contains("instead of its output"), "{way}: {error}");
        }
    }
}

#[test]
fn a_secret_with_a_byte_order_mark_or_newline_is_rejected() {
    for (description, secret) in [
        ("a carriage return", format!("{SECRET}\r")),
        ("a Windows newline", format!("{SECRET}\r\n")),
        ("a byte order mark", format!("\u{FEFF}{SECRET}")),
    ] {
        let built = JwtAuthLayer::builder().secret(secret).build();
        let error = built.map(drop).expect_err(description).to_string();
        assert!(error.contains("part of the key"), "{description}: {error}");
    }
}

#[test]
fn quotes_and_spaces_around_a_secret_are_rejected() {
    for (secret, problem) in secrets_with_stray_ends() {
        for (way, builder) in given(&secret) {
            let error = fault(builder.build(), way);
            for part in [problem, "Secret::from_bytes"] {
                assert!(error.contains(part), "{secret:?}, {way}: {error}");
            }
            assert_hides(&error, secret.trim(), way);
        }
    }
    let secrets = secrets_with_stray_ends();
    let names: Vec<String> = (0..secrets.len()).map(|i| format!("SECRET_{i}")).collect();
    let variables = names.iter().zip(&secrets);
    let report = child(variables.map(|(name, (secret, _))| (name.as_str(), secret.as_str())));
    for (name, (_, problem)) in names.iter().zip(&secrets) {
        let error = report["variables"][name].as_str().unwrap_or_default();
        assert!(
            error.contains(name.as_str()) && error.contains(problem),
            "{error}"
        );
    }
}

#[test]
fn a_secret_from_bytes_may_have_quotes_or_spaces_around_it() {
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
fn a_secret_in_a_variable_obeys_the_same_rules() {
    let secrets = weak_secrets();
    let names: Vec<String> = (0..secrets.len()).map(|i| format!("SECRET_{i}")).collect();
    let variables = names.iter().zip(&secrets);
    let report = child(variables.map(|(name, (_, secret, _))| (name.as_str(), secret.as_str())));
    for (name, (description, secret, fix)) in names.iter().zip(&secrets) {
        let error = report["variables"][name].as_str();
        let error = error.unwrap_or_else(|| panic!("{description}: accepted"));
        assert!(error.contains(name.as_str()), "{description}: {error}");
        assert!(
            secret.is_empty() || error.contains(fix),
            "{description}: no {fix:?} in: {error}"
        );
        assert_hides(error, secret, description);
    }
}

#[test]
fn a_secret_from_bytes_obeys_the_same_rules_except_for_newlines() {
    let build = |bytes: &[u8]| {
        JwtAuthLayer::builder()
            .secret(Secret::from_bytes(bytes))
            .build()
    };
    for (description, secret, fix) in weak_secrets() {
        if description.contains("newline") && !description.contains("PEM") {
            continue;
        }
        let error = fault(build(secret.as_bytes()), description);
        assert!(error.contains(fix), "{description}: {error}");
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
fn a_secret_of_32_bytes_with_8_distinct_ones_is_accepted() {
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
fn a_secret_is_used_without_decoding() {
    for (description, secret, other) in [
        (
            "base64 is not decoded",
            "YSBzZWNyZXQgb2YgMzIgYnl0ZXMgb3IgbW9yZSwgMDEyMw==",
            "a secret of 32 bytes or more, 0123",
        ),
        (
            "hex is not decoded",
            "303132333435363738396162636465663031323334353637",
            "0123456789abcdef01234567",
        ),
        (
            "a string in braces is not a JWK",
            "{a secret of 32 bytes or more, 0123}",
            "a secret of 32 bytes or more, 0123",
        ),
        (
            "characters outside ASCII",
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
fn a_short_secret_must_be_allowed_explicitly() {
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
fn no_error_and_no_debug_output_contains_a_secret() {
    let folder = Folder::new("no_message");
    let file = folder.path("secrets");
    for (description, secret, _) in weak_secrets() {
        let from_bytes = JwtAuthLayer::builder().secret(Secret::from_bytes(secret.as_bytes()));
        fs::write(&file, &secret).unwrap();
        let from_file = JwtAuthLayer::builder().secret_from_file(&file);
        let builders = given(&secret).into_iter();
        for (way, builder) in builders.chain([("bytes", from_bytes), ("file", from_file)]) {
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
        (
            "the secret of bytes",
            format!("{:?}", Secret::from_bytes(secret)),
        ),
    ] {
        assert_hides(&text, secret, description);
    }
}
