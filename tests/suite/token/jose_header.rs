//! The JOSE header: how it is parsed, and which members a token may have.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Sha384, Sha512};

use crate::support::*;

fn with_header_member(name: &str, value: &Value) -> String {
    token_with_header(json!({ "alg": "HS256", name: value }).to_string())
}

/// Asserts that each of these headers is rejected although the signature is valid.
async fn assert_each_header_rejected<B: AsRef<[u8]>>(
    reason: &str,
    rows: impl IntoIterator<Item = (&str, B)>,
) {
    let tokens = rows
        .into_iter()
        .map(|(row, header)| (row, token_with_header(header)));
    assert_each_refused(&layer(), reason, tokens).await;
}

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
async fn a_registered_member_of_the_wrong_type_is_rejected() {
    let values = [
        json!(null),
        json!(true),
        json!(1),
        json!(1.5),
        json!("text"),
        json!([]),
        json!(["text"]),
        json!([1]),
        json!(["text", null]),
        json!({}),
    ];
    let names = [
        "kid", "typ", "cty", "jku", "x5u", "x5t", "x5t#S256", "x5c", "jwk",
    ];
    for name in names {
        let has_right_type = |value: &&Value| match name {
            "x5c" => value
                .as_array()
                .is_some_and(|list| list.iter().all(Value::is_string)),
            "jwk" => value.is_object(),
            _ => value.is_string(),
        };
        for value in values.iter().filter(|value| !has_right_type(value)) {
            let row = (format!("{name}: {value}"), with_header_member(name, value));
            assert_each_refused(&layer(), "header", [row]).await;
        }
    }
}

