//! Keys in PEM (RFC 7468), and single keys.

use serde_json::json;
use tower_jwt_auth::{Algorithm, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[test]
fn a_pem_key_verifies_with_the_default_algorithm_of_its_type() {
    for alg in supported(["RS256", "ES256", "ES384", "ES512", "EdDSA"]) {
        let usual = algorithm(alg);
        let key = SigningKey::generate(alg, "1");
        let pem = key.pem();
        let parsed = VerifyingKey::from_pem(&pem).unwrap();
        assert_eq!(
            (parsed.algorithm(), parsed.key_id()),
            (usual, None),
            "{alg}"
        );
        for (row, pem) in [
            ("unchanged", pem.clone()),
            ("without its last newline", pem.trim_end().to_owned()),
            ("with newlines around it", format!("\n\n{pem}\n")),
            ("with Windows line endings", pem.replace('\n', "\r\n")),
        ] {
            let layer = any_audience().public_key_pem(pem).build();
            let layer = layer.unwrap_or_else(|error| panic!("{alg}, {row}: {error}"));
            let token = key.token(&claims());
            assert_eq!(reason(&layer, &token), "accepted", "{alg}, {row}");
            let other = SigningKey::generate(alg, "1").token(&claims());
            assert_eq!(reason(&layer, &other), "signature", "{alg}, {row}");
        }
    }
}

#[test]
fn an_rsa_key_in_pkcs_1_is_accepted() {
    let mut key = SigningKey::generate("RS256", "1");
    let layer = any_audience()
        .public_key_pem(key.pkcs1_pem())
        .build()
        .unwrap();
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
    key.alg = "PS512";
    let parsed = VerifyingKey::from_pem(key.pkcs1_pem()).unwrap();
    let parsed = parsed.with_algorithm(Algorithm::PS512).unwrap();
    let layer = any_audience().key(parsed).build().unwrap();
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn several_keys_in_pem_add_up() {
    let keys = ["RS256", "ES256", "ES256", "EdDSA"].map(|alg| SigningKey::generate(alg, "1"));
    let builder = keys.iter().fold(any_audience(), |builder, key| {
        builder.public_key_pem(key.pem())
    });
    let layer = builder.build().unwrap();
    for key in &keys {
        assert_eq!(
            reason(&layer, &key.token(&claims())),
            "accepted",
            "{}",
            key.alg
        );
    }
}

#[test]
fn a_private_key_is_rejected_and_the_error_names_the_fix() {
    let generated = ["RS256", "ES256", "ES512", "EdDSA"]
        .map(|alg| (alg, SigningKey::generate(alg, "1").private_pem()));
    let labels = [
        "RSA PRIVATE KEY",
        "EC PRIVATE KEY",
        "ENCRYPTED PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
    ];
    let labelled = labels.map(|label| (label, pem(label, &[0x30, 0])));
    for (row, pem) in generated.into_iter().chain(labelled) {
        for error in [
            VerifyingKey::from_pem(&pem).unwrap_err().to_string(),
            fault(any_audience().public_key_pem(&*pem)),
        ] {
            assert_contains(&error, "it is a private key", row);
            assert_contains(&error, "use its public key", row);
            let secret = pem.lines().nth(1).unwrap();
            assert!(!error.contains(secret), "{row}: {error}");
        }
    }
}

#[test]
fn a_certificate_is_rejected_and_the_error_names_the_fix() {
    for (row, text) in [
        ("a certificate", CERTIFICATE.to_owned()),
        (
            "with text before it",
            format!("subject=CN = x\n{CERTIFICATE}"),
        ),
        ("a chain", CERTIFICATE.repeat(2)),
    ] {
        let error = fault(any_audience().public_key_pem(text));
        assert_contains(&error, "it is a certificate", row);
        assert_contains(&error, "openssl x509 -pubkey -noout", row);
    }
}

#[test]
fn input_that_is_not_pem_is_rejected_with_the_expected_label() {
    let key = SigningKey::generate("ES256", "1");
    for (row, text) in [
        ("empty", Vec::new()),
        ("white space", b" \n".to_vec()),
        ("garbage", b"garbage".to_vec()),
        ("bytes", vec![0xFF; 300]),
        ("DER", key.spki()),
        ("base64 without its label", encode(key.spki()).into_bytes()),
        ("a JWK", key.jwk().to_string().into_bytes()),
        ("a JWK Set", jwks([&key]).into_bytes()),
        (
            "an SSH key",
            b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA a@b".to_vec(),
        ),
        ("a path", b"/etc/keys/public.pem".to_vec()),
        ("another label", pem("EC PARAMETERS", &[5, 0]).into_bytes()),
    ] {
        let error = VerifyingKey::from_pem(&text).unwrap_err();
        assert_contains(error, "-----BEGIN PUBLIC KEY-----", row);
        let error = fault(any_audience().public_key_pem(text));
        assert_contains(error, "the public key in PEM: ", row);
    }
}

#[test]
fn a_pem_must_contain_exactly_one_key() {
    let (key, other) = (
        SigningKey::generate("ES256", "1"),
        SigningKey::generate("RS256", "2"),
    );
    let several = "contains more than one key or certificate";
    for first in [key.pem(), other.pkcs1_pem()] {
        for (row, more, wrong) in [
            ("another key", other.pem(), several),
            ("the same key", first.clone(), several),
            ("a PKCS #1 key", other.pkcs1_pem(), several),
            ("a certificate", CERTIFICATE.to_owned(), several),
            ("another label", pem("EC PARAMETERS", &[5, 0]), several),
            ("a broken key", "-----BEGIN PUBLIC KEY-----".into(), several),
            ("its private key", key.private_pem(), "a private key"),
            (
                "its encrypted private key",
                pem("ENCRYPTED PRIVATE KEY", &[0x30, 0]),
                "a private key",
            ),
            ("a word", "garbage".into(), "text follows the line -----END"),
            (
                "a comment",
                "# new".into(),
                "text follows the line -----END",
            ),
            ("a NUL", "\0".into(), "text follows the line -----END"),
            (
                "DER",
                "\u{30}\u{2a}".into(),
                "text follows the line -----END",
            ),
        ] {
            for between in ["", "\n", "\r\n\r\n", "# 2026\n"] {
                let text = format!("{first}{between}{more}");
                let row = format!("{row} after {between:?}");
                assert_contains(VerifyingKey::from_pem(&text).unwrap_err(), wrong, &row);
                let error = fault(any_audience().public_key_pem(text));
                assert_contains(&error, "the public key in PEM: ", &row);
                assert_contains(&error, wrong, &row);
            }
            // On the same line as the end.
            let text = format!("{}{more}", first.trim_end());
            assert_contains(VerifyingKey::from_pem(text).unwrap_err(), wrong, row);
        }
    }
    let error = VerifyingKey::from_pem(key.pem() + &other.pem()).unwrap_err();
    assert_contains(error, "with a separate call", "two keys");

    for (row, before, wrong) in [
        ("a comment", "# new\n".to_owned(), "text precedes the line"),
        (
            "attributes",
            "Bag Attributes\n".into(),
            "text precedes the line",
        ),
        ("a certificate", CERTIFICATE.into(), "it is a certificate"),
        ("a private key", key.private_pem(), "it is a private key"),
    ] {
        let error = VerifyingKey::from_pem(before + &key.pem()).unwrap_err();
        assert_contains(error, wrong, row);
    }
}

/// An escaped environment variable contains such text.
#[test]
fn the_error_for_a_pem_with_escaped_newlines_names_them() {
    let key = SigningKey::generate("RS256", "1");
    for text in [key.pem(), key.pkcs1_pem()] {
        let written = text.replace('\n', "\\n");
        for (row, text) in [
            ("all", written.clone()),
            ("in quotes", format!("\"{written}\"")),
            ("in other quotes, with a newline", format!("'{written}'\n")),
            ("Windows line endings", text.replace('\n', "\\r\\n")),
            (
                "all but the last",
                format!("{}\n", written.trim_end_matches("\\n")),
            ),
            ("the first", text.replacen('\n', "\\n", 1)),
        ] {
            let error = fault(any_audience().public_key_pem(text));
            assert_contains(&error, r"escaped as a backslash and an n (`\n`)", row);
        }
    }
}

#[test]
fn a_damaged_pem_or_an_unsupported_key_is_rejected() {
    let key = SigningKey::generate("ES256", "1");
    let valid = key.pem();
    let der = key.spki();
    let rows = [
        ("no end", valid.replace("-----END PUBLIC KEY-----\n", "")),
        (
            "the end of another label",
            valid.replace("END PUBLIC", "END RSA PUBLIC"),
        ),
        ("no body", pem("PUBLIC KEY", &[])),
        ("half a body", pem("PUBLIC KEY", &der[..der.len() / 2])),
        ("not base64", valid.replace("MFkw", "M!!w")),
        ("not DER", pem("PUBLIC KEY", &[0xFF; 91])),
        (
            "an EC key under the label of RSA",
            pem("RSA PUBLIC KEY", &der),
        ),
        (
            "a JWK under the label",
            pem("PUBLIC KEY", key.jwk().to_string().as_bytes()),
        ),
        ("X25519", labelled(X25519)),
        ("Ed448", labelled(ED448)),
        ("secp256k1", labelled(SECP256K1)),
        ("brainpoolP256r1", labelled(BRAINPOOL)),
        ("P-224", labelled(P224)),
        ("P-256, compressed", labelled(P256_COMPRESSED)),
        ("P-256, hybrid form", {
            // An uncompressed point with another first byte (X9.62 section 4.3.6).
            let (head, point) = der.split_at(26);
            let parity = point[64] & 1;
            pem("PUBLIC KEY", &[head, &[6 | parity], &point[1..]].concat())
        }),
        ("the point at infinity", {
            // BIT STRING of one zero byte.
            let head = [0x30, 0x19];
            pem("PUBLIC KEY", &[&head, &der[2..23], &[3, 2, 0, 0]].concat())
        }),
    ];
    for (row, text) in rows {
        let parsed = VerifyingKey::from_pem(&text);
        let error = parsed.map(|key| panic!("{row}: {key:?}")).unwrap_err();
        assert_contains(error, "the public key in PEM: ", row);
        assert_contains(
            fault(any_audience().public_key_pem(text)),
            "the public key in PEM: ",
            row,
        );
    }
}

/// Rejecting a key that is restricted to RSASSA-PSS (RFC 4055 section 1.2) is also correct.
#[test]
fn an_rsa_pss_key_is_never_an_rs256_key() {
    if let Ok(key) = VerifyingKey::from_pem(labelled(RSA_PSS)) {
        assert_ne!(key.algorithm(), Algorithm::RS256);
    }
}

#[test]
fn the_error_for_a_compressed_point_names_the_compression() {
    let error = VerifyingKey::from_pem(labelled(P256_COMPRESSED)).unwrap_err();
    assert_contains(error, "compressed", "P-256");
}

#[test]
fn a_key_can_be_bound_only_to_an_algorithm_of_its_type() {
    let all = ALGORITHMS
        .map(algorithm)
        .into_iter()
        .chain([Algorithm::HS256]);
    for alg in supported(["RS256", "ES256", "ES384", "ES512", "EdDSA"]) {
        let key = SigningKey::generate(alg, "1");
        let from_pem = VerifyingKey::from_pem(key.pem()).unwrap();
        let from_jwk = VerifyingKey::from_jwk(&key.jwk().to_string()).unwrap();
        for wanted in all.clone() {
            let is_rsa = |name: &str| name.starts_with("RS") || name.starts_with("PS");
            let fits = wanted.to_string() == alg || is_rsa(alg) && is_rsa(&wanted.to_string());
            for key in [&from_pem, &from_jwk] {
                match key.clone().with_algorithm(wanted) {
                    Ok(bound) => {
                        assert!(fits, "{alg} as {wanted}");
                        assert_eq!(bound.algorithm(), wanted, "{alg} as {wanted}");
                        assert_eq!(bound.key_id(), key.key_id(), "{alg} as {wanted}");
                    }
                    Err(error) => {
                        assert!(!fits, "{alg} as {wanted}");
                        let wrong = format!("{wanted} cannot be used with this type of key");
                        assert_contains(error, &wrong, alg);
                    }
                }
            }
        }
    }
}

#[test]
fn a_bound_key_verifies_only_with_its_bound_algorithm() {
    let mut key = SigningKey::generate("RS256", "1");
    let parsed = VerifyingKey::from_pem(key.pem()).unwrap();
    let bound = parsed.with_algorithm(Algorithm::PS256).unwrap();
    let layer = any_audience().key(bound).build().unwrap();
    assert_eq!(reason(&layer, &key.token(&claims())), "algorithm");
    key.alg = "PS256";
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");
}

#[test]
fn a_single_jwk_is_read_like_a_jwk_in_a_set() {
    let key = SigningKey::generate("PS384", "1");
    let parsed = VerifyingKey::from_jwk(&key.jwk().to_string()).unwrap();
    assert_eq!(
        (parsed.algorithm(), parsed.key_id()),
        (Algorithm::PS384, Some("1"))
    );
    let layer = any_audience().key(parsed).build().unwrap();
    assert_eq!(reason(&layer, &key.token(&claims())), "accepted");

    for (row, text, wrong) in [
        ("not JSON", "key".to_owned(), "not JSON"),
        ("PEM", key.pem(), "not JSON"),
        ("a set", jwks([&key]), "kty"),
        (
            "a private key",
            with(key.jwk(), json!({ "d": "AAAA" })).to_string(),
            "private",
        ),
        (
            "for encryption",
            with(key.jwk(), json!({ "use": "enc" })).to_string(),
            "use",
        ),
    ] {
        let error = VerifyingKey::from_jwk(&text).unwrap_err().to_string();
        assert_contains(&error, wrong, row);
        assert_contains(&error, "the JWK: ", row);
    }
}

#[test]
fn debug_output_of_a_key_shows_only_its_algorithm_and_kid() {
    let key = SigningKey::generate("ES256", "the-id");
    let parsed = VerifyingKey::from_jwk(&key.jwk().to_string()).unwrap();
    let debug = format!("{parsed:?}");
    assert_contains(&debug, "ES256", "debug");
    assert_contains(&debug, "the-id", "debug");
    assert!(debug.len() < 100, "{debug}");
}

fn labelled(base64: &str) -> String {
    format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n")
}

// Generated with openssl.

const X25519: &str = "MCowBQYDK2VuAyEAvCo6iNMoqiBHNW7H62hMI1G5t/GipnDevKF9X8LH6Hw=";

const ED448: &str = "\
MEMwBQYDK2VxAzoA0bCLvJE+/rjQ4t6R5vCIepk4U2ASDsdo0SFfFvEqKrL1hv36
uFD+rmk3mo9br9a9XHBceQiTgFqA";

const SECP256K1: &str = "\
MFYwEAYHKoZIzj0CAQYFK4EEAAoDQgAEpzulGnrZNYCo83yqJN2bCDuzWDMIrAV2
j0ht5jxGdVbGua4M2RLWhV88znEJ2PwRQsdeC5NbC1B505L+5fy5FA==";

const BRAINPOOL: &str = "\
MFowFAYHKoZIzj0CAQYJKyQDAwIIAQEHA0IABFnLh0B3iOzQt51E/FlOiwkrrvPg
KFQ30jcb321cV+0boKsZRYroK0VQerL3GAgzWzsFfLPkHQ8zZnjU6ae8Rfw=";

const P224: &str = "\
ME4wEAYHKoZIzj0CAQYFK4EEACEDOgAE5xlvi7561zQGW3+DWZYlh/EPV+ji5Hc8
i3Tbh99tHOHHaYdVUIy1OoUuinBcqirqWAvRqb9SAQM=";

const P256_COMPRESSED: &str = "\
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgACu4GjSdNNPtGotdYl+ngyg3AkpAEw
7uViiS20EHa61vQ=";

const RSA_PSS: &str = "\
MIIBIDALBgkqhkiG9w0BAQoDggEPADCCAQoCggEBAL7ZybBIVY/fHDdqtPhhmHR5
ByJPoIRHgBHKZj8UgBNI2pMkEKmNEqFDHcA6Xrq17OhJU3vhj1CYR+gSO7tEX3Ug
0V+/f1M6EupslUODZJxtevyhoeQCOHED50hcm2VrxUJqEoRRXCB+Vr7jCfOyEhgG
FFR+QEdtclymJt8Z2wBAVTqrr1fD+bpHaiCQJ9bP2MZpJxIBWnA06Tezu9VM0UnQ
mRiBpbVev7isFz453UesxDyBN7WIxkotPE5memitoqhAEm+jHTFhIotA9CiQjlHb
+0ojsdz6LejzYHicUGUTPka711GLxjebwnWf4fjH4iN/vASw8eh9MeH8nwf79/EC
AwEAAQ==";

/// A certificate of an Ed25519 key.
const CERTIFICATE: &str = "\
-----BEGIN CERTIFICATE-----
MIIBLDCB36ADAgECAhR9j+t82nEXpX9BnEwCrKUJTiGCpDAFBgMrZXAwDDEKMAgG
A1UEAwwBeDAeFw0yNjExMjQwOTAwNDRaFw0zNjExMjEwOTAwNDRaMAwxCjAIBgNV
BAMMAXgwKjAFBgMrZXADIQDB2n4dK6jDZHTrNZwKo19QS3kFWcQEnDEGQtAECALp
DqNTMFEwHQYDVR0OBBYEFKnVXQA0Jjw2ONLYr5/YhB90m637MB8GA1UdIwQYMBaA
FKnVXQA0Jjw2ONLYr5/YhB90m637MA8GA1UdEwEB/wQFMAMBAf8wBQYDK2VwA0EA
4AvFq6H1MB+1yGHyjNDzdzZySc+jMIi9k6SxmmlWXiiUc7S6ntD6bUpIXc8UZSFF
lJsp6FvnEiRSaGXZ+nozBA==
-----END CERTIFICATE-----
";
