//! Weak and invalid keys: rejected during configuration, skipped in a set.

use aws_lc_rs::rsa::KeySize;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::{KeySet, VerifyingKey};

use crate::support::{signing_keys::*, *};

#[test]
fn an_rsa_key_of_fewer_than_2048_bits_is_rejected() {
    let key = SigningKey::generate("RS256", "weak").jwk();
    let n = bytes(&key, "n");
    let with_modulus = |n: &[u8]| with(key.clone(), json!({ "n": encode(n) }));
    let less_one_bit = {
        let mut n = n.clone();
        n[0] = 0x7F;
        n
    };
    assert_weak(
        "bits",
        [
            (
                "1024 bits",
                with_modulus(
                    &n[128..]
                        .iter()
                        .enumerate()
                        .map(|(index, &byte)| if index == 0 { byte | 0x80 } else { byte })
                        .collect::<Vec<_>>(),
                ),
            ),
            ("2040 bits", with_modulus(&[&[0x80], &n[2..]].concat())),
            ("2047 bits", with_modulus(&less_one_bit)),
            (
                "2047 bits and zeros before them",
                with_modulus(&[&[0, 0], &*less_one_bit].concat()),
            ),
            ("1 bit", with_modulus(&[1])),
            ("0", with_modulus(&[0])),
            ("256 zeros", with_modulus(&[0; 256])),
            ("empty", with_modulus(&[])),
        ],
    );
    for alg in RSA {
        let short = with(with_modulus(&n[1..]), json!({ "alg": alg }));
        assert_weak("bits", [(alg, short)]);
    }
}

/// Verification with such keys is disproportionately expensive, and the publisher of a set could
/// add them.
#[test]
fn an_rsa_key_of_more_than_8192_bits_is_rejected() {
    let key = SigningKey::generate("RS256", "weak").jwk();
    let n = bytes(&key, "n");
    let with_modulus = |n: &[u8]| with(key.clone(), json!({ "n": encode(n) }));
    let rows = [
        ("8193 bits", with_modulus(&[&[1], &*n.repeat(4)].concat())),
        ("16384 bits", with_modulus(&n.repeat(8))),
        ("a million bits", with_modulus(&n.repeat(512))),
    ];
    assert_weak("bits but must have 2048 to 8192", rows);
}

#[test]
fn an_rsa_key_of_4096_bits_verifies_with_every_backend() {
    let mut key = SigningKey::generate_rsa(KeySize::Rsa4096, "1");
    for alg in RSA {
        key.alg = alg;
        let layer = layer_of(jwks([&key]));
        assert_eq!(reason(&layer, &key.token(&claims())), "accepted", "{alg}");
    }
}

/// The modulus is synthetic: reading a key does not factor it.
#[test]
fn an_rsa_key_of_more_than_4096_bits_needs_aws_lc() {
    let key = SigningKey::generate("RS256", "weak").jwk();
    let n = bytes(&key, "n");
    let with_modulus = |n: &[u8]| with(key.clone(), json!({ "n": encode(n) }));
    let longer = [
        ("4097 bits", with_modulus(&[&[1], &*n.repeat(2)].concat())),
        ("8192 bits", with_modulus(&n.repeat(4))),
    ];
    if cfg!(feature = "aws-lc-rs") {
        for (row, jwk) in longer {
            let read = VerifyingKey::from_jwk(&jwk.to_string());
            assert!(read.is_ok(), "{row}: {read:?}");
        }
    } else {
        assert_weak("more than 4096 bits", longer);
    }
}

#[test]
fn an_rsa_key_in_pem_of_more_than_4096_bits_needs_aws_lc() {
    let n = bytes(&SigningKey::generate("RS256", "weak").jwk(), "n");
    let read = |n: &[u8]| {
        let numbers = [der(2, &[&[0], n].concat()), der(2, &[1, 0, 1])];
        VerifyingKey::from_pem(pem("RSA PUBLIC KEY", &der(0x30, &numbers.concat())))
    };
    let longest = read(&n.repeat(2));
    assert!(longest.is_ok(), "{longest:?}");
    let longer = read(&n.repeat(4));
    if cfg!(feature = "aws-lc-rs") {
        assert!(longer.is_ok(), "{longer:?}");
    } else {
        assert_contains(longer.unwrap_err(), "up to 4096 bits", "from_pem");
    }
}

#[test]
fn an_rsa_key_of_1024_bits_in_pem_is_rejected() {
    let error = VerifyingKey::from_pem(RSA_1024).unwrap_err();
    assert_contains(error, "the modulus has 1024 bits", "from_pem");
    assert_contains(
        fault(any_audience().public_key_pem(RSA_1024)),
        "the modulus has 1024 bits",
        "public_key_pem",
    );
}

