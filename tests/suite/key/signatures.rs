//! Invalid signatures, in all forms that some implementation has accepted.

use std::iter;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use crate::support::{signing_keys::*, *};

#[test]
fn a_damaged_signature_is_rejected_for_every_algorithm() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        let token = key.token(&claims());
        assert_eq!(reason(&layer, &token), "accepted", "{alg}");

        let valid = signature_of(&token);
        let length = valid.len();
        let input = token.rsplit_once('.').unwrap().0.as_bytes();
        let other_claims = claims_with(json!({ "sub": "bob" }));
        let flipped = (0..length).map(|index| {
            let mut flipped = valid.clone();
            flipped[index] ^= 1 << (index % 8);
            (format!("a bit of byte {index} flipped"), flipped)
        });
        let mut others = vec![
            ("all zero".to_owned(), vec![0; length]),
            ("all ones".to_owned(), vec![0xFF; length]),
            ("one byte".to_owned(), valid[..1].to_vec()),
            ("half".to_owned(), valid[..length / 2].to_vec()),
            (
                "without its last byte".to_owned(),
                valid[..length - 1].to_vec(),
            ),
            ("without its first byte".to_owned(), valid[1..].to_vec()),
            ("a zero after it".to_owned(), [&*valid, &[0]].concat()),
            ("a zero before it".to_owned(), [&[0], &*valid].concat()),
            ("twice".to_owned(), [&*valid, &*valid].concat()),
            (
                "64 KiB after it".to_owned(),
                [&*valid, &[7; 1 << 13]].concat(),
            ),
            ("reversed".to_owned(), valid.iter().rev().copied().collect()),
            (
                "of another key".to_owned(),
                SigningKey::generate(alg, "1").signature(input),
            ),
            (
                "of other claims".to_owned(),
                signature_of(&key.token(&other_claims)),
            ),
            ("of an empty input".to_owned(), key.signature(b"")),
            (
                "of the claims before encoding".to_owned(),
                key.signature(claims().to_string().as_bytes()),
            ),
            ("a MAC with an empty key".to_owned(), {
                mac(str::from_utf8(input).unwrap(), "")
            }),
        ];
        others.extend(flipped);
        for (row, signature) in others {
            let token = with_signature(&token, signature);
            assert_eq!(reason(&layer, &token), "signature", "{alg}: {row}");
        }

        let text = encode(&valid);
        for (row, signature) in [
            ("empty", String::new()),
            ("padded", format!("{text}=")),
            ("a space after it", format!("{text} ")),
            ("a newline after it", format!("{text}\n")),
            ("a dot after it", format!("{text}.")),
            ("one character too many", {
                // No byte sequence has an encoding of this length.
                let whole = text.len() / 4 * 4;
                format!("{}A", &text[..whole])
            }),
            (
                "in the standard alphabet",
                format!("{}+/", &text[..text.len() - 2]),
            ),
        ] {
            let (input, _) = token.rsplit_once('.').unwrap();
            let token = format!("{input}.{signature}");
            assert_eq!(reason(&layer, &token), "malformed", "{alg}: {row}");
        }
        if let Some(other_encoding) = with_stray_bits(&text) {
            let (input, _) = token.rsplit_once('.').unwrap();
            let token = format!("{input}.{other_encoding}");
            assert_eq!(reason(&layer, &token), "malformed", "{alg}: stray bits");
        }
    }
}

