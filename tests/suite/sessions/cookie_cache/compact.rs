//! The form `compact`.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::json;

use super::{
    Fixture, changed,
    maker::{compact, compact_text, encode, envelope, hmac_sha256, millis},
    payload,
};
use crate::sessions::server::SECRET;

#[test]
fn a_secret_made_the_mac_of_the_content_and_its_expiry() {
    let payload = &*payload().to_string();
    let expires_at = &*millis(60);
    let mac = |secret: &str, text: &str| hmac_sha256(secret.as_bytes(), text.as_bytes());
    let text = compact_text(payload, expires_at);
    let valid = mac(SECRET, &text);
    let signed = |mac: &[u8]| envelope(payload, expires_at, &encode(mac));
    let flipped = |index: usize| {
        let mut mac = valid.clone();
        mac[index] ^= 1;
        signed(&mac)
    };
    let other = &*changed("user.name", json!("Mallory")).to_string();
    Fixture::new().assert_rows([
        ("valid", signed(&valid), true),
        ("another secret", signed(&mac(&SECRET[1..], &text)), false),
        ("the first bit", flipped(0), false),
        ("the last bit", flipped(31), false),
        ("half a MAC", signed(&valid[..16]), false),
        ("no MAC", signed(b""), false),
        ("a longer MAC", signed(&[&*valid, b"x"].concat()), false),
        ("zeros", signed(&[0; 32]), false),
        (
            "the MAC of the content",
            signed(&mac(SECRET, payload)),
            false,
        ),
        (
            "the MAC of the expiry first",
            signed(&mac(
                SECRET,
                &format!("{{\"expiresAt\":{expires_at},{}", &payload[1..]),
            )),
            false,
        ),
        (
            "another content",
            envelope(other, expires_at, &encode(&valid)),
            false,
        ),
        (
            "a later expiry",
            envelope(payload, &millis(61), &encode(&valid)),
            false,
        ),
        (
            "another spelling of the expiry",
            envelope(payload, &format!("{expires_at}.0"), &encode(&valid)),
            false,
        ),
        (
            "white space in the content",
            envelope(&payload.replacen(':', ": ", 1), expires_at, &encode(&valid)),
            false,
        ),
        (
            "an escape in the content",
            envelope(
                &payload.replace("Ada", "\\u0041da"),
                expires_at,
                &encode(&valid),
            ),
            false,
        ),
    ]);
}

#[test]
fn the_content_is_not_serialized_again() {
    let payload = payload();
    let rows = [
        (
            "white space",
            serde_json::to_string_pretty(&payload).unwrap(),
        ),
        ("escapes", payload.to_string().replace("Ada", "\\u0041da")),
        (
            "a number",
            changed("user.n", json!("N"))
                .to_string()
                .replace("\"N\"", "1.50e3"),
        ),
        (
            "a number beyond f64",
            changed("user.n", json!("N"))
                .to_string()
                .replace("\"N\"", "12345678901234567890123"),
        ),
        ("slashes", payload.to_string().replace("Ada", "Ada\\/")),
    ];
    // The names then differ from that of the cookie, so only the last name is compared.
    let fixture = Fixture::new();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for (row, content) in rows {
        runtime.block_on(fixture.user(&compact(&content, &millis(60))));
        assert_eq!(fixture.lookups(), 0, "{row}");
    }
}

#[test]
fn the_expiry_is_a_number_after_now() {
    let payload = &*payload().to_string();
    let row = |row, expires_at: &str, is_accepted| (row, compact(payload, expires_at), is_accepted);
    let now = millis(0);
    Fixture::new().assert_rows([
        row(
            "a millisecond later",
            &now.replace("000000", "000001"),
            true,
        ),
        row("half a millisecond later", &format!("{now}.5"), true),
        row("with an exponent", "4e15", true),
        row("now", &now, false),
        row("a minute before", &millis(0).replace("1800", "1799"), false),
        row("zero", "0", false),
        row("negative", "-1", false),
        row("a text", &format!("\"{}\"", millis(60)), false),
        row("null", "null", false),
        row("true", "true", false),
        row("an object", "{}", false),
        row("in seconds", "1800000060", false),
    ]);
}

