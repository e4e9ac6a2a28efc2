//! The memory for reading a JWK Set with any content. A fetched set may have one mebibyte and must
//! not need many times that.

use serde_json::json;
use tower_jwt_auth::{KeySet, VerifyingKey};

use super::support::signing_keys::{SigningKey, jwks_of, with};

const MIB: usize = 1024 * 1024;

/// The maximum of allocated bytes for each byte of a document: the keys, and the buffer in which a
/// string with escapes is decoded.
const MAX_BYTES_PER_BYTE: u64 = 2;

/// Repeats a piece, separated by commas, until the document has almost one mebibyte.
fn filled(start: &str, piece: &str, end: &str) -> String {
    let count = (MIB - start.len() - end.len()) / (piece.len() + 1);
    let middle = vec![piece; count].join(",");
    let document = format!("{start}{middle}{end}");
    assert!(document.len() <= MIB && document.len() > MIB - 2 * piece.len() - 2);
    document
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
            "numbers as entries",
            filled(&format!(r#"{{"keys":[{jwk},"#), "0", "]}"),
        ),
        (
            "arrays as entries",
            filled(&format!(r#"{{"keys":[{jwk},["#), "[]", "]]}"),
        ),
        ("a long x5c", filled(&in_key(r#""x5c":["#), r#""""#, "]}]}")),
        (
            "a long key_ops",
            filled(&in_key(r#""key_ops":["verify","#), r#""""#, "]}]}"),
        ),
        (
            "an array as kid",
            filled(&format!(r#"{{"keys":[{jwk},{{"kid":["#), r#""""#, "]}]}"),
        ),
        (
            "an object as kid",
            filled(&format!(r#"{{"keys":[{jwk},{{"kid":{{"#), r#""":0"#, "}}]}"),
        ),
        (
            "a repeated kid",
            filled(&format!(r#"{{"keys":[{jwk},{{"#), r#""kid":"a""#, "}]}"),
        ),
        ("a hundred keys", filled_with_keys()),
        (
            "a long string beside the keys",
            format!(r#"{{{keys},"x":"{}"}}"#, "a".repeat(MIB - 500)),
        ),
        (
            "a string with escapes beside the keys",
            format!(r#"{{{keys},"x":"{escaped}"}}"#),
        ),
        (
            "a member name with escapes",
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
            "{row}: {size} bytes, {} allocated, {} at the peak",
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
            "deep entries",
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
        ("a repeated member keys", filled("{", r#""keys":[]"#, "}")),
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

/// Keys of the longest type, each with a long key ID.
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