#[test]
fn an_ecdsa_signature_with_r_or_s_out_of_range_is_rejected() {
    for (alg, order) in orders() {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        let token = key.token(&claims());
        let valid = signature_of(&token);
        let (r, s) = valid.split_at(valid.len() / 2);
        let n = from_hex(order);
        assert_eq!(n.len(), r.len(), "{alg}");
        let (zero, above) = (vec![0; n.len()], add(&n, &one(n.len())));
        let mut rows = vec![
            ("r = s = 0", zero.clone(), zero.clone()),
            ("r = 0", zero.clone(), s.to_vec()),
            ("s = 0", r.to_vec(), zero.clone()),
            ("r = s = n", n.clone(), n.clone()),
            ("r = n", n.clone(), s.to_vec()),
            ("s = n", r.to_vec(), n.clone()),
            ("r = n + 1", above.clone(), s.to_vec()),
            ("s = n + 1", r.to_vec(), above),
            ("r = s = 1", one(n.len()), one(n.len())),
            ("r and s swapped", s.to_vec(), r.to_vec()),
            ("all ones", vec![0xFF; n.len()], vec![0xFF; n.len()]),
        ];
        if alg == "ES512" {
            // 66 bytes have more than 521 bits, so they can also encode the number plus the order.
            rows.push(("r + n", add(r, &n), s.to_vec()));
            rows.push(("s + n", r.to_vec(), add(s, &n)));
        }
        for (row, r, s) in rows {
            let token = with_signature(&token, [r, s].concat());
            assert_eq!(reason(&layer, &token), "signature", "{alg}: {row}");
        }
    }
}

#[test]
fn an_ecdsa_signature_in_der_or_of_another_length_is_rejected() {
    for (alg, _) in orders() {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        let token = key.token(&claims());
        let valid = signature_of(&token);
        let half = valid.len() / 2;
        let (r, s) = valid.split_at(half);
        for (row, signature) in [
            ("DER", der_sequence(r, s)),
            ("a zero before r and s", [&[0], r, &[0], s].concat()),
            ("a zero before r", [&[0], r, s].concat()),
            ("a zero before s", [r, &[0], s].concat()),
            ("only r", r.to_vec()),
            ("a byte short", valid[..valid.len() - 1].to_vec()),
            ("a byte long", [&*valid, &[0]].concat()),
            ("as an uncompressed point", [&[4], &*valid].concat()),
        ] {
            let token = with_signature(&token, signature);
            assert_eq!(reason(&layer, &token), "signature", "{alg}: {row}");
        }
    }
}

/// RFC 8032 section 5.1.7: otherwise, a second valid signature could be derived from the first.
#[test]
fn an_ed25519_signature_with_s_not_below_the_order_is_rejected() {
    let key = SigningKey::generate("EdDSA", "1");
    let layer = layer_of(jwks([&key]));
    let token = key.token(&claims());
    let valid = signature_of(&token);
    let (r, s) = valid.split_at(32);
    let order = from_hex("1000000000000000000000000000000014DEF9DEA2F79CD65812631A5CF5D3ED");
    let little = |number: Vec<u8>| number.into_iter().rev().collect::<Vec<_>>();
    let big: Vec<_> = s.iter().rev().copied().collect();
    let mut multiples = iter::successors(Some(add(&big, &order)), |sum| Some(add(sum, &order)));
    let mut rows = vec![
        ("S = 0".to_owned(), vec![0; 32]),
        ("S = L".to_owned(), little(order.clone())),
        ("S = 2^256 - 1".to_owned(), vec![0xFF; 32]),
        ("S with its highest bit set".to_owned(), {
            let mut s = s.to_vec();
            s[31] |= 0x80;
            s
        }),
    ];
    for times in 1..=14 {
        let sum = multiples.next().unwrap();
        rows.push((format!("S + {times} L"), little(sum)));
    }
    for (row, s) in rows {
        let token = with_signature(&token, [r, &s].concat());
        assert_eq!(reason(&layer, &token), "signature", "{row}");
    }
    for (row, signature) in [
        ("63 bytes", valid[..63].to_vec()),
        ("65 bytes", [&*valid, &[0]].concat()),
        ("32 bytes", valid[..32].to_vec()),
        ("96 bytes", [&*valid, &[0; 32]].concat()),
        ("R = 0", [&[0; 32], s].concat()),
        ("R and S swapped", [s, r].concat()),
    ] {
        let token = with_signature(&token, signature);
        assert_eq!(reason(&layer, &token), "signature", "{row}");
    }
}