#[test]
fn the_envelope_has_exactly_one_form() {
    let valid = compact(&payload().to_string(), &millis(60));
    let json = BASE64_URL_SAFE_NO_PAD.decode(&valid).unwrap();
    let json = String::from_utf8(json).unwrap();
    let edit = |from: &str, to: &str| {
        let edited = json.replacen(from, to, 1);
        assert_ne!(edited, json);
        encode(edited)
    };
    let signature = json.rsplit('"').nth(1).unwrap();
    let content = payload().to_string();
    // The base64 of a text with these characters differs between the alphabets.
    let wide = changed("user.image", json!("???>>>ÿÿÿ~~~")).to_string();
    let wide = compact(&wide, &millis(60));
    let in_standard = BASE64_URL_SAFE_NO_PAD.decode(&wide).unwrap();
    let in_standard = BASE64_STANDARD_NO_PAD.encode(in_standard);
    assert_ne!(in_standard, wide);
    let padded = (0..3).map(|spaces| encode(format!("{json}{}", " ".repeat(spaces))));
    let padded = { padded.map(|data| BASE64_URL_SAFE_NO_PAD.decode(data).unwrap()) }
        .map(|data| BASE64_URL_SAFE.encode(data))
        .find(|data| data.ends_with('='))
        .unwrap();
    Fixture::new().assert_rows([
        ("valid", valid.clone(), true),
        ("base64url of all characters", wide, true),
        ("standard base64", in_standard, false),
        ("padding", padded, false),
        ("percent-encoded padding", format!("{valid}%3D"), false),
        ("quotes around it", format!("\"{valid}\""), false),
        (
            "padding in the signature",
            edit(signature, &format!("{signature}=")),
            false,
        ),
        (
            "a space in the signature",
            edit(signature, &format!("{signature} ")),
            false,
        ),
        (
            "a signature in hex",
            edit(signature, &"0".repeat(64)),
            false,
        ),
        ("no signature", edit("\"signature\"", "\"x\""), false),
        ("no expiry", edit("},\"expiresAt\"", "},\"x\""), false),
        ("no content", edit("{\"session\"", "{\"x\""), false),
        (
            "a signature twice",
            edit("{\"session\"", "{\"signature\":\"\",\"session\""),
            false,
        ),
        (
            "a content twice",
            edit("{\"session\"", "{\"session\":{},\"session\""),
            false,
        ),
        (
            "a null signature",
            edit(&format!("\"{signature}\""), "null"),
            false,
        ),
        ("text after the JSON", encode(format!("{json}x")), false),
        ("two", encode(format!("{json}{json}")), false),
        ("a cut", valid[..valid.len() - 4].to_owned(), false),
        (
            "JSON without base64",
            content.replace([';', ' '], ""),
            false,
        ),
        ("a list", encode("[1]"), false),
        ("null", encode("null"), false),
        ("no text", String::new(), false),
        ("no JSON", encode("garbage"), false),
        (
            "a brace",
            encode(r#"{"session":"}","expiresAt":1,"signature":""}"#),
            false,
        ),
    ]);
}

#[test]
fn a_member_twice_in_the_content_is_not_accepted() {
    let payload = payload().to_string();
    let twice = |member: &str| {
        compact(
            &payload.replacen('{', &format!("{{{member},"), 1),
            &millis(60),
        )
    };
    Fixture::new().assert_rows([
        ("version", twice(r#""version":"2""#), false),
        ("user", twice(r#""user":{"id":"bob"}"#), false),
        ("session", twice(r#""session":{}"#), false),
        // JavaScript uses the last one too.
        (
            "a column",
            compact(
                &payload.replacen(r#""user":{"#, r#""user":{"name":"Mallory","#, 1),
                &millis(60),
            ),
            true,
        ),
    ]);
}