#[test]
fn an_rsa_key_with_an_invalid_exponent_or_modulus_is_rejected() {
    let key = SigningKey::generate("PS256", "weak").jwk();
    let mut even = bytes(&key, "n");
    even[255] &= 0xFE;
    let with_exponent = |e: &[u8]| with(key.clone(), json!({ "e": encode(e) }));
    assert_weak(
        "exponent",
        [
            ("e = 1", with_exponent(&[1])),
            ("e = 1, with zeros before it", with_exponent(&[0, 0, 1])),
            ("e = 0", with_exponent(&[0])),
            ("e = 2", with_exponent(&[2])),
            ("e = 65536", with_exponent(&[1, 0, 0])),
            ("e = 65538", with_exponent(&[1, 0, 2])),
            ("no e", with_exponent(&[])),
            ("e over 32 bits", with_exponent(&[1, 0, 0, 0, 1])),
            ("e as long as the modulus", with_exponent(&[7; 256])),
            (
                "an even modulus",
                with(key.clone(), json!({ "n": encode(even) })),
            ),
        ],
    );
}

/// CVE-2017-15361.
#[test]
fn an_rsa_key_with_the_roca_fingerprint_is_rejected() {
    let key = SigningKey::generate("RS256", "weak").jwk();
    for n in ROCA {
        let roca = with(key.clone(), json!({ "n": n }));
        for alg in RSA {
            assert_weak("ROCA", [(alg, with(roca.clone(), json!({ "alg": alg })))]);
        }
        assert_weak("ROCA", [("no alg", without(roca, "alg"))]);

        // A modulus that differs by 2 has another residue modulo each of the primes.
        let mut other = BASE64_URL_SAFE_NO_PAD.decode(n).unwrap();
        other[255] ^= 2;
        let other = with(key.clone(), json!({ "n": encode(other) }));
        assert!(VerifyingKey::from_jwk(&other.to_string()).is_ok());
    }
}

#[test]
fn an_odd_rsa_exponent_of_up_to_32_bits_is_accepted() {
    let key = SigningKey::generate("PS256", "strong").jwk();
    for e in [&[3][..], &[1, 0, 1], &[0xFF, 0xFF, 0xFF, 0xFF]] {
        let jwk = with(key.clone(), json!({ "e": encode(e) }));
        let read = VerifyingKey::from_jwk(&jwk.to_string());
        assert!(read.is_ok(), "{e:?}: {read:?}");
    }
}

/// The eight points whose order divides 8, their non-canonical encodings above the prime, and all
/// of these with either sign bit, even if it is invalid.
#[test]
fn an_ed25519_key_of_small_order_is_rejected() {
    let key = SigningKey::generate("EdDSA", "weak").jwk();
    for (name, y) in SMALL_ORDER {
        for sign in [0, 0x80] {
            let mut x = from_hex(y);
            x[31] |= sign;
            let jwk = with(key.clone(), json!({ "x": encode(x) }));
            assert_weak("small order", [(format!("y = {name}, sign {sign}"), jwk)]);
        }
    }
}

#[test]
fn an_ed25519_key_that_is_not_32_bytes_long_is_rejected() {
    let key = SigningKey::generate("EdDSA", "weak").jwk();
    let x = bytes(&key, "x");
    let with_x = |x: &[u8]| with(key.clone(), json!({ "x": encode(x) }));
    assert_weak(
        "bytes long but must be 32 bytes long",
        [
            ("none", with_x(&[])),
            ("1", with_x(&x[..1])),
            ("31", with_x(&x[..31])),
            ("33", with_x(&[&*x, &[0]].concat())),
            ("33, a zero first", with_x(&[&[0], &*x].concat())),
            ("64", with_x(&[&*x, &*x].concat())),
        ],
    );
}

/// RFC 8032 section 5.1.3: a second encoding of the same key.
#[test]
fn an_ed25519_key_with_y_above_the_prime_is_rejected() {
    let key = SigningKey::generate("EdDSA", "weak").jwk();
    for y in [3, 4, 5, 6, 9, 10] {
        for sign in [0, 0x80] {
            let mut x = from_hex(SMALL_ORDER[5].1);
            assert_eq!(SMALL_ORDER[5].0, "p");
            x[0] += y;
            x[31] |= sign;
            let jwk = with(key.clone(), json!({ "x": encode(x) }));
            assert_weak(
                "above the prime",
                [(format!("y = p + {y}, sign {sign}"), jwk)],
            );
            let mut below = [0; 32];
            (below[0], below[31]) = (y, sign);
            let jwk = with(key.clone(), json!({ "x": encode(below) }));
            assert!(VerifyingKey::from_jwk(&jwk.to_string()).is_ok(), "y = {y}");
        }
    }
}

