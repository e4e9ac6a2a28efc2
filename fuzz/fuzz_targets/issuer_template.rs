//! A token is accepted if and only if its `iss` is the template with the tenant of its claim, and the
//! tenant is one segment of a path. The lines of the input are the template, `iss`, and the tenant.
#![no_main]

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD as BASE64URL};
use hmac::{Hmac, KeyInit, Mac};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use sha2::Sha256;
use tower_jwt_auth::JwtAuthLayer;

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// Claims that have a meaning of their own, so that no text is a valid value.
const OTHER_CLAIMS: [&str; 11] = [
    "aud", "cnf", "email", "exp", "iat", "iss", "name", "nbf", "session", "sub", "updateTo",
];

fuzz_target!(|input: &str| {
    let mut lines = input.splitn(3, '\n');
    let (Some(template), Some(iss), Some(tenant)) = (lines.next(), lines.next(), lines.next())
    else {
        return;
    };
    let builder = JwtAuthLayer::builder().secret(SECRET).email_optional();
    let Ok(layer) = builder.issuer_template(template).any_tenant().build() else {
        return;
    };
    let (prefix, rest) = template.split_once('{').expect("it was accepted");
    let (claim, suffix) = rest.split_once('}').expect("it was accepted");
    assert!(prefix.contains("://") && prefix.ends_with('/'));
    if OTHER_CLAIMS.contains(&claim) || input.len() > 4096 {
        return;
    }
    let mut claims = Map::new();
    claims.insert("sub".into(), "ada".into());
    claims.insert("exp".into(), json!(253_402_300_799_u64));
    claims.insert("iss".into(), iss.into());
    claims.insert(claim.into(), tenant.into());
    let user = layer.verifier().verify(&signed(&Value::Object(claims)));

    let is_segment = !tenant.is_empty() && !tenant.contains(['/', '?', '#', '%']);
    let is_expected = is_segment && iss == format!("{prefix}{tenant}{suffix}");
    assert_eq!(user.is_ok(), is_expected, "{user:?}");
    if let Ok(user) = user {
        assert_eq!(user.issuer(), Some(iss));
    }
});

fn signed(claims: &Value) -> String {
    let encode = |text: &str| BASE64URL.encode(text);
    let input = format!(
        "{}.{}",
        encode(r#"{"alg":"HS256"}"#),
        encode(&claims.to_string())
    );
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length is valid");
    let tag = mac.chain_update(&input).finalize().into_bytes();
    format!("{input}.{}", BASE64URL.encode(tag))
}