/// RFC 8017 sections 8.1.2 and 8.2.2.
#[test]
fn an_rsa_signature_of_wrong_length_or_not_below_n_is_rejected() {
    for alg in RSA {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        let jwk = key.jwk();
        let n = BASE64_URL_SAFE_NO_PAD
            .decode(jwk["n"].as_str().unwrap())
            .unwrap();
        // A signature to which the modulus can be added, and a signature that starts with 0.
        let tokens = || (0..).map(|iat| key.token(&claims_with(json!({ "iat": iat }))));
        let low = tokens()
            .find(|token| fits(&signature_of(token), &n))
            .unwrap();
        let short = tokens().find(|token| signature_of(token)[0] == 0).unwrap();
        for token in [&low, &short] {
            assert_eq!(reason(&layer, token), "accepted", "{alg}");
        }
        let (low_signature, short_signature) = (signature_of(&low), signature_of(&short));
        for (row, token, signature) in [
            ("one byte short", &low, low_signature[..255].to_vec()),
            (
                "without its leading zero",
                &short,
                short_signature[1..].to_vec(),
            ),
            ("one byte long", &low, [&[0], &*low_signature].concat()),
            ("plus the modulus", &low, add(&low_signature, &n)),
            ("0", &low, vec![0; 256]),
            ("1", &low, one(256)),
            ("the modulus", &low, n.clone()),
            ("the modulus minus 1", &low, {
                let mut less = n.clone();
                less[255] -= 1;
                less
            }),
        ] {
            let token = with_signature(token, signature);
            assert_eq!(reason(&layer, &token), "signature", "{alg}: {row}");
        }
    }
}

/// ECDSA and RSASSA-PSS signatures differ each time.
#[test]
fn every_signature_made_with_the_key_is_accepted() {
    for alg in ALGORITHMS {
        let key = SigningKey::generate(alg, "1");
        let layer = layer_of(jwks([&key]));
        for _ in 0..8 {
            assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
        }
    }
}

fn signature_of(token: &str) -> Vec<u8> {
    let (_, signature) = token.rsplit_once('.').unwrap();
    BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap()
}

/// Encodes the same bytes differently if the last character has unused bits.
fn with_stray_bits(text: &str) -> Option<String> {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let last = *text.as_bytes().last()?;
    let index = alphabet.iter().position(|&character| character == last)?;
    let stray = char::from(*alphabet.get(index + 1)?);
    (!text.len().is_multiple_of(4)).then(|| format!("{}{stray}", &text[..text.len() - 1]))
}

/// Encodes `SEQUENCE { INTEGER r, INTEGER s }`.
fn der_sequence(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |number: &[u8]| {
        let start = number.iter().position(|&byte| byte != 0).unwrap();
        let mut number = number[start..].to_vec();
        if number[0] & 0x80 != 0 {
            number.insert(0, 0);
        }
        [vec![2, u8::try_from(number.len()).unwrap()], number].concat()
    };
    let numbers = [integer(r), integer(s)].concat();
    let length = u8::try_from(numbers.len()).unwrap();
    let head = match length {
        0..0x80 => vec![0x30, length],
        _ => vec![0x30, 0x81, length],
    };
    [head, numbers].concat()
}

/// Returns whether the sum of two numbers of the same width has that width.
fn fits(one: &[u8], other: &[u8]) -> bool {
    let inverse: Vec<u8> = other.iter().map(|byte| !byte).collect();
    one <= &*inverse
}

fn one(width: usize) -> Vec<u8> {
    let mut one = vec![0; width];
    one[width - 1] = 1;
    one
}

fn orders() -> impl Iterator<Item = (&'static str, &'static str)> {
    ORDERS
        .into_iter()
        .filter(|(alg, _)| ALGORITHMS.contains(alg))
}

/// The order of the group of each curve (FIPS 186-4 appendix D.1.2), as wide as its coordinates.
const ORDERS: [(&str, &str); 3] = [
    (
        "ES256",
        "FFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551",
    ),
    (
        "ES384",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973",
    ),
    (
        "ES512",
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
    ),
];
