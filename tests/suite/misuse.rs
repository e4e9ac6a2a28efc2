//! Mistakes that are easily made, and that they are loud: each is told of in words that say what
//! mends it.

use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet};

/// The messages of a configuration, one by one.
#[track_caller]
fn faults(builder: JwtAuthBuilder) -> Vec<String> {
    let error = builder.build().map(drop).unwrap_err().to_string();
    match error.split_once(" configuration faults:\n- ") {
        Some((count, list)) => {
            let faults: Vec<_> = list.split("\n- ").map(str::to_owned).collect();
            assert_eq!(count, faults.len().to_string());
            faults
        }
        None => vec![error],
    }
}

/// That these are all messages, whatever their order, each with these words in it.
#[track_caller]
fn assert_all_told(row: &str, builder: JwtAuthBuilder, expected: &[&str]) {
    let faults = faults(builder);
    assert_eq!(faults.len(), expected.len(), "{row}: {faults:#?}");
    for words in expected {
        let told = faults.iter().filter(|fault| fault.contains(words));
        assert_eq!(told.count(), 1, "{row}: {words:?} in {faults:#?}");
    }
}

#[cfg(all(feature = "aws-lc-rs", feature = "jwks"))]
#[test]
fn all_faults_of_a_configuration_are_told_at_once() {
    let builder = JwtAuthLayer::builder;
    let private = "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----";
    assert_all_told(
        "an origin, and what else is wrong",
        JwtAuthLayer::better_auth("app.example.com")
            .secret("short")
            .audience("")
            .max_token_len(0),
        &[
            "the origin",
            "at least 32",
            "the audience is empty",
            "16 KiB",
        ],
    );
    assert_all_told(
        "an origin, and what is wrong with the keys",
        JwtAuthLayer::better_auth("app.example.com")
            .public_key_pem(private)
            .algorithms([]),
        &["the origin", "private key", ".algorithms(…)"],
    );
    assert_all_told(
        "an origin alone, whose keys were to be fetched",
        JwtAuthLayer::better_auth("app.example.com"),
        &["the origin"],
    );
    assert_all_told(
        "secrets and public keys, both wrong",
        builder().secret("short").public_key_pem(private),
        &["both secrets and public keys", "at least 32", "private key"],
    );
    assert_all_told(
        "a URL beside others, all of them wrong",
        builder()
            .jwks_url("ftp://example.com")
            .public_key_pem(private)
            .jwks_text("{}"),
        &[
            "configured beside others",
            "https://",
            "private key",
            "JWK Set",
        ],
    );
    assert_all_told(
        "no key, and a wrong rule",
        builder().keys(KeySet::default()).issuer(""),
        &["no public key is left", "the issuer is empty"],
    );
    assert_all_told(
        "two issuers, both wrong",
        JwtAuthLayer::better_auth("app.example.com").or(builder().secret("short").issuer("")),
        &["the origin", "at least 32", "the issuer is empty"],
    );
}
