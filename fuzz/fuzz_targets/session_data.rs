//! A cookie `session_data` is accepted only if its content belongs to the session, and in all forms or
//! in none. The input is the content, in which `$token` is replaced with the token of the session; as a
//! cookie without a signature, and with a flipped bit, it is never accepted.
#![no_main]

use std::{
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use aws_lc_rs::{
    cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    hmac::{HMAC_SHA256, HMAC_SHA512, Key, sign},
};
use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
};
use http::{HeaderValue, Request, header::COOKIE};
use libfuzzer_sys::fuzz_target;
use serde::de::IgnoredAny;
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};
use tower_jwt_auth::{BetterAuthSessions, CurrentUser, JwtAuthLayer};

const NOW: u64 = 1_800_000_000;
const SECRET: &str = "test-only-0123456789abcdefghijklmnopqrstuvwxyz";
const TOKEN: &str = "abcdefghijklmnopqrstuvwxyz012345";
const NAME: &str = "better-auth.session_data";

/// A content that is accepted.
const VALID: &str = include_str!("../seeds/session_data/valid");

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    let mut builder = Builder::new_current_thread();
    builder.enable_time().build().expect("a runtime")
});

static LAYER: LazyLock<JwtAuthLayer> = LazyLock::new(|| {
    let sessions = BetterAuthSessions::cookie_only("https://app.example.com").secret(SECRET);
    let builder = JwtAuthLayer::builder().clock(|| UNIX_EPOCH + Duration::from_secs(NOW));
    let layer = builder.email_optional().sessions(sessions).build();
    layer.expect("the settings are valid")
});

/// Without this, a mistake in this file could reject every content.
static CHECK: LazyLock<()> = LazyLock::new(|| {
    for cookie in forms(&content(VALID)) {
        assert!(user(&whole(&cookie)).is_some(), "the seed is valid");
    }
});

fuzz_target!(|input: &[u8]| {
    LazyLock::force(&CHECK);
    if let Ok(raw) = str::from_utf8(input) {
        assert!(user(&whole(raw)).is_none(), "it has no signature");
    }
    let text = content(&String::from_utf8_lossy(input));
    let [compact, jwt, jwe] = forms(&text);
    let [by_compact, by_jwt, by_jwe] = [&compact, &jwt, &jwe].map(|cookie| user(&whole(cookie)));
    assert_eq!(by_jwt, by_jwe);
    // Its expiry is not in the content.
    assert!(by_jwt.is_none() || by_jwt == by_compact);
    for (cookie, expected) in [(&compact, &by_compact), (&jwt, &by_jwt), (&jwe, &by_jwe)] {
        let place = input.iter().map(|&byte| usize::from(byte)).sum::<usize>();
        assert_eq!(user(&chunks(cookie, 1 + place % 12)), *expected);
        let flipped = whole(&with_flipped_bit(cookie, place));
        assert!(user(&flipped).is_none(), "a flipped bit");
    }
    if let Some(claims) = by_compact {
        assert!(serde_json::from_str::<IgnoredAny>(&text).is_ok(), "{text}");
        assert!(!claims.to_string().contains(TOKEN) || text.matches(TOKEN).count() > 1);
        if let Ok(payload) = serde_json::from_str::<Value>(&text) {
            assert_belongs(&payload, &claims, by_jwt.is_some());
        }
    }
});

fn content(text: &str) -> String {
    let text = text.replace("$token", TOKEN);
    text.trim_matches([' ', '\t', '\r', '\n']).to_owned()
}