/// No point of the curve has this y.
#[test]
fn an_ed25519_key_that_is_not_on_its_curve_is_rejected() {
    let key = SigningKey::generate("EdDSA", "weak").jwk();
    for y in [2, 7, 8, 11] {
        for sign in [0, 0x80] {
            let mut x = [0; 32];
            (x[0], x[31]) = (y, sign);
            let jwk = with(key.clone(), json!({ "x": encode(x) }));
            assert_weak("", [(format!("y = {y}, sign {sign}"), jwk)]);
        }
    }
}

#[test]
fn an_ec_key_that_is_not_on_its_curve_is_rejected() {
    for (alg, prime) in primes() {
        let key = SigningKey::generate(alg, "weak").jwk();
        let (x, y) = (bytes(&key, "x"), bytes(&key, "y"));
        let p = from_hex(prime);
        let with_point =
            |x: &[u8], y: &[u8]| with(key.clone(), json!({ "x": encode(x), "y": encode(y) }));
        let flipped = |number: &[u8]| {
            let mut flipped = number.to_vec();
            *flipped.last_mut().unwrap() ^= 1;
            flipped
        };
        let zero = vec![0; x.len()];
        let mut rows = vec![
            ("a bit of y flipped", with_point(&x, &flipped(&y))),
            (
                "a bit of x flipped, and of y",
                with_point(&flipped(&x), &flipped(&y)),
            ),
            ("x for y", with_point(&x, &x)),
            (
                "0, 0, a form of the point at infinity",
                with_point(&zero, &zero),
            ),
            ("x = p", with_point(&p, &y)),
            ("y = p", with_point(&x, &p)),
            (
                "all ones",
                with_point(&vec![0xFF; x.len()], &vec![0xFF; x.len()]),
            ),
        ];
        if alg == "ES512" {
            // 66 bytes have more than 521 bits, so they can also encode the number plus the prime.
            rows.push(("x + p", with_point(&add(&x, &p), &y)));
            rows.push(("y + p", with_point(&x, &add(&y, &p))));
        }
        let rows = rows
            .into_iter()
            .map(|(row, jwk)| (format!("{alg}: {row}"), jwk));
        assert_weak("the point is not on its curve", rows);

        let rows = [
            ("x a byte shorter", with_point(&x[1..], &y)),
            ("y a byte shorter", with_point(&x, &y[1..])),
            ("x a byte longer", with_point(&[&[0], &*x].concat(), &y)),
            ("y a byte longer", with_point(&x, &[&[0], &*y].concat())),
            (
                "x and y for one coordinate",
                with_point(&[&*x, &*y].concat(), &[]),
            ),
            ("no y, as in a compressed point", with_point(&x, &[])),
            ("neither, as in the point at infinity", with_point(&[], &[])),
        ];
        let rows = rows.map(|(row, jwk)| (format!("{alg}: {row}"), jwk));
        assert_weak("does not match its curve", rows);
        let rows = [(alg, without(key.clone(), "y"))];
        assert_weak("it has no y", rows);
    }
}

#[test]
fn an_ec_key_in_pem_that_is_not_on_its_curve_is_rejected() {
    for (alg, _) in primes() {
        let mut der = SigningKey::generate(alg, "1").spki();
        *der.last_mut().unwrap() ^= 1;
        let error = VerifyingKey::from_pem(pem("PUBLIC KEY", &der)).unwrap_err();
        assert_contains(error, "the point is not on its curve", alg);
    }
}

#[test]
fn an_ed25519_key_of_small_order_in_pem_is_rejected() {
    let mut der = SigningKey::generate("EdDSA", "1").spki();
    let start = der.len() - 32;
    der[start..].fill(0);
    let error = VerifyingKey::from_pem(pem("PUBLIC KEY", &der)).unwrap_err();
    assert_contains(error, "small order", "y = 0");
}

/// Asserts that each key is rejected as a JWK and as the only key of a set, and skipped next to a
/// valid key, which still works. Each message states the problem.
#[track_caller]
fn assert_weak<D: std::fmt::Display>(wrong: &str, rows: impl IntoIterator<Item = (D, Value)>) {
    let valid = SigningKey::generate("EdDSA", "valid");
    for (row, jwk) in rows {
        let error = VerifyingKey::from_jwk(&jwk.to_string()).map(drop);
        assert!(error.is_err(), "{row}: not rejected");
        assert_contains(error.unwrap_err(), wrong, &row);
        let alone = jwks_of([jwk.clone()]);
        assert_contains(KeySet::from_jwks(&alone).unwrap_err(), wrong, &row);
        assert_contains(fault(any_audience().jwks_text(alone)), wrong, &row);

        let set = KeySet::from_jwks(&jwks_of([jwk, valid.jwk()])).unwrap();
        let [skipped] = set.skipped() else {
            panic!("{row}: {set:?}")
        };
        assert_contains(skipped, wrong, &row);
        assert_contains(skipped, "\"weak\"", &row);
        let layer = any_audience().keys(set).build().unwrap();
        assert_eq!(reason(&layer, &valid.token(&claims())), "accepted", "{row}");
    }
}

