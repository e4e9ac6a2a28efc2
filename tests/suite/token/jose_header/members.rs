//! The registered members other than `alg`.

use serde_json::{Value, json};

use super::{assert_each_header_rejected, with_header_member};
use crate::support::*;

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
