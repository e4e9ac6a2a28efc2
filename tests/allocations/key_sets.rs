//! What reading a JWK Set costs in bytes, whatever its publisher wrote: a fetched set may have a
//! mebibyte, and the heap must not have many.

use serde_json::json;
use tower_jwt_auth::{KeySet, VerifyingKey};

use super::support::signing_keys::{SigningKey, jwks_of, with};

const MIB: usize = 1024 * 1024;

/// All that is allocated while a document is read, at most, as a multiple of its size: what becomes
/// a key, and the buffer that a string with escapes is put together in.
const MAX_BYTES_PER_BYTE: u64 = 2;

/// Repeats a piece, with commas between, until the text has a mebibyte.
fn filled(start: &str, piece: &str, end: &str) -> String {
    let count = (MIB - start.len() - end.len()) / (piece.len() + 1);
    let middle = vec![piece; count].join(",");
    let text = format!("{start}{middle}{end}");
    assert!(text.len() <= MIB && text.len() > MIB - 2 * piece.len() - 2);
    text
}

#[test]
fn a_key_set_is_read_within_twice_its_size() {
    let key = SigningKey::generate("EdDSA", "1");
    let jwk = key.jwk().to_string();
    let keys = format!(r#""keys":[{jwk}]"#);
    let in_key = |member: &str| format!(r#"{{"keys":[{},{member}"#, jwk.trim_end_matches('}'));
    let escaped = r"\u0041".repeat(MIB / 6 - 100);
    for (row, document) in [
        (
            "objects beside the keys",
            filled(&format!(r#"{{{keys},"x":["#), "{}", "]}"),
        ),
        (
            "objects with a member",
            filled(&format!(r#"{{{keys},"x":["#), r#"{"a":0}"#, "]}"),
        ),
        (
            "members beside the keys",
            filled(&format!("{{{keys},"), r#""":0"#, "}"),
        ),
        (
            "entries",
            filled(&format!(r#"{{"keys":[{jwk},"#), "{}", "]}"),
        ),
        (
            "numbers for entries",
            filled(&format!(r#"{{"keys":[{jwk},"#), "0", "]}"),
        ),
        (
            "arrays for entries",
            filled(&format!(r#"{{"keys":[{jwk},["#), "[]", "]]}"),
        ),
        ("a long x5c", filled(&in_key(r#""x5c":["#), r#""""#, "]}]}")),
        (
            "a long key_ops",
            filled(&in_key(r#""key_ops":["verify","#), r#""""#, "]}]}"),
        ),
        (
            "an array for a kid",
            filled(&format!(r#"{{"keys":[{jwk},{{"kid":["#), r#""""#, "]}]}"),
        ),
        (
            "an object for a kid",
            filled(&format!(r#"{{"keys":[{jwk},{{"kid":{{"#), r#""":0"#, "}}]}"),
        ),
        (
            "a kid twice and more",
            filled(&format!(r#"{{"keys":[{jwk},{{"#), r#""kid":"a""#, "}]}"),
        ),
        ("a hundred keys", filled_with_keys()),
        (
            "a long string beside the keys",
            format!(r#"{{{keys},"x":"{}"}}"#, "a".repeat(MIB - 500)),
        ),
        ("one with escapes", format!(r#"{{{keys},"x":"{escaped}"}}"#)),
        (
            "a name with escapes",
            format!(r#"{{{keys},"{escaped}":0}}"#),
        ),
        (
            "a kid with escapes",
            format!(r#"{{"keys":[{jwk},{{"kty":"EC","kid":"{escaped}"}}]}}"#),
        ),
        (
            "an n with escapes",
            format!(r#"{{"keys":[{jwk},{{"kty":"RSA","e":"AQAB","n":"{escaped}"}}]}}"#),
        ),
    ] {
        let cost = allocation_counter::measure(|| {
            let set = KeySet::from_jwks(&document);
            assert!(set.is_ok_and(|set| !set.keys().is_empty()), "{row}");
        });
        let size = document.len() as u64;
        println!(
            "{row}: {size} bytes, {} allocated, {} at once",
            cost.bytes_total, cost.bytes_max
        );
        assert!(
            cost.bytes_total <= MAX_BYTES_PER_BYTE * size,
            "{row}: {cost:?}"
        );
    }
}

#[test]
fn an_invalid_key_set_is_rejected_within_twice_its_size() {
    let deep = MIB / 2 - 100;
    for (row, document) in [
        (
            "deep",
            format!(r#"{{"keys":{}{}}}"#, "[".repeat(deep), "]".repeat(deep)),
        ),
        (
            "deep beside the keys",
            format!(
                r#"{{"keys":[],"x":{}{}}}"#,
                "[".repeat(deep),
                "]".repeat(deep)
            ),
        ),
        ("an array of objects", filled("[", "{}", "]")),
        (
            "certificates",
            filled(r#"{"keys":{"#, r#""":"-----BEGIN CERTIFICATE-----""#, "}}"),
        ),
        ("keys twice and more", filled("{", r#""keys":[]"#, "}")),
    ] {
        for read in [
            (|text: &str| KeySet::from_jwks(text).is_err()) as fn(&str) -> bool,
            |text: &str| VerifyingKey::from_jwk(text).is_err(),
        ] {
            let cost = allocation_counter::measure(|| assert!(read(&document), "{row}"));
            let size = document.len() as u64;
            assert!(
                cost.bytes_total <= MAX_BYTES_PER_BYTE * size,
                "{row}: {cost:?}"
            );
        }
    }
}

/// Keys of the longest kind, each with a long name.
fn filled_with_keys() -> String {
    let jwk = SigningKey::generate("RS256", "1").jwk();
    let keys = (0..100).map(|index| {
        with(
            jwk.clone(),
            json!({ "kid": format!("{index}{}", "a".repeat(9000)) }),
        )
    });
    jwks_of(keys)
}