fn assert_belongs(payload: &Value, claims: &Value, is_jwt: bool) {
    let (session, user) = (&payload["session"], &payload["user"]);
    assert_eq!(session["token"], TOKEN);
    let id = |value: &Value| {
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    assert_eq!(id(&session["userId"]), id(&user["id"]));
    assert_eq!(claims["sub"], id(&user["id"]));
    assert!(["1".into(), Value::Null].contains(&payload["version"]));
    assert!(claims["exp"].as_u64().is_some_and(|exp| exp > NOW));
    if is_jwt {
        assert!(payload["exp"].as_f64().is_some_and(|exp| exp > NOW as f64));
    }
}

/// The content in the forms `compact`, `jwt`, and `jwe`.
fn forms(text: &str) -> [String; 3] {
    [compact(text), jwt(text), jwe(text)]
}

fn compact(text: &str) -> String {
    let expiry = (NOW + 60) * 1000;
    let open = text.strip_suffix('}').unwrap_or(text);
    let signature = encode(mac(&format!("{open},\"expiresAt\":{expiry}}}")));
    encode(format!(
        r#"{{"session":{text},"expiresAt":{expiry},"signature":"{signature}"}}"#
    ))
}

fn jwt(text: &str) -> String {
    let signed = format!("{}.{}", encode(r#"{"alg":"HS256"}"#), encode(text));
    let signature = encode(mac(&signed));
    format!("{signed}.{signature}")
}

/// RFC 7518 section 5.2.
fn jwe(text: &str) -> String {
    let key = jwe_key();
    let header = encode(r#"{"alg":"dir","enc":"A256CBC-HS512"}"#);
    let iv = [1; 16];
    let mut encrypted = text.as_bytes().to_vec();
    let aes = UnboundCipherKey::new(&AES_256, &key[32..]).expect("32 bytes");
    let aes = PaddedBlockEncryptingKey::cbc_pkcs7(aes).expect("a valid key");
    let context = EncryptionContext::Iv128((&iv).into());
    let done = aes.less_safe_encrypt(&mut encrypted, context);
    done.expect("it encrypts");
    let bits = 8 * header.len() as u64;
    let covered = [header.as_bytes(), &iv, &encrypted, &bits.to_be_bytes()].concat();
    let tag = sign(&Key::new(HMAC_SHA512, &key[..32]), &covered);
    let tag = encode(&tag.as_ref()[..32]);
    format!("{header}..{}.{}.{tag}", encode(iv), encode(encrypted))
}

/// HKDF-SHA256 (RFC 5869).
fn jwe_key() -> Vec<u8> {
    let sha256 = |key: &[u8], text: &[u8]| sign(&Key::new(HMAC_SHA256, key), text);
    let extracted = sha256(b"better-auth-session", SECRET.as_bytes());
    let purpose = b"BetterAuth.js Generated Encryption Key";
    let first = sha256(extracted.as_ref(), &[&purpose[..], &[1]].concat());
    let second = [first.as_ref(), &purpose[..], &[2]].concat();
    let second = sha256(extracted.as_ref(), &second);
    [first.as_ref(), second.as_ref()].concat()
}

fn mac(text: &str) -> impl AsRef<[u8]> {
    sign(&Key::new(HMAC_SHA256, SECRET.as_bytes()), text.as_bytes())
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

fn whole(value: &str) -> String {
    format!("{NAME}={value}")
}

/// The cookies of a value that is split, the last one first.
fn chunks(value: &str, count: usize) -> String {
    let len = value.len().div_ceil(count).max(1);
    let parts: Vec<_> = value.as_bytes().chunks(len).enumerate().collect();
    let parts = parts.iter().rev().map(|(index, part)| {
        let part = str::from_utf8(part).expect("base64 is ASCII");
        format!("{NAME}.{index}={part}")
    });
    parts.collect::<Vec<_>>().join("; ")
}

/// Replaces a character with another one of base64.
fn with_flipped_bit(value: &str, place: usize) -> String {
    let mut bytes = value.as_bytes().to_vec();
    let place = place % bytes.len();
    bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
    String::from_utf8(bytes).expect("ASCII")
}

/// The claims of the user, if these cookies beside the session cookie have one.
fn user(data: &str) -> Option<Value> {
    let signed = format!("{TOKEN}.{}", BASE64_STANDARD.encode(mac(TOKEN)));
    let cookies = format!("better-auth.session_token={signed}; {data}");
    let mut request = Request::new(());
    let cookies = HeaderValue::from_bytes(cookies.as_bytes()).ok()?;
    request.headers_mut().insert(COOKIE, cookies);
    let (parts, ()) = request.into_parts();
    let user = RUNTIME.block_on(LAYER.authenticate(&parts)).ok()?;
    let user: CurrentUser = user.expect("a user is required");
    Some(user.claims().expect("claims are JSON"))
}
