//! The fields of an issuer that concern public keys.

use std::fs;

use serde_json::json;

use super::{build, conversion_error};
use crate::{
    key_source::secret_file::Folder,
    support::{signing_keys::*, *},
};

#[test]
fn public_keys_are_read_from_text_and_files() {
    let keys = ["1", "2", "3", "4"].map(|kid| SigningKey::generate("ES256", kid));
    let folder = Folder::new("config-keys");
    fs::write(folder.path("set.json"), jwks([&keys[1]])).unwrap();
    fs::write(folder.path("a.pem"), keys[2].pem()).unwrap();
    fs::write(folder.path("b.pem"), keys[3].pem()).unwrap();
    let layer = build(&json!({ "issuers": {
        "jwks_text": jwks([&keys[0]]),
        "jwks_file": folder.path("set.json"),
        "public_key_file": [folder.path("a.pem"), folder.path("b.pem")],
        "allow_any_audience": true,
    }}));
    for key in &keys {
        assert_eq!(
            reason(&layer, &key.token(&claims())),
            "accepted",
            "{}",
            key.kid
        );
    }
    let other = SigningKey::generate("ES256", "1");
    assert_eq!(reason(&layer, &other.token(&claims())), "signature");
}

#[test]
fn a_key_file_that_cannot_be_used_is_an_error_with_its_field() {
    let folder = Folder::new("config-files");
    fs::write(folder.path("large"), " ".repeat(1024 * 1024 + 1)).unwrap();
    fs::write(folder.path("binary"), [0xFF, 0xFE]).unwrap();
    for field in ["jwks_file", "public_key_file"] {
        for (name, problem) in [
            ("missing", "names a file that cannot be read"),
            ("large", "names a file that is larger than 1024 KiB"),
            ("binary", "names a file that cannot be read"),
            ("", "does not name a regular file"),
        ] {
            let error = conversion_error(&json!({ "issuers": [{ field: [folder.path(name)] }] }));
            let start = format!("`issuers[0].{field}[0]` {problem}");
            assert!(error.starts_with(&start), "{name}: {error}");
            assert!(!error.contains("config-files"), "{error}");
        }
    }
    // A file of the maximum size is read.
    let key = SigningKey::generate("ES256", "1");
    let mut padded = jwks([&key]);
    padded += &" ".repeat(1024 * 1024 - padded.len());
    fs::write(folder.path("set"), padded).unwrap();
    let issuer = json!({ "jwks_file": folder.path("set"), "allow_any_audience": true });
    let layer = build(&json!({ "issuers": issuer }));
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn the_algorithms_of_public_keys_reach_the_layer() {
    let keys = ["ES256", "EdDSA"].map(|alg| SigningKey::generate(alg, alg));
    for (algorithms, expected) in [
        (json!(["ES256"]), ["accepted", "algorithm"]),
        (json!("Ed25519"), ["algorithm", "accepted"]),
        (json!(["EdDSA", "ES256"]), ["accepted", "accepted"]),
    ] {
        let issuer = json!({
            "jwks_text": jwks(&keys), "algorithms": algorithms, "allow_any_audience": true,
        });
        let layer = build(&json!({ "issuers": issuer }));
        let reasons = keys
            .each_ref()
            .map(|key| reason(&layer, &key.token(&claims())));
        assert_eq!(reasons, expected, "{algorithms}");
    }
}
