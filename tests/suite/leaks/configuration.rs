//! The errors of invalid configurations, and of secret files that become invalid later.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tower_jwt_auth::{ConfigError, JwtAuthBuilder, JwtAuthLayer, KeySet, VerifyingKey};

use super::marks::*;
use crate::{
    events::{Captured, told},
    key_source::secret_file::Folder,
    support::*,
};

fn pem(label: &str) -> String {
    let body = BASE64_STANDARD.encode(MARKED.repeat(2));
    format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
}

fn private_jwk() -> String {
    format!(
        r#"{{"kty":"OKP","crv":"Ed25519","x":"{0}","d":"{0}"}}"#,
        encode(MARKED)
    )
}

/// Invalid secrets that contain marked bytes.
fn weak_secrets() -> Vec<(&'static str, String)> {
    vec![
        ("short", MARKED[..31].to_owned()),
        ("with a newline", format!("{MARKED}\n")),
        ("with a byte order mark", format!("\u{FEFF}{MARKED}")),
        ("a PEM key", pem("PRIVATE KEY")),
        ("a PEM key after text", format!("{MARKED}\n{}", pem("X"))),
        ("a JWK", private_jwk()),
        (
            "a JWK of a secret",
            format!(r#"{{"kty":"oct","k":"{MARKED}"}}"#),
        ),
        ("an SSH key", format!("ssh-ed25519 {MARKED}")),
    ]
}

/// Configurations with a marked value in the wrong setting or in an invalid form.
fn invalid_builders() -> Vec<(&'static str, JwtAuthBuilder)> {
    let builder = any_audience;
    let set = format!(r#"{{"keys":[{},"{MARKED}"]}}"#, private_jwk());
    vec![
        (
            "a private key as PEM",
            builder().public_key_pem(pem("PRIVATE KEY")),
        ),
        ("a secret as PEM", builder().public_key_pem(MARKED)),
        ("damaged PEM", builder().public_key_pem(pem("PUBLIC KEY"))),
        ("private keys in a set", builder().jwks_text(set)),
        ("a secret as a set", builder().jwks_text(MARKED)),
        ("a JWK as a set", builder().jwks_text(private_jwk())),
        (
            "a secret as the name of a variable",
            builder().secret_from_env(MARKED),
        ),
        (
            "a variable name in base64",
            builder().secret_from_env(format!("{}=", &encode(MARKED)[..43])),
        ),
        (
            "a variable name in hex",
            builder().secret_from_env(
                MARKED
                    .bytes()
                    .map(|byte| format!("{byte:02x}"))
                    .collect::<String>(),
            ),
        ),
        ("a secret as an origin", JwtAuthLayer::better_auth(MARKED)),
        (
            "a private key as an origin",
            JwtAuthLayer::better_auth(pem("PRIVATE KEY")),
        ),
        ("a secret as a URL", builder().jwks_url(MARKED)),
        (
            "a set as a URL",
            builder().jwks_url(format!(r#"{{"keys":[{}]}}"#, private_jwk())),
        ),
        (
            "a scheme before a secret",
            builder().jwks_url(format!("postgres://{MARKED}")),
        ),
        (
            "a password in a URL",
            builder().jwks_url(format!("https://user:{MARKED}@a.example")),
        ),
        (
            "a user name in a URL",
            builder().jwks_url(format!("https://{MARKED}@a.example")),
        ),
        (
            "a password with a slash",
            builder().jwks_url(format!("https://u:a/{MARKED}@a.example")),
        ),
        (
            "a password in an origin",
            JwtAuthLayer::better_auth(format!("https://u:{MARKED}@a.example")),
        ),
        (
            "a password in an origin with a slash",
            JwtAuthLayer::better_auth(format!("https://u:{MARKED}@a.example/")),
        ),
        (
            "a password in an http origin",
            JwtAuthLayer::better_auth(format!("http://u:{MARKED}@a.example")),
        ),
        (
            "a valid secret and a URL",
            builder().secret(MARKED).jwks_url("ftp://example.com"),
        ),
        (
            "a valid secret and an invalid realm",
            builder().secret(MARKED).realm("\""),
        ),
        ("nine secrets", builder().secrets([MARKED; 9])),
    ]
}

#[cfg(feature = "sessions")]
fn invalid_sessions() -> Vec<(&'static str, JwtAuthBuilder)> {
    use tower_jwt_auth::BetterAuthSessions;

    let sessions = || BetterAuthSessions::remote("https://app.example.com");
    let url = format!("https://u:{MARKED}@a.example");
    let rows = vec![
        ("a secret as the origin", BetterAuthSessions::remote(MARKED)),
        ("a password in the origin", BetterAuthSessions::remote(&url)),
        ("a secret as the URL", sessions().session_url(MARKED)),
        ("a password in the URL", sessions().session_url(&url)),
        (
            "a query in the URL",
            sessions().session_url(format!("https://a.example/?key={MARKED}")),
        ),
        (
            "a secret as a trusted origin",
            sessions().trusted_origins([MARKED]),
        ),
        (
            "a password in a trusted origin",
            sessions().trusted_origins([&url]),
        ),
        (
            "a secret as the cookie",
            sessions().cookie_name(format!("{MARKED}=")),
        ),
        ("a short secret", sessions().secret(&MARKED[..31])),
        ("a PEM key", sessions().secret(pem("PRIVATE KEY"))),
        (
            "a secret as the variable",
            sessions().secret_from_env(MARKED),
        ),
    ];
    #[cfg(feature = "sessions-cookie-cache")]
    let rows = {
        let cached = |sessions: BetterAuthSessions| sessions.cookie_cache().secret(MARKED);
        let only = BetterAuthSessions::cookie_only;
        [
            ("a secret as the origin of the cookie", cached(only(MARKED))),
            (
                "a secret as the name of session_data",
                cached(sessions().cookie_cache_name(format!("{MARKED}="))),
            ),
            (
                "a secret as the version without the cookie",
                sessions().cookie_cache_version(MARKED),
            ),
        ]
        .into_iter()
        .chain(rows)
        .collect::<Vec<_>>()
    };
    let sessions = |(name, sessions)| (name, keyless().sessions(sessions));
    rows.into_iter().map(sessions).collect()
}

#[test]
fn no_configuration_error_reveals_a_secret() {
    let marks = Marks::new();
    let folder = Folder::new("leaks");
    let mut rows: Vec<(String, JwtAuthBuilder)> = Vec::new();
    for (index, (name, secret)) in weak_secrets().into_iter().enumerate() {
        let file = folder.path(&format!("secrets-{index}"));
        fs::write(&file, &secret).unwrap();
        let builder = JwtAuthLayer::builder;
        rows.push((format!("{name}, string"), builder().secret(secret.as_str())));
        rows.push((
            format!("{name}, list"),
            builder().secrets([MARKED, &secret]),
        ));
        // A file may end in a newline.
        if !name.contains("newline") {
            rows.push((format!("{name}, file"), builder().secret_from_file(file)));
        }
    }
    let binary = folder.path("binary");
    fs::write(&binary, [MARKED.as_bytes(), b"\xFF"].concat()).unwrap();
    rows.push((
        "not UTF-8".into(),
        JwtAuthLayer::builder().secret_from_file(binary),
    ));
    let invalid = invalid_builders().into_iter();
    #[cfg(feature = "sessions")]
    let invalid = invalid.chain(invalid_sessions());
    rows.extend(invalid.map(|(name, builder)| (name.into(), builder)));

    for (name, builder) in rows {
        let printed = format!("{builder:?} {builder:#?}");
        marks.assert_absent(printed, format!("{name}: the builder"));
        let events = Captured::start();
        let error = builder.build().map(drop).expect_err(&name);
        marks.assert_absent(full_text(&error), &name);
        marks.assert_absent(events.text(), format!("{name}: the events"));
    }
}

#[test]
fn no_key_error_reveals_a_secret() {
    let errors: [(&str, ConfigError); 5] = [
        (
            "PEM",
            VerifyingKey::from_pem(pem("PRIVATE KEY")).unwrap_err(),
        ),
        ("not PEM", VerifyingKey::from_pem(MARKED).unwrap_err()),
        ("a JWK", VerifyingKey::from_jwk(&private_jwk()).unwrap_err()),
        ("not a JWK", VerifyingKey::from_jwk(MARKED).unwrap_err()),
        (
            "a set",
            KeySet::from_jwks(&format!(r#"{{"keys":[{}]}}"#, private_jwk())).unwrap_err(),
        ),
    ];
    for (name, error) in errors {
        Marks::new().assert_absent(full_text(&error), name);
    }
}

#[test]
fn a_file_that_becomes_invalid_is_logged_without_its_content() {
    for (name, content) in weak_secrets() {
        if name.contains("newline") {
            continue;
        }
        let events = Captured::start();
        let folder = Folder::new("leaks");
        let path = folder.path("secrets");
        fs::write(&path, MARKED).unwrap();
        let now = Arc::new(AtomicU64::new(NOW));
        let clock = Arc::clone(&now);
        let layer = JwtAuthLayer::builder()
            .secret_from_file(&path)
            .clock(move || at(clock.load(Ordering::Relaxed)))
            .build()
            .unwrap();
        fs::write(&path, content).unwrap();
        for _ in 0..3 {
            now.fetch_add(2, Ordering::Relaxed);
            let _ = layer.verifier().verify("a.b.c");
        }
        assert_eq!(events.at("ERROR").len(), told(), "{name}");
        Marks::new().assert_absent(events.text(), name);
        Marks::new().assert_absent(format!("{layer:?} {layer:#?}"), name);
    }
}

#[test]
fn an_invalid_url_is_shown_without_credentials_and_query() {
    for (url, shown) in [
        ("http://auth:3000/jwks?a=b", "\"http://auth:3000/jwks\""),
        ("https://u:p@a.example/jwks", "\"https://…@a.example/jwks\""),
    ] {
        let error = JwtAuthLayer::better_auth(url).build().unwrap_err();
        assert!(error.to_string().contains(shown), "{error}");
    }
}
