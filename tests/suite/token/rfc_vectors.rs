//! The examples of RFC 7515 appendix A, RFC 7517 appendix A, and RFC 8037 appendix A. RFC 7519
//! contains two of them again: HS256 in section 3.1, and the unsecured one in section 6.1.
//!
//! None of them has the claims that an access token needs. Claims are checked after the signature,
//! so a rejection because of the claims shows that the signature is valid.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::{JwtAuthBuilder, JwtAuthLayer, KeySet, Secret, VerifyingKey};

use crate::support::*;

/// The `exp` of the claims in RFC 7515.
const EXP: u64 = 1_300_819_380;

#[test]
fn the_hs256_example_verifies_with_its_key() {
    let secret = Secret::from_bytes(decode(HS256_KEY));
    assert_verifies(&JwtAuthLayer::builder().secret(secret), HS256, "subject");
}

#[test]
fn the_hs256_example_is_rejected_if_its_key_is_not_decoded() {
    let layer = JwtAuthLayer::builder().secret(HS256_KEY).build().unwrap();
    assert_eq!(reason(&layer, HS256), "signature");
}

#[test]
fn the_rs256_example_verifies_with_its_key() {
    assert_verifies(&with_key(rs256_key()), RS256, "subject");
}

#[test]
fn the_es256_example_verifies_with_its_key() {
    assert_verifies(&with_key(es256_key()), ES256, "subject");
}

/// Its payload is not JSON.
#[cfg(feature = "aws-lc-rs")]
#[test]
fn the_es512_example_verifies_with_its_key() {
    assert_verifies(&with_key(es512_key()), ES512, "claims");
}

#[cfg(not(feature = "aws-lc-rs"))]
#[test]
fn es512_without_aws_lc_is_rejected_with_the_feature_to_enable() {
    let error = with_key(es512_key()).build().unwrap_err().to_string();
    assert!(
        error.contains("ES512 needs the feature `aws-lc-rs`"),
        "{error}"
    );
}

/// Its payload is not JSON.
#[test]
fn the_ed25519_example_verifies_with_its_key() {
    assert_verifies(&with_key(ed25519_key()), ED25519, "claims");
}

#[test]
fn the_unsecured_example_is_rejected_with_any_key() {
    let secret = Secret::from_bytes(decode(HS256_KEY));
    for (row, builder) in [
        ("a secret", JwtAuthLayer::builder().secret(secret)),
        ("an RSA key", with_key(rs256_key())),
        ("an EC key", with_key(es256_key())),
        ("an Ed25519 key", with_key(ed25519_key())),
    ] {
        let layer = at_the_last_second(&builder);
        assert_eq!(reason(&layer, UNSECURED), "malformed", "{row}");
        let with_a_signature = format!("{UNSECURED}AAAA");
        assert_eq!(reason(&layer, &with_a_signature), "algorithm", "{row}");
    }
}

/// RFC 7515 appendix A.6.4 and A.7.
#[test]
fn the_json_serializations_are_rejected() {
    let [rs256, es256] = [RS256, ES256].map(|token| {
        let parts: Vec<_> = token.split('.').collect();
        json!({ "protected": parts[0], "payload": parts[1], "signature": parts[2] })
    });
    let with_header = |token: &Value, kid: &str| {
        json!({
            "protected": token["protected"],
            "header": { "kid": kid },
            "signature": token["signature"],
        })
    };
    let general = json!({
        "payload": rs256["payload"],
        "signatures": [
            with_header(&rs256, "2010-12-29"),
            with_header(&es256, "e9bc097a-ce51-4036-9562-d2ade882db0d"),
        ],
    });
    let mut flattened = with_header(&es256, "e9bc097a-ce51-4036-9562-d2ade882db0d");
    flattened["payload"] = es256["payload"].clone();
    let keys = json!({ "keys": [rs256_key(), es256_key()] }).to_string();
    let builder = JwtAuthLayer::builder().jwks_text(keys).allow_any_audience();
    let layer = at_the_last_second(&builder);
    for token in [RS256, ES256] {
        assert_eq!(reason(&layer, token), "subject");
    }
    for token in [general, flattened] {
        assert_eq!(reason(&layer, &token.to_string()), "malformed", "{token}");
    }
}

/// RFC 7515 appendix F.
#[test]
fn an_example_with_detached_content_is_rejected() {
    for (token, key) in [(RS256, rs256_key()), (ES256, es256_key())] {
        let (header, rest) = token.split_once('.').unwrap();
        let (_, signature) = rest.split_once('.').unwrap();
        let layer = at_the_last_second(&with_key(key));
        let detached = format!("{header}..{signature}");
        assert_eq!(reason(&layer, &detached), "malformed");
    }
}

