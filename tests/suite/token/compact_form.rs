//! A token is exactly three parts of strict base64url, separated by dots.

use serde_json::json;

use crate::support::*;

fn valid() -> String {
    token(&claims())
}

#[tokio::test]
async fn a_token_without_exactly_three_parts_is_rejected() {
    let token = valid();
    let [header, payload, signature] = &*token.split('.').collect::<Vec<_>>() else {
        panic!("a JWT has three parts")
    };
    let json = |value: serde_json::Value| value.to_string();
    assert_each_refused(
        &layer(),
        "malformed",
        [
            ("no dot", "a".into()),
            ("only one dot", ".".into()),
            ("only two dots", "..".into()),
            ("only three dots", "...".into()),
            ("two parts", "a.b".into()),
            ("two parts of a valid token", format!("{header}.{payload}")),
            ("four parts", "a.b.c.d".into()),
            ("four parts, the last empty", format!("{token}.")),
            (
                "a valid token and another part",
                format!("{token}.{signature}"),
            ),
            (
                "another part and a valid token",
                format!("{header}.{token}"),
            ),
            (
                "an empty part in the middle",
                format!("{header}..{payload}.{signature}"),
            ),
            ("five parts", "a.b.c.d.e".into()),
            ("no header", ".b.c".into()),
            (
                "no header, the others valid",
                format!(".{payload}.{signature}"),
            ),
            ("no payload", "a..c".into()),
            (
                "no payload, signed",
                sign_encoded(&format!("{header}."), SECRET),
            ),
            ("no signature", "a.b.".into()),
            (
                "no signature, the others valid",
                format!("{header}.{payload}."),
            ),
            (
                "JSON, flattened",
                json(json!({ "protected": header, "payload": payload, "signature": signature })),
            ),
            (
                "JSON, general",
                json(json!({
                    "payload": payload,
                    "signatures": [{ "protected": header, "signature": signature }],
                })),
            ),
        ],
    )
    .await;
}

#[test]
fn an_empty_string_is_malformed() {
    assert_eq!(reason(&layer(), ""), "malformed");
}

#[tokio::test]
async fn a_jwe_is_rejected_as_encrypted() {
    let claims = claims().to_string();
    let jwe = |header: &str, key: &str| [header, key, "iv", &claims, "tag"].map(encode).join(".");
    let rows = [
        r#"{"alg":"dir","enc":"A256GCM"}"#,
        r#"{"alg":"RSA-OAEP-256","enc":"A256GCM"}"#,
        r#"{"alg":"HS256","enc":"A256GCM"}"#,
        r#"{"alg":"dir","zip":"DEF","enc":"A256GCM"}"#,
        r#"{"alg":"dir","enc":"A256GCM","crit":["exp"],"exp":1}"#,
        r#"{"alg":"dir","enc":"A256GCM","typ":"JWT","cty":"JWT"}"#,
        // These headers are recognized without parsing.
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"HS256","typ":"JWT"}"#,
    ];
    let tokens = rows.map(|header| (header, jwe(header, "key")));
    assert_each_refused(&layer(), "encrypted", tokens).await;
    let tokens = rows.map(|header| (header, jwe(header, "")));
    assert_each_refused(&layer(), "encrypted", tokens).await;

    let input = format!("{}.a2V5.aXY.{}", encode(rows[6]), encode(&claims));
    let signed = sign_encoded(&input, SECRET);
    assert_each_refused(&layer(), "encrypted", [("signed", signed)]).await;
}

