//! The payload is one JSON object, and its registered claims are unique.

use serde_json::json;

use super::*;

#[tokio::test]
async fn claims_that_are_not_a_json_object_are_rejected() {
    let object = claims().to_string();
    let utf_16: Vec<u8> = object.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let payloads: [(&str, Vec<u8>); 16] = [
        ("an array", b"[]".into()),
        ("an array of the claims", format!("[{object}]").into()),
        ("a string", json!(object).to_string().into()),
        ("a number", NOW.to_string().into()),
        ("null", b"null".into()),
        ("true", b"true".into()),
        ("white space", b"  ".into()),
        ("cut off", object[..object.len() - 1].into()),
        ("a comma at the end", object.replace('}', ",}").into()),
        ("a BOM", format!("\u{feff}{object}").into()),
        ("UTF-16", utf_16),
        ("invalid UTF-8 in sub", json_with("sub", b"\"al\xffce\"")),
        (
            "invalid UTF-8 in an ignored claim",
            json_with("x", b"\"\xc3\""),
        ),
        ("an overlong form in sub", json_with("sub", b"\"\xc0\xaf\"")),
        (
            "half of a surrogate pair in sub",
            json_with("sub", r#""\ud83d""#),
        ),
        (
            "a control character in sub",
            json_with("sub", "\"al\nice\""),
        ),
    ];
    let tokens = payloads.map(|(row, payload)| (row, token_with_payload(payload)));
    assert_each_refused(&layer(), "claims", tokens).await;
}

#[tokio::test]
async fn bytes_after_the_claims_object_are_rejected() {
    let rows = ["x", "{}", ",", "}", "\0", "null", r#"{"sub":"mallory"}"#];
    let tokens = rows.map(|rest| (rest, token_with_payload(format!("{}{rest}", claims()))));
    assert_each_refused(&layer(), "claims", tokens).await;
}

#[tokio::test]
async fn a_duplicate_registered_claim_is_rejected() {
    let values = [
        ("sub", r#""alice""#, r"\u0073ub"),
        ("email", r#""alice@example.com""#, r"emai\u006c"),
        ("name", r#""Alice""#, r"n\u0061me"),
        ("exp", "1800000600", r"\u0065xp"),
        ("nbf", "1", r"\u006ebf"),
        ("iat", "1", r"ia\u0074"),
        ("iss", r#""https://app.example.com""#, r"is\u0073"),
        ("aud", r#""https://api.example.com""#, r"\u0061ud"),
    ];
    let layer = builder().allow_any_audience().build().unwrap();
    for (name, value, escaped) in values {
        let others = &claims_without(name).to_string()[1..];
        let once = token_with_payload(format!(r#"{{"{escaped}":{value},{others}"#));
        assert_each_accepted(&layer, [(escaped, once)]).await;
        let twice = [
            (
                "adjacent",
                format!(r#"{{"{name}":{value},"{name}":{value},{others}"#),
            ),
            (
                "apart",
                format!(r#"{{"{name}":{value},"x":1,"{name}":{value},{others}"#),
            ),
            (
                "escaped",
                format!(r#"{{"{name}":{value},"{escaped}":{value},{others}"#),
            ),
            (
                "escaped first",
                format!(r#"{{"{escaped}":{value},"{name}":{value},{others}"#),
            ),
            (
                "null first",
                format!(r#"{{"{name}":null,"{name}":{value},{others}"#),
            ),
            (
                "null last",
                format!(r#"{{"{name}":{value},"{name}":null,{others}"#),
            ),
        ];
        let tokens = twice.map(|(row, json)| (format!("{name}, {row}"), token_with_payload(json)));
        assert_each_refused(&layer, "claims", tokens).await;
    }
    let twice = json_with("x", r#"1,"x":2"#);
    assert_each_accepted(&layer, [("an ignored claim", token_with_payload(twice))]).await;
}

#[tokio::test]
async fn claims_may_nest_64_levels_deep() {
    let texts = [
        arrays_to(64),
        objects_to(64),
        format!("[{}[]]", "[],".repeat(1000)),
        format!("\"\\\"{}\"", "[{".repeat(1000)),
    ];
    assert_each_accepted(&layer(), texts.map(|text| with_text("x", &text))).await;
    // Rejected only because of the wrong type.
    for (layer, claim, reason) in [
        (with_issuer(), "iss", "issuer"),
        (with_audience(), "aud", "audience"),
        (layer(), "sub", "subject"),
        (layer(), "email", "user"),
    ] {
        let texts = [arrays_to(64), objects_to(64)];
        assert_each_refused(&layer, reason, texts.map(|text| with_text(claim, &text))).await;
    }
}

#[tokio::test]
async fn claims_that_nest_deeper_than_64_levels_are_rejected() {
    let large = builder()
        .max_token_len(1 << 20)
        .allow_any_audience()
        .build()
        .unwrap();
    for depth in [65, 66, 127, 128, 129, 1000, 10_000, 100_000] {
        for claim in ["x", "aud", "sub", "email", "name", "iss", "exp", "session"] {
            for text in [arrays_to(depth), objects_to(depth), "[".repeat(depth)] {
                let row = format!("{claim}, {depth} levels of {}", &text[..1]);
                let (_, token) = with_text(claim, &text);
                assert_each_refused(&large, "claims", [(row, token)]).await;
            }
        }
    }
}

#[tokio::test]
async fn a_number_instead_of_a_string_is_not_treated_as_absent() {
    for number in ["-1", "1.5", "1", "-0.0", "1e3"] {
        for (name, reason) in [
            ("aud", "audience"),
            ("iss", "issuer"),
            ("sub", "subject"),
            ("email", "user"),
        ] {
            let json = claims_without(name).to_string();
            let json = format!(r#"{{"{name}":{number},{}"#, &json[1..]);
            let token = token_with_payload(&json);
            assert_each_refused(&layer(), reason, [(&json, token)]).await;
        }
    }
}

#[tokio::test]
async fn jti_may_have_any_value() {
    let values = [json!("id"), json!(1), json!(null), json!([]), json!({})];
    assert_each_value_accepted(&layer(), "jti", values).await;
    assert_each_accepted(&layer(), [with_text("jti", r#""a","jti":1"#)]).await;
}
