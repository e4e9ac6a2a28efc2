//! The header is one JSON object, and its members are unique.

use serde_json::json;

use super::assert_each_header_rejected;
use crate::support::*;

fn utf_16(text: &str, to_bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
    text.encode_utf16().flat_map(to_bytes).collect()
}

#[tokio::test]
async fn a_header_that_is_not_a_json_object_is_rejected() {
    let object = r#"{"alg":"HS256"}"#;
    assert_each_header_rejected(
        "header",
        [
            ("an array", r#"["HS256"]"#),
            ("an array of an object", r#"[{"alg":"HS256"}]"#),
            ("a string", r#""HS256""#),
            ("a number", "256"),
            ("null", "null"),
            ("true", "true"),
            ("white space", " "),
            ("text", "HS256"),
            ("cut off", r#"{"alg":"HS256""#),
            ("cut off in a name", r#"{"al"#),
            ("a comma at the end", r#"{"alg":"HS256",}"#),
            ("quotes of another kind", "{'alg':'HS256'}"),
            ("a comment", r#"{"alg":"HS256"/**/}"#),
            (
                "a control character in a string",
                "{\"alg\":\"HS256\",\"x\":\"\n\"}",
            ),
            (
                "half of a surrogate pair in a member that is read",
                r#"{"alg":"HS256","kid":"\ud83d"}"#,
            ),
        ],
    )
    .await;
    assert_each_header_rejected(
        "header",
        [
            (
                "UTF-8 with a BOM",
                [b"\xef\xbb\xbf", object.as_bytes()].concat(),
            ),
            ("UTF-16, little endian", utf_16(object, u16::to_le_bytes)),
            ("UTF-16, big endian", utf_16(object, u16::to_be_bytes)),
            (
                "UTF-16 with a BOM",
                utf_16(&format!("\u{feff}{object}"), u16::to_le_bytes),
            ),
            (
                "invalid UTF-8 in a member that is read",
                b"{\"alg\":\"HS256\",\"kid\":\"\xff\"}".into(),
            ),
            (
                "invalid UTF-8 in an ignored member",
                b"{\"alg\":\"HS256\",\"x\":\"\xc3\"}".into(),
            ),
            (
                "an overlong form",
                b"{\"alg\":\"HS256\",\"x\":\"\xc0\xaf\"}".into(),
            ),
            (
                "a surrogate in UTF-8",
                b"{\"alg\":\"HS256\",\"x\":\"\xed\xa0\x80\"}".into(),
            ),
            (
                "invalid UTF-8 after the object",
                b"{\"alg\":\"HS256\"}\xff".into(),
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn bytes_after_the_headers_json_object_are_rejected() {
    let rows = [
        "x",
        "{}",
        ",",
        "}",
        "\0",
        r#"{"alg":"HS256"}"#,
        "null",
        "//",
    ];
    let headers = rows.map(|rest| (rest, format!(r#"{{"alg":"HS256"}}{rest}"#)));
    assert_each_header_rejected("header", headers).await;
}

#[tokio::test]
async fn a_duplicate_alg_or_kid_is_rejected() {
    assert_each_header_rejected(
        "header",
        [
            ("alg", r#"{"alg":"HS256","alg":"HS256"}"#),
            ("alg, none first", r#"{"alg":"none","alg":"HS256"}"#),
            ("alg, none last", r#"{"alg":"HS256","alg":"none"}"#),
            ("alg, null first", r#"{"alg":null,"alg":"HS256"}"#),
            ("alg, escaped", r#"{"alg":"HS256","\u0061lg":"HS256"}"#),
            (
                "alg, escaped first",
                r#"{"\u0061\u006c\u0067":"none","alg":"HS256"}"#,
            ),
            (
                "alg, escaped both times",
                r#"{"al\u0067":"HS256","a\u006Cg":"HS256"}"#,
            ),
            (
                "alg, others between",
                r#"{"alg":"HS256","x":[{}],"y":0,"alg":"HS256"}"#,
            ),
            ("kid", r#"{"alg":"HS256","kid":"a","kid":"a"}"#),
            ("kid, two", r#"{"kid":"a","alg":"HS256","kid":"b"}"#),
            (
                "kid, escaped",
                r#"{"alg":"HS256","kid":"a","k\u0069d":"b"}"#,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn escapes_in_names_and_values_are_decoded() {
    let escaped = [
        ("alg", r#"{"\u0061lg":"HS256"}"#),
        ("the value of alg", r#"{"alg":"\u0048S256"}"#),
        ("white space", " {\n\t\"alg\" :\r\"HS256\" } "),
    ];
    let tokens = escaped.map(|(row, header)| (row, token_with_header(header)));
    assert_each_accepted(&layer(), tokens).await;
    assert_each_header_rejected(
        "critical_header",
        [("crit", r#"{"alg":"HS256","cri\u0074":[]}"#)],
    )
    .await;
}

#[tokio::test]
async fn a_header_may_nest_64_levels_deep() {
    assert_each_accepted(
        &layer(),
        [
            ("arrays in an ignored member", "x", arrays_to(64)),
            ("objects in an ignored member", "x", objects_to(64)),
            ("a member that is read", "jwk", objects_to(64)),
            ("side by side", "x", format!("[{}[]]", "[],".repeat(1000))),
            ("in a string", "x", format!("\"{}\"", "[{".repeat(1000))),
            (
                "in a string with a quote",
                "x",
                format!("\"\\\"{}\"", "[{".repeat(1000)),
            ),
        ]
        .map(|(row, name, value)| {
            let header = format!(r#"{{"alg":"HS256","{name}":{value}}}"#);
            (row, token_with_header(header))
        }),
    )
    .await;
}

#[tokio::test]
async fn a_header_that_nests_deeper_than_64_levels_is_rejected() {
    let roomy = builder().max_token_len(1 << 20).build().unwrap();
    for depth in [65, 66, 127, 128, 129, 1000, 10_000, 100_000] {
        let rows = [
            ("arrays in an ignored member", "x", arrays_to(depth)),
            ("objects in an ignored member", "x", objects_to(depth)),
            ("a member that is read", "jwk", objects_to(depth)),
            ("a list that is read", "x5c", arrays_to(depth)),
            ("alg", "alg", arrays_to(depth)),
            ("a string with a quote before it", "x\\\"", arrays_to(depth)),
            ("unclosed brackets", "x", "[".repeat(depth)),
        ];
        let tokens = rows.map(|(row, name, value)| {
            let alg = if name == "alg" {
                ""
            } else {
                r#""alg":"HS256","#
            };
            let header = format!(r#"{{{alg}"{name}":{value}}}"#);
            (format!("{row}, {depth}"), token_with_header(header))
        });
        assert_each_refused(&roomy, "header", tokens).await;
    }
    // As many as fit into the default length limit.
    let header = format!(r#"{{"alg":"HS256","x":{}"#, "[".repeat(10_000));
    assert_each_header_rejected("header", [("10,000 unclosed brackets", header)]).await;
}

#[tokio::test]
async fn unknown_members_are_ignored() {
    let header = json!({ "alg": "HS256", "x": [1, { "alg": "none", "crit": [] }], "y": null });
    let token = token_with_header(header.to_string());
    assert_each_accepted(&layer(), [(header, token)]).await;
    let twice = token_with_header(r#"{"alg":"HS256","x":1,"x":2}"#);
    assert_each_accepted(&layer(), [("twice", twice)]).await;
}

#[test]
fn unknown_members_must_be_valid_json_for_every_parser() {
    for value in [
        "1e400",
        "{\"a\":[2059E1200]}",
        "\"\\ud800\"",
        "[\"\\udc00x\"]",
    ] {
        let token = token_with_header(format!(r#"{{"alg":"HS256","other":{value}}}"#));
        assert_eq!(reason(&layer(), &token), "header", "{value}");
    }
}