#[tokio::test]
async fn an_invalid_jwe_is_malformed() {
    let header = encode(r#"{"alg":"dir","enc":"A256GCM"}"#);
    let rest = [
        "a2V5",
        "a2V5.aXY.aXY",
        "a2V5.aXY.aXY.aXY.aXY",
        "a2V5.aXY.a+Y.aXY",
        "a2V5.aXY.aXY=.aXY",
        "a2V5.aXY.aXY.a Y",
        "a2V5.aXY.aXY.",
        "a2V5.aXYaX.aXY",
    ];
    let tokens = rest.map(|rest| (rest, format!("{header}.{rest}")));
    assert_each_refused(&layer(), "malformed", tokens).await;
}

#[test]
fn the_error_for_a_jwe_names_the_fix() {
    let token = [r#"{"alg":"dir","enc":"A256GCM"}"#, "", "iv", "text", "tag"];
    let error = layer().verifier().verify(&token.map(encode).join("."));
    let message = error.unwrap_err().to_string();
    for words in ["is encrypted", "JWS", "issuer"] {
        assert!(message.contains(words), "{words}: {message}");
    }
}

#[tokio::test]
async fn a_better_auth_session_token_is_rejected_with_its_own_reason() {
    for name in ["session_token.signed", "session_token.cookie"] {
        let fixture = Fixture::named(name);
        let layer = fixture.builder().build().unwrap();
        assert_each_refused(&layer, "opaque_session_token", [(name, fixture.token)]).await;
    }
}

#[tokio::test]
async fn every_form_of_a_better_auth_session_token_is_recognized() {
    let id = "24MVDKSZMs8cqusTcHYzCzk5r7M9Av5j";
    let mac = "dNmReoEjX7tJpB1O4w2SCYCY99ENzWqQHKv34RH38wQ";
    let rows = [
        ("only its ID", id.to_owned()),
        (
            "with + and /",
            format!("{id}.{}=", mac.replace('7', "+").replace('J', "/")),
        ),
        (
            "percent-encoded",
            format!("{id}.{}%3D", mac.replace('7', "%2B").replace('J', "%2F")),
        ),
    ];
    assert_each_refused(&layer(), "opaque_session_token", rows).await;
    let rows = [
        ("a shorter ID", format!("{}.{mac}=", &id[1..])),
        ("a longer ID", format!("{id}A.{mac}=")),
        (
            "an ID with another character",
            format!("{}-.{mac}=", &id[1..]),
        ),
        ("only a shorter ID", id[1..].to_owned()),
        ("only a longer ID", format!("{id}A")),
        ("an empty MAC", format!("{id}.")),
        ("two dots", format!("{id}..{mac}%3D")),
        ("a shorter MAC", format!("{id}.{}=", &mac[1..])),
        ("a MAC without its padding", format!("{id}.{mac}")),
    ];
    assert_each_refused(&layer(), "malformed", rows).await;
}

/// Returns the parts of a valid token. Header and payload contain `-` and `_`, and each part ends
/// in unused bits.
fn parts() -> [String; 3] {
    let header = encode(r#"{"alg":"HS256","x":"~~~???" }"#);
    let claims = claims_with(json!({ "x": "~~~???" })).to_string();
    let spaces = (3 - claims.len() % 3) % 3 + 1;
    let payload = encode(claims + &" ".repeat(spaces));
    let token = sign_encoded(&format!("{header}.{payload}"), SECRET);
    let signature = token.rsplit('.').next().unwrap().to_owned();
    [header, payload, signature]
}

/// Returns tokens with one part changed by `change`. A changed header or payload is signed again.
fn with_each_part(change: impl Fn(&str) -> String) -> Vec<(&'static str, String)> {
    let [header, payload, signature] = parts();
    let signed = |input: String| sign_encoded(&input, SECRET);
    vec![
        (
            "in the header",
            signed(format!("{}.{payload}", change(&header))),
        ),
        (
            "in the payload",
            signed(format!("{header}.{}", change(&payload))),
        ),
        (
            "in the signature",
            format!("{header}.{payload}.{}", change(&signature)),
        ),
    ]
}

fn in_the_middle(insertion: &str) -> impl Fn(&str) -> String {
    move |part| {
        let (start, end) = part.split_at(8);
        format!("{start}{insertion}{end}")
    }
}

/// Encodes the same bytes with unused bits that are not zero.
fn with_stray_bits(part: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert!(
        !part.len().is_multiple_of(4),
        "this length has no unused bits"
    );
    let mut bytes = part.as_bytes().to_vec();
    let last = bytes.last_mut().unwrap();
    let value = ALPHABET.iter().position(|byte| byte == last).unwrap();
    *last = ALPHABET[value + 1];
    String::from_utf8(bytes).unwrap()
}

#[tokio::test]
async fn unchanged_parts_are_accepted() {
    assert_each_accepted(&layer(), with_each_part(str::to_owned)).await;
}

#[tokio::test]
async fn white_space_in_any_part_is_rejected() {
    for (row, space) in [("space", " "), ("tab", "\t")] {
        for (part, token) in with_each_part(in_the_middle(space)) {
            assert_each_refused(&layer(), "malformed", [(format!("{row} {part}"), token)]).await;
        }
        for (part, token) in with_each_part(|part| format!("{part}{space}")) {
            let row = format!("{row} at the end, {part}");
            assert_each_refused(&layer(), "malformed", [(row, token)]).await;
        }
    }
}

/// HTTP header fields cannot contain these characters, but WebSocket messages can.
#[test]
fn a_control_character_in_any_part_is_rejected() {
    for character in ["\n", "\r", "\r\n", "\0", "\u{b}", "\u{c}", "\u{7f}"] {
        for (part, token) in with_each_part(in_the_middle(character)) {
            let row = format!("{character:?} {part}");
            assert_eq!(reason(&layer(), &token), "malformed", "{row}");
        }
        for (part, token) in with_each_part(|part| format!("{part}{character}")) {
            let row = format!("{character:?} at the end, {part}");
            assert_eq!(reason(&layer(), &token), "malformed", "{row}");
        }
    }
}

#[tokio::test]
async fn padding_in_any_part_is_rejected() {
    for padding in ["=", "==", "===", "===="] {
        for (part, token) in with_each_part(|part| format!("{part}{padding}")) {
            let row = format!("{padding} at the end, {part}");
            assert_each_refused(&layer(), "malformed", [(row, token)]).await;
        }
    }
    // As much padding as the length requires.
    let padded = with_each_part(|part| part.to_owned() + &"=".repeat((4 - part.len() % 4) % 4));
    assert_each_refused(&layer(), "malformed", padded).await;
    assert_each_refused(&layer(), "malformed", with_each_part(in_the_middle("===="))).await;
}

#[tokio::test]
async fn the_standard_base64_alphabet_is_rejected() {
    // The same bytes, in the alphabet of RFC 4648 section 4.
    let in_base64 = |part: &str| part.replace('-', "+").replace('_', "/");
    let [header, payload, _] = parts();
    assert!(in_base64(&header).contains(['+', '/']) && in_base64(&payload).contains(['+', '/']));
    let mut tokens = with_each_part(in_base64);
    tokens.pop();
    assert_each_refused(&layer(), "malformed", tokens).await;

    // Not every signature contains `-` or `_`, so search for one that does.
    let signed = (0..)
        .map(|id| token(&claims_with(json!({ "jti": id }))))
        .find(|token| token.rsplit('.').next().unwrap().contains(['-', '_']))
        .unwrap();
    let (input, signature) = signed.rsplit_once('.').unwrap();
    let row = (
        "in the signature",
        format!("{input}.{}", in_base64(signature)),
    );
    assert_each_refused(&layer(), "malformed", [row]).await;
}

#[tokio::test]
async fn a_character_outside_the_alphabet_is_rejected_in_any_part() {
    for byte in b'!'..=b'~' {
        let character = char::from(byte);
        // Skip the base64url alphabet, and the dot, which separates parts.
        if character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.') {
            continue;
        }
        let four = character.to_string().repeat(4);
        for (part, token) in with_each_part(in_the_middle(&four)) {
            let row = format!("{character} {part}");
            assert_each_refused(&layer(), "malformed", [(row, token)]).await;
        }
    }
}

#[tokio::test]
async fn unused_bits_must_be_zero_in_each_part() {
    assert_each_refused(&layer(), "malformed", with_each_part(with_stray_bits)).await;
}

#[tokio::test]
async fn a_part_of_an_impossible_base64_length_is_rejected() {
    let lengthened = |part: &str| part.to_owned() + &"A".repeat((5 - part.len() % 4) % 4);
    assert_eq!(lengthened("AAAA").len(), 5);
    assert_each_refused(&layer(), "malformed", with_each_part(lengthened)).await;
    let shortened = |_: &str| "A".to_owned();
    assert_each_refused(&layer(), "malformed", with_each_part(shortened)).await;
}

#[tokio::test]
async fn a_malformed_payload_is_reported_before_the_signature() {
    let [header, payload, signature] = parts();
    assert_each_refused(
        &layer(),
        "malformed",
        [
            ("padding", format!("{header}.{payload}==.{signature}")),
            (
                "an additional part",
                format!("{header}.{payload}.{payload}.{signature}"),
            ),
            (
                "stray bits",
                format!("{header}.{}.{signature}", with_stray_bits(&payload)),
            ),
        ],
    )
    .await;
}