fn bytes(jwk: &Value, name: &str) -> Vec<u8> {
    let text = jwk[name].as_str().unwrap();
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn primes() -> impl Iterator<Item = (&'static str, &'static str)> {
    PRIMES
        .into_iter()
        .filter(|(alg, _)| ALGORITHMS.contains(alg))
}

/// The primes of the curves (FIPS 186-4 appendix D.1.2), as wide as the coordinates.
const PRIMES: [(&str, &str); 3] = [
    (
        "ES256",
        "FFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF",
    ),
    (
        "ES384",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF",
    ),
    (
        "ES512",
        "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
    ),
];

/// Values of `y`, little-endian as in a key.
const SMALL_ORDER: [(&str, &str); 7] = [
    (
        "0",
        "0000000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "1",
        "0100000000000000000000000000000000000000000000000000000000000000",
    ),
    (
        "a point of order 8",
        "26E8958FC2B227B045C3F489F2EF98F0D5DFAC05D3C63339B13802886D53FC05",
    ),
    (
        "another point of order 8",
        "C7176A703D4DD84FBA3C0B760D10670F2A2053FA2C39CCC64EC7FD7792AC037A",
    ),
    (
        "p - 1",
        "ECFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ),
    (
        "p",
        "EDFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ),
    (
        "p + 1",
        "EEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF7F",
    ),
];

/// Products of two primes of the form `k * M + (65537^a mod M)`, where M is the product of the
/// first 126 primes, as the vulnerable generator produces them.
const ROCA: [&str; 2] = [
    "tAVfI5A8DE92_3FXSZW1naj4MCPlpT1Ouz4gEv4xU1MHDISDsD6MS2ytY5SsslBPk6_wq-6nc20Xnv19t_5fVCzPMZhmyo-Ff_Tiw_WWyR3o0NBDma6XDoQAvL2yrzcBmI5kU5m0Mw5QQmBij7fziYTadtgpNqDzlqpKioJrZMxjZAiAFaYB-IE-PbJLdQASINhTGaCQHV12G-wthKF9HZvGeyl8uQ2v6g48N-FhNWMx5gCKwPpiS5SzWf16Hoq1xlNhby_e2kwaVO_RjIpHMNrpIiC0lTAt1K9qROPQe6VnvrNnIQ49Ckmgk4RIQNZytvSQbJb9BD-YMH-5F-QmWQ",
    "zL-Le_G732eFrfdKTN4YrTlGykhz-dI7WKWaQXHP4KpN36YUuPxd5HoEmdleg8wJv_p1Ln4oRV_LizGG53BYnTM3CbhbCvStLtE2jsbiIqoQrYC5u2Sb5KQXd9oS0ZxRB7iMVArA3vznHynpuOKlwWF4yTTkttHY5T6FnZF8tZnSJz6VEOtQ5BZ2YpIx6ttytjbE3CyEAWqLE-5y0tZgXP4mzz9k8oabMHXAJk-muRQOuOrCU4CIPMuhFAkfanZsDtdHniUWXAzb1-7Rq3D3Qbpr-YohxR7NrM2z5b-YzyFIbBdCj0Wna7iU4h3SHNWzMrHLGvcdbplEDRPiymYDDQ",
];

/// Generated with `openssl genrsa 1024`.
const RSA_1024: &str = "\
-----BEGIN PUBLIC KEY-----
MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQCUlnCsKmQbTV9GRt3iVHGRVqKj
OOte5kmctiftjgAAFjciwEHHQ1+MPh3WWVBX2GxubLe4mMz+Xrsy7TF2pV5wWPXN
p+CRGEgpUxhjs+FJHZheRlj8GKSEIGAURAFNFGkF8zULfDkKejQfGhoI2GX0p0tz
KmlY6Rxp1jfYm7x4+QIDAQAB
-----END PUBLIC KEY-----
";

/// Encodes a value of at most 65,535 bytes in DER. Longer values than 127 bytes must have at least
/// 256.
fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, length] => vec![tag, length],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [head, content.to_vec()].concat()
}