#[tokio::test]
async fn an_alg_must_match_the_algorithm_of_the_key_exactly() {
    assert_each_header_rejected(
        "algorithm",
        [
            ("missing", r#"{"typ":"JWT"}"#),
            ("an empty object", "{}"),
            ("null", r#"{"alg":null}"#),
            ("a number", r#"{"alg":256}"#),
            ("a boolean", r#"{"alg":true}"#),
            ("an array", r#"{"alg":["HS256"]}"#),
            ("an object", r#"{"alg":{"HS256":"HS256"}}"#),
            ("an empty string", r#"{"alg":""}"#),
            ("none", r#"{"alg":"none"}"#),
            ("None", r#"{"alg":"None"}"#),
            ("NONE", r#"{"alg":"NONE"}"#),
            ("nOnE", r#"{"alg":"nOnE"}"#),
            ("none with an escape", r#"{"alg":"n\u006fne"}"#),
            ("lower case", r#"{"alg":"hs256"}"#),
            ("mixed case", r#"{"alg":"Hs256"}"#),
            ("a NUL at the end", r#"{"alg":"HS256\u0000"}"#),
            ("a space at the end", r#"{"alg":"HS256 "}"#),
            ("a space before", r#"{"alg":" HS256"}"#),
            ("longer", r#"{"alg":"HS2566"}"#),
            ("shorter", r#"{"alg":"HS25"}"#),
            ("the name of another member", r#"{"Alg":"HS256"}"#),
            ("an algorithm of JWE", r#"{"alg":"A256KW"}"#),
            ("unknown", r#"{"alg":"XX999"}"#),
            ("HS384, but signed with HS256", r#"{"alg":"HS384"}"#),
            ("HS512, but signed with HS256", r#"{"alg":"HS512"}"#),
            ("RS256, but signed with HS256", r#"{"alg":"RS256"}"#),
            ("PS256, but signed with HS256", r#"{"alg":"PS256"}"#),
            ("ES256, but signed with HS256", r#"{"alg":"ES256"}"#),
            ("ES512, but signed with HS256", r#"{"alg":"ES512"}"#),
            ("EdDSA, but signed with HS256", r#"{"alg":"EdDSA"}"#),
            ("Ed25519, but signed with HS256", r#"{"alg":"Ed25519"}"#),
        ],
    )
    .await;
}

#[tokio::test]
async fn hs384_and_hs512_are_rejected_even_with_the_right_secret() {
    let signed = |alg: &str, mac: fn(&str) -> Vec<u8>| {
        let header = encode(json!({ "alg": alg }).to_string());
        let input = format!("{header}.{}", encode(claims().to_string()));
        format!("{input}.{}", encode(mac(&input)))
    };
    fn hs384(input: &str) -> Vec<u8> {
        let mac = Hmac::<Sha384>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(input).finalize().into_bytes().to_vec()
    }
    fn hs512(input: &str) -> Vec<u8> {
        let mac = Hmac::<Sha512>::new_from_slice(SECRET.as_bytes()).unwrap();
        mac.chain_update(input).finalize().into_bytes().to_vec()
    }
    let tokens = [
        ("HS384", signed("HS384", hs384)),
        ("HS512", signed("HS512", hs512)),
    ];
    assert_each_refused(&layer(), "algorithm", tokens).await;
    let disguised = [
        ("HS384", signed("HS256", hs384)),
        ("HS512", signed("HS256", hs512)),
    ];
    assert_each_refused(&layer(), "signature", disguised).await;
}

#[tokio::test]
async fn a_token_with_alg_none_is_rejected_with_any_signature() {
    let input = format!(
        "{}.{}",
        encode(r#"{"alg":"none"}"#),
        encode(claims().to_string())
    );
    for (reason, token) in [
        ("malformed", format!("{input}.")),
        ("algorithm", format!("{input}.AAAA")),
        ("algorithm", sign_encoded(&input, SECRET)),
        ("algorithm", sign_encoded(&input, "")),
    ] {
        assert_each_refused(&layer(), reason, [(&*token.clone(), token)]).await;
    }
}

#[tokio::test]
async fn a_public_key_token_is_rejected_if_only_a_secret_is_set() {
    let names = [
        "jwt_plugin.EdDSA",
        "jwt_plugin.ES256",
        "jwt_plugin.RS256",
        "session_data.jwt_jwks",
    ];
    let tokens = names.map(|name| (name, Fixture::named(name).token));
    assert_each_refused(&layer(), "algorithm", tokens).await;
}

#[tokio::test]
async fn a_jwk_jku_x5c_or_x5u_in_the_header_is_never_used() {
    let attacker = "the secret of an attacker, of 32 bytes";
    let members = [
        (
            "jwk",
            json!({ "kty": "oct", "k": encode(attacker), "alg": "HS256" }),
        ),
        ("jwk", json!({})),
        ("jwk", json!({ "kty": "RSA", "n": "AQAB", "e": "AQ" })),
        ("jku", json!("http://127.0.0.1:9/jwks.json")),
        ("jku", json!("file:///etc/passwd")),
        ("jku", json!("")),
        ("x5u", json!("http://127.0.0.1:9/certificate.pem")),
        ("x5c", json!([])),
        ("x5c", json!(["MIIB", "not base64 at all"])),
        ("x5t", json!("dGh1bWI")),
        ("x5t#S256", json!("dGh1bWI")),
    ];
    for (name, value) in members {
        let row = format!("{name}: {value}");
        let header = json!({ "alg": "HS256", name: value }).to_string();
        let valid = token_with_header(&header);
        assert_each_accepted(&layer(), [(&row, valid)]).await;
        let forged = sign(&header, claims().to_string(), attacker);
        assert_each_refused(&layer(), "signature", [(&row, forged)]).await;
    }
}

#[tokio::test]
async fn crit_and_b64_are_rejected_in_any_form() {
    assert_each_header_rejected(
        "critical_header",
        [
            ("an unknown name", r#"{"alg":"HS256","crit":["x"],"x":1}"#),
            ("a known name", r#"{"alg":"HS256","crit":["exp"],"exp":1}"#),
            (
                "a name of a missing member",
                r#"{"alg":"HS256","crit":["x"]}"#,
            ),
            ("a registered name", r#"{"alg":"HS256","crit":["alg"]}"#),
            ("b64", r#"{"alg":"HS256","crit":["b64"],"b64":true}"#),
            ("b64 false", r#"{"alg":"HS256","b64":false,"crit":["b64"]}"#),
            ("b64 false, without crit", r#"{"alg":"HS256","b64":false}"#),
            ("b64 not a boolean", r#"{"alg":"HS256","b64":"false"}"#),
            ("empty", r#"{"alg":"HS256","crit":[]}"#),
            ("first", r#"{"crit":[],"alg":"HS256"}"#),
            ("a string", r#"{"alg":"HS256","crit":"exp"}"#),
            ("an empty string", r#"{"alg":"HS256","crit":""}"#),
            ("null", r#"{"alg":"HS256","crit":null}"#),
            ("false", r#"{"alg":"HS256","crit":false}"#),
            ("a number", r#"{"alg":"HS256","crit":0}"#),
            ("an object", r#"{"alg":"HS256","crit":{}}"#),
            ("numbers", r#"{"alg":"HS256","crit":[1]}"#),
            (
                "the same name twice",
                r#"{"alg":"HS256","crit":["x","x"],"x":1}"#,
            ),
            ("crit itself", r#"{"alg":"HS256","crit":["crit"]}"#),
        ],
    )
    .await;
    let twice = token_with_header(r#"{"alg":"HS256","crit":["x"],"crit":["x"],"x":1}"#);
    let answer = ask(layer(), with_bearer(&twice)).await;
    answer.assert_invalid_token(answer.reason(), "crit twice");
}

/// RFC 7516 section 9.
#[tokio::test]
async fn a_signed_token_with_a_jwe_header_is_rejected() {
    for value in ["A256GCM", ""] {
        let row = (value, with_header_member("enc", &json!(value)));
        assert_each_refused(&layer(), "encrypted", [row]).await;
    }
    // A signed token that is compressed is not encrypted.
    let row = ("zip", with_header_member("zip", &json!("DEF")));
    assert_each_refused(&layer(), "header", [row]).await;
    assert_each_header_rejected(
        "header",
        [
            ("enc twice", r#"{"alg":"HS256","enc":"a","enc":"a"}"#),
            ("a number", r#"{"alg":"HS256","enc":1}"#),
        ],
    )
    .await;
}

/// A secret has no ID, so the `kid` is not looked up.
#[tokio::test]
async fn a_kid_is_ignored_if_the_key_has_none() {
    let kids = [
        "1",
        "",
        "../../dev/null",
        "/etc/passwd",
        "' OR 1=1--",
        "a\0b",
        "\r\nset-cookie: a=b",
        "🔑",
        "{}",
        "https://example.com/jwks.json",
    ];
    let tokens = kids.map(|kid| (kid, with_header_member("kid", &json!(kid))));
    assert_each_accepted(&layer(), tokens).await;

    let huge = with_header_member("kid", &json!("k".repeat(1 << 20)));
    assert_each_refused(&layer(), "too_long", [("1 MiB", huge)]).await;
}

#[tokio::test]
async fn a_kid_must_be_a_string_even_if_it_is_ignored() {
    for kid in [json!(1), json!({}), json!(null), json!(["1"]), json!(true)] {
        let row = (kid.to_string(), with_header_member("kid", &kid));
        assert_each_refused(&layer(), "header", [row]).await;
    }
}

#[tokio::test]
async fn the_typ_of_an_access_token_is_accepted() {
    let types = [
        "JWT",
        "jwt",
        "Jwt",
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "application/jwt",
        "Application/JWT",
    ];
    let tokens = types.map(|typ| (typ, with_header_member("typ", &json!(typ))));
    assert_each_accepted(&layer(), tokens).await;
    let without = token_with_header(r#"{"alg":"HS256"}"#);
    assert_each_accepted(&layer(), [("no typ", without)]).await;
}

#[tokio::test]
async fn the_typ_of_another_kind_of_token_is_rejected() {
    let types = [
        "dpop+jwt",
        "logout+jwt",
        "secevent+jwt",
        "better-auth.session-cache+jwt",
        "application/logout+jwt",
        "application/application/jwt",
        "application/",
        "/jwt",
        "text/jwt",
        "id_token",
        "JWE",
        "JOSE",
        "JOSE+JSON",
        "jwt ",
        " JWT",
        "JWT\0",
        "at+jwt; charset=utf-8",
        "at",
        "",
    ];
    let tokens = types.map(|typ| (typ, with_header_member("typ", &json!(typ))));
    assert_each_refused(&layer(), "token_type", tokens).await;
}

#[tokio::test]
async fn accept_typ_adds_only_the_named_types() {
    let layer = builder()
        .accept_typ("internal+jwt")
        .accept_typ("application/session")
        .accept_typ("text/x")
        .build()
        .unwrap();
    let typed = |typ: &'static str| (typ, with_header_member("typ", &json!(typ)));
    let accepted = [
        "internal+jwt",
        "INTERNAL+JWT",
        "application/internal+jwt",
        "session",
        "APPLICATION/session",
        "text/x",
        "JWT",
        "at+jwt",
    ]
    .map(typed);
    assert_each_accepted(&layer, accepted).await;
    assert_each_accepted(&layer, [("none", token_with_header(r#"{"alg":"HS256"}"#))]).await;
    let rejected = [
        "logout+jwt",
        "internal",
        "internal+jwt2",
        "x",
        "application/x",
        "application/text/x",
        "",
    ]
    .map(typed);
    assert_each_refused(&layer, "token_type", rejected).await;
}

#[tokio::test]
async fn a_nested_jwt_is_rejected() {
    let tokens = ["JWT", "jwt"].map(|cty| (cty, with_header_member("cty", &json!(cty))));
    assert_each_refused(&layer(), "token_type", tokens).await;
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

/// Each member with a value of the right type and one of a wrong type.
const REGISTERED: [(&str, &str, &str); 12] = [
    ("kid", r#""1""#, "1"),
    ("typ", r#""JWT""#, "1"),
    ("cty", r#""text""#, "1"),
    ("jku", r#""https://a.example""#, "1"),
    ("x5u", r#""https://a.example""#, "1"),
    ("x5t", r#""AA""#, "1"),
    ("x5t#S256", r#""AA""#, "1"),
    ("url", r#""https://a.example""#, "1"),
    ("nonce", r#""a""#, "1"),
    ("jwk", "{}", r#""a""#),
    ("x5c", r#"["AA"]"#, r#""AA""#),
    ("alg", r#""HS256""#, "1"),
];

#[tokio::test]
async fn a_registered_member_is_unique_and_has_the_right_type() {
    for (name, right, wrong) in REGISTERED {
        let header = |members: &str| match name {
            "alg" => format!("{{{members}}}"),
            _ => format!(r#"{{"alg":"HS256",{members}}}"#),
        };
        let once = header(&format!(r#""{name}":{right}"#));
        assert_each_accepted(&layer(), [(&once, token_with_header(&once))]).await;
        let twice = header(&format!(r#""{name}":{right},"{name}":{right}"#));
        assert_each_refused(&layer(), "header", [(&twice, token_with_header(&twice))]).await;
        let wrong = header(&format!(r#""{name}":{wrong}"#));
        let reason = if name == "alg" { "algorithm" } else { "header" };
        assert_each_refused(&layer(), reason, [(&wrong, token_with_header(&wrong))]).await;
    }
}
