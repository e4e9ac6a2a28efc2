//! The form `jwt`, whose JWT has a MAC.

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use serde_json::{Value, json};

use super::{
    Fixture,
    maker::{JWT_HEADER, encode, expiring, hmac_sha256, jwt, with},
    payload,
};
use crate::{sessions::server::SECRET, support::NOW};

#[test]
fn the_header_has_only_alg_hs256() {
    let payload = expiring(&payload());
    let rows = [
        (JWT_HEADER, true),
        (r#"{ "alg" : "HS256" }"#, true),
        (r#"{"alg":"HS384"}"#, false),
        (r#"{"alg":"HS512"}"#, false),
        (r#"{"alg":"none"}"#, false),
        (r#"{"alg":"hs256"}"#, false),
        (r#"{"alg":"EdDSA"}"#, false),
        (r#"{"alg":""}"#, false),
        (r#"{"alg":null}"#, false),
        (r#"{"alg":["HS256"]}"#, false),
        (r#"{"alg":"HS256","alg":"HS256"}"#, false),
        (r#"{"alg":"HS256","typ":"JWT"}"#, false),
        (
            r#"{"alg":"HS256","typ":"better-auth.session-cache+jwt"}"#,
            false,
        ),
        (r#"{"alg":"HS256","kid":"1"}"#, false),
        (r#"{"alg":"HS256","crit":["exp"]}"#, false),
        (r#"{"alg":"HS256","crit":[]}"#, false),
        (r#"{"alg":"HS256","b64":false}"#, false),
        (r#"{"alg":"HS256","zip":"DEF"}"#, false),
        (r#"{"alg":"HS256","enc":"A256CBC-HS512"}"#, false),
        (r#"{"alg":"HS256"}x"#, false),
        ("{}", false),
        ("", false),
    ];
    Fixture::new().assert_rows(
        rows.map(|(header, is_accepted)| (header, jwt(header, &payload, SECRET), is_accepted)),
    );
}

#[test]
fn a_secret_made_the_mac() {
    let payload = expiring(&payload());
    let valid = jwt(JWT_HEADER, &payload, SECRET);
    let (signed, mac) = valid.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let mac_bytes = hmac_sha256(SECRET.as_bytes(), signed.as_bytes());
    let flipped = |index: usize| {
        let mut mac = mac_bytes.clone();
        mac[index] ^= 0x80;
        format!("{signed}.{}", encode(mac))
    };
    let other = encode(payload.replace("Ada", "Eve"));
    Fixture::new().assert_rows([
        ("valid", valid.clone(), true),
        (
            "another secret",
            jwt(JWT_HEADER, &payload, &SECRET[1..]),
            false,
        ),
        ("the first bit", flipped(0), false),
        ("the last bit", flipped(31), false),
        (
            "half a MAC",
            format!("{signed}.{}", encode(&mac_bytes[..16])),
            false,
        ),
        ("no MAC", format!("{signed}."), false),
        (
            "a longer MAC",
            format!("{signed}.{}", encode([&*mac_bytes, b"x"].concat())),
            false,
        ),
        ("padding", format!("{valid}="), false),
        (
            "a MAC in standard base64",
            format!("{signed}.{}", BASE64_STANDARD_NO_PAD.encode([0xff; 32])),
            false,
        ),
        ("another payload", format!("{header}.{other}.{mac}"), false),
        (
            "padding in the payload",
            format!("{header}.{claims}=.{mac}"),
            false,
        ),
        ("no payload", format!("{header}..{mac}"), false),
        ("no header", format!(".{claims}.{mac}"), false),
        ("a part more", format!("{valid}.x"), false),
        ("a part less", format!("{header}.{mac}"), false),
        ("two dots", "..".to_owned(), false),
        ("white space", format!("{header}.{claims}. {mac}"), false),
    ]);
}

/// Rows of claims that all JWTs and JWEs have.
pub(super) fn expiries() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("in a second", json!({ "exp": NOW + 1 }), true),
        ("in half a second", json!({ "exp": NOW as f64 + 0.5 }), true),
        ("now", json!({ "exp": NOW }), false),
        ("a second before", json!({ "exp": NOW - 1 }), false),
        ("as a text", json!({ "exp": (NOW + 60).to_string() }), false),
        ("null", json!({ "exp": null }), false),
        ("negative", json!({ "exp": -1 }), false),
        ("missing", json!({}), false),
    ]
}

#[test]
fn the_jwt_expires() {
    let payload = payload();
    Fixture::new().assert_rows(expiries().into_iter().map(|(row, claims, is_accepted)| {
        let payload = with(&payload, claims).to_string();
        (row, jwt(JWT_HEADER, &payload, SECRET), is_accepted)
    }));
}

#[test]
fn the_payload_is_one_json_object() {
    let payload = expiring(&payload());
    let rows = [
        ("valid", payload.clone(), true),
        ("white space", format!(" {payload}\n"), true),
        ("text after it", format!("{payload}x"), false),
        ("exp twice", payload.replacen('{', r#"{"exp":1,"#, 1), false),
        (
            "user twice",
            payload.replacen('{', r#"{"user":{},"#, 1),
            false,
        ),
        ("a list", format!("[{payload}]"), false),
        ("nothing", String::new(), false),
    ];
    Fixture::new().assert_rows(
        rows.map(|(row, payload, is_accepted)| {
            (row, jwt(JWT_HEADER, &payload, SECRET), is_accepted)
        }),
    );
}

/// The application may sign access tokens with the same secret.
#[test]
fn another_jwt_of_the_secret_is_not_accepted() {
    let claims = json!({ "sub": "user-1", "email": "user-1@example.com", "exp": NOW + 60 });
    let link = json!({ "email": "user-1@example.com", "iat": NOW, "exp": NOW + 60 });
    Fixture::new().assert_rows([
        (
            "an access token",
            jwt(JWT_HEADER, &claims.to_string(), SECRET),
            false,
        ),
        (
            "a verification link",
            jwt(JWT_HEADER, &link.to_string(), SECRET),
            false,
        ),
    ]);
}