/// RFC 7517 appendix A.1.
#[test]
fn the_public_keys_example_has_one_key_for_signatures() {
    let encryption = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "use": "enc",
        "kid": "1",
    });
    let signature = json!({
        "kty": "RSA",
        "n": JWK_MODULUS,
        "e": "AQAB",
        "alg": "RS256",
        "kid": "2011-04-29",
    });
    let keys = json!({ "keys": [encryption, signature] });
    let set = KeySet::from_jwks(&keys.to_string()).unwrap();
    let ids: Vec<_> = set.keys().iter().map(VerifyingKey::key_id).collect();
    assert_eq!(ids, [Some("2011-04-29")]);
    assert_eq!(set.skipped().len(), 1, "{set:?}");
}

/// RFC 7517 appendix A.3.
#[test]
fn the_symmetric_keys_example_is_rejected() {
    let keys = json!({ "keys": [
        { "kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg" },
        { "kty": "oct", "k": HS256_KEY },
    ]});
    let error = KeySet::from_jwks(&keys.to_string()).unwrap_err();
    assert!(error.to_string().contains("shared secret (oct)"), "{error}");
}

#[test]
fn an_example_is_rejected_with_the_key_of_another() {
    let rows = [
        ("RS256", RS256, rs256_key()),
        ("ES256", ES256, es256_key()),
        ("Ed25519", ED25519, ed25519_key()),
    ];
    for (name, token, _) in &rows {
        for (other, _, key) in rows.iter().filter(|(other, ..)| other != name) {
            let layer = at_the_last_second(&with_key(key.clone()));
            let row = format!("{name} with the key of {other}");
            assert_eq!(reason(&layer, token), "algorithm", "{row}");
        }
    }
}

/// Asserts that the token is rejected because of its claims, and because of its signature if a bit
/// of the signature is flipped.
#[track_caller]
fn assert_verifies(builder: &JwtAuthBuilder, token: &str, claims_reason: &str) {
    let layer = at_the_last_second(builder);
    assert_eq!(reason(&layer, token), claims_reason);
    if claims_reason == "subject" {
        let late = builder.clone().clock(|| at(EXP)).build().unwrap();
        assert_eq!(reason(&late, token), "expired");
    }

    let (input, signature) = token.rsplit_once('.').unwrap();
    let signature = decode(signature);
    for index in 0..signature.len() {
        let mut flipped = signature.clone();
        flipped[index] ^= 1 << (index % 8);
        let flipped = format!("{input}.{}", encode(&flipped));
        assert_eq!(reason(&layer, &flipped), "signature", "byte {index}");
    }
    let (header, _) = input.split_once('.').unwrap();
    let other_claims = format!("{header}.{}.{}", encode("{}"), encode(&signature));
    assert_eq!(reason(&layer, &other_claims), "signature");
}

fn with_key(jwk: Value) -> JwtAuthBuilder {
    JwtAuthLayer::builder()
        .jwks_text(json!({ "keys": [jwk] }).to_string())
        .allow_any_audience()
}

fn at_the_last_second(builder: &JwtAuthBuilder) -> JwtAuthLayer {
    builder.clone().clock(|| at(EXP - 1)).build().unwrap()
}

fn decode(text: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()
}

/// RFC 7515 appendix A.2.1.
fn rs256_key() -> Value {
    json!({ "kty": "RSA", "e": "AQAB", "n": RS256_MODULUS })
}

/// RFC 7515 appendix A.3.1.
fn es256_key() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    })
}

/// RFC 7515 appendix A.4.1.
fn es512_key() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-521",
        "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
        "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
    })
}

/// RFC 8037 appendix A.2.
fn ed25519_key() -> Value {
    json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    })
}

/// RFC 7515 appendix A.1.
const HS256_KEY: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";

const HS256: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

/// RFC 7515 appendix A.2.
const RS256_MODULUS: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";

const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

/// RFC 7515 appendix A.3.
const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

/// RFC 7515 appendix A.4.
#[cfg(feature = "aws-lc-rs")]
const ES512: &str = "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn";

/// RFC 7517 appendix A.1.
const JWK_MODULUS: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

/// RFC 7515 appendix A.5.
const UNSECURED: &str = "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.";

/// RFC 8037 appendix A.4.
const ED25519: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
