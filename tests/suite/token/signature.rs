//! The signature: the HMAC of header and payload under a configured secret.

use serde_json::json;
use tower_jwt_auth::{JwtAuthLayer, Secret};

use crate::support::*;

const ANOTHER: &str = "another secret of thirty-two bytes and more";

/// Returns header and payload of a valid token, and its decoded signature.
fn parts() -> (String, Vec<u8>) {
    let token = token(&claims());
    let (input, _) = token.rsplit_once('.').unwrap();
    (input.to_owned(), mac(input, SECRET))
}

fn with_signature(signature: impl AsRef<[u8]>) -> String {
    let (input, _) = parts();
    format!("{input}.{}", encode(signature))
}

/// Secrets and public keys have the same message.
#[test]
fn the_error_for_a_signature_does_not_name_a_kind_of_key() {
    let error = layer().verifier().verify(&with_signature([0; 32]));
    let message = error.unwrap_err().to_string();
    assert!(message.contains("configured key"), "{message}");
    for kind in ["secret", "public", "JWK"] {
        assert!(!message.contains(kind), "{message}");
    }
}

#[tokio::test]
async fn a_signature_not_made_with_the_secret_is_rejected() {
    let (input, tag) = parts();
    let reversed: Vec<u8> = tag.iter().rev().copied().collect();
    assert_each_refused(
        &layer(),
        "signature",
        [
            ("its first 16 bytes", with_signature(&tag[..16])),
            ("its last 16 bytes", with_signature(&tag[16..])),
            ("one byte", with_signature(&tag[..1])),
            ("one byte short", with_signature(&tag[..31])),
            ("one byte long", with_signature([&*tag, b"\0"].concat())),
            (
                "one byte before it",
                with_signature([b"\0", &*tag].concat()),
            ),
            ("twice", with_signature([&*tag, &*tag].concat())),
            (
                "1000 bytes after it",
                with_signature([&*tag, &[0; 1000]].concat()),
            ),
            ("all zero", with_signature([0; 32])),
            ("all ones", with_signature([0xff; 32])),
            ("one zero byte", with_signature([0])),
            ("reversed", with_signature(reversed)),
            ("in hexadecimal", with_signature(hexadecimal(&tag))),
            ("encoded twice", with_signature(encode(&tag))),
            ("an empty key", sign_encoded(&input, "")),
            ("a key of 32 zero bytes", sign_encoded(&input, [0; 32])),
            ("another secret", sign_encoded(&input, ANOTHER)),
            (
                "the secret in capitals",
                sign_encoded(&input, SECRET.to_uppercase()),
            ),
            (
                "the secret and a newline",
                sign_encoded(&input, format!("{SECRET}\n")),
            ),
            (
                "the secret's first half",
                sign_encoded(&input, &SECRET[..16]),
            ),
            (
                "the secret in base64url",
                sign_encoded(&input, encode(SECRET)),
            ),
            (
                "of only the payload",
                with_signature(mac(input.split_once('.').unwrap().1, SECRET)),
            ),
            (
                "of the input and a dot",
                with_signature(mac(&format!("{input}."), SECRET)),
            ),
        ],
    )
    .await;
    assert_each_accepted(&layer(), [("the original", with_signature(&tag))]).await;
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn an_empty_signature_is_rejected() {
    let token = with_signature("");
    assert!(token.ends_with('.'));
    assert_each_refused(&layer(), "malformed", [("empty", token)]).await;
}

#[tokio::test]
async fn a_signature_with_any_bit_flipped_is_rejected() {
    let (_, tag) = parts();
    let flipped = (0..tag.len() * 8).map(|bit| {
        let mut tag = tag.clone();
        tag[bit / 8] ^= 1 << (bit % 8);
        (format!("bit {bit}"), with_signature(tag))
    });
    assert_each_refused(&layer(), "signature", flipped).await;
}

#[tokio::test]
async fn a_payload_or_header_that_was_not_signed_is_rejected() {
    let (input, tag) = parts();
    let (header, payload) = input.split_once('.').unwrap();
    let signature = encode(tag);
    let mallory = encode(claims_with(json!({ "sub": "mallory" })).to_string());
    let other = encode(r#"{"typ":"JWT","alg":"HS256"}"#);
    let spaced = encode(format!("{} ", claims()));
    assert_each_refused(
        &layer(),
        "signature",
        [
            ("another payload", format!("{header}.{mallory}.{signature}")),
            (
                "the payload and a space",
                format!("{header}.{spaced}.{signature}"),
            ),
            (
                "the same header, reordered",
                format!("{other}.{payload}.{signature}"),
            ),
            (
                "the header as the payload",
                format!("{header}.{header}.{signature}"),
            ),
        ],
    )
    .await;
}

/// A client without a secret learns nothing about the rules for claims.
#[tokio::test]
async fn an_invalid_signature_is_reported_before_any_claim() {
    let header = r#"{"alg":"HS256"}"#;
    let payloads = [
        ("expired", claims_with(json!({ "exp": 1 })).to_string()),
        (
            "not yet valid",
            claims_with(json!({ "nbf": NOW + 600 })).to_string(),
        ),
        ("no exp", claims_without("exp").to_string()),
        ("no sub", claims_without("sub").to_string()),
        ("no email", claims_without("email").to_string()),
        (
            "an audience",
            claims_with(json!({ "aud": "x" })).to_string(),
        ),
        (
            "an array for iss",
            claims_with(json!({ "iss": [] })).to_string(),
        ),
        (
            "a session",
            claims_with(json!({ "session": {} })).to_string(),
        ),
        ("duplicates", r#"{"sub":"a","sub":"b"}"#.into()),
        ("not JSON", "not JSON".into()),
        ("deep", "[".repeat(1000)),
    ];
    let forged = payloads.map(|(row, payload)| (row, sign(header, payload, ANOTHER)));
    assert_each_refused(&layer(), "signature", forged).await;
    let bytes = [("not UTF-8", sign(header, b"\xff\xfe", ANOTHER))];
    assert_each_refused(&layer(), "signature", bytes).await;
}

#[tokio::test]
async fn each_of_several_secrets_is_tried() {
    let secrets: Vec<String> = (1..=8)
        .map(|number| format!("secret number {number}: {ANOTHER}"))
        .collect();
    let layer = JwtAuthLayer::builder()
        .secrets(secrets.clone())
        .clock(|| at(NOW))
        .build()
        .unwrap();
    let signed = |secret: &String| sign(r#"{"alg":"HS256"}"#, claims().to_string(), secret);
    let tokens = secrets.iter().map(|secret| (secret, signed(secret)));
    assert_each_accepted(&layer, tokens).await;
    let more = [
        (
            "a secret that is not configured",
            sign(r#"{"alg":"HS256"}"#, claims().to_string(), ANOTHER),
        ),
        ("all secrets joined", signed(&secrets.join(","))),
        (
            "an empty secret",
            sign(r#"{"alg":"HS256"}"#, claims().to_string(), ""),
        ),
    ];
    assert_each_refused(&layer, "signature", more).await;

    let nine = [&*secrets, &["secret number 9: ".to_owned() + ANOTHER]].concat();
    JwtAuthLayer::builder()
        .secrets(nine)
        .build()
        .expect_err("nine secrets are too many");
}

#[tokio::test]
async fn secrets_from_several_calls_add_up() {
    let layer = builder().secret(ANOTHER).build().unwrap();
    let tokens = [SECRET, ANOTHER].map(|secret| {
        (
            secret,
            sign(r#"{"alg":"HS256"}"#, claims().to_string(), secret),
        )
    });
    assert_each_accepted(&layer, tokens).await;
}

/// Better Auth uses the bytes of the secret unchanged.
#[tokio::test]
async fn a_secret_is_used_without_decoding_or_trimming() {
    for text in [
        "bm90IGRlY29kZWQsIGJ1dCB0YWtlbiBhcyBpdCBpcw==",
        "a secret  with\tspaces in it, 0123",
        "a sécret that is not only ASCII: 🔑🔑🔑",
    ] {
        assert_signs(text.into(), text.as_bytes()).await;
    }
    let spaced = b" a secret with a space before and after it ";
    assert_signs(Secret::from_bytes(&spaced[..]), spaced).await;
    let bytes: Vec<u8> = (0..=255).collect();
    assert_signs(Secret::from_bytes(&*bytes), &bytes).await;
}

async fn assert_signs(secret: Secret, key: &[u8]) {
    let layer = JwtAuthLayer::builder()
        .secret(secret)
        .clock(|| at(NOW))
        .build()
        .unwrap();
    let token = sign(r#"{"alg":"HS256"}"#, claims().to_string(), key);
    assert_each_accepted(&layer, [(String::from_utf8_lossy(key), token)]).await;
}
