use serde_json::{Map, Value};

use super::{
    VerifyingKey,
    material::{Curve, Material},
};
use crate::{base64url, key::Algorithm};

/// Reads an entry of a JWK Set (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2), or
/// says why it cannot be used.
pub(super) fn read(jwk: &Value) -> Result<VerifyingKey, String> {
    let jwk = jwk.as_object().ok_or("it is not a JSON object")?;
    let kty = text(jwk, "kty")?.ok_or("it has no kty")?;
    if kty == "oct" {
        return Err("it is a shared secret (oct), which nobody publishes".into());
    }
    if PRIVATE.iter().any(|member| jwk.contains_key(*member)) {
        return Err("it is a private key; only its public part belongs there".into());
    }
    check_use(jwk)?;
    let material = match kty {
        "RSA" => Material::rsa(&number(jwk, "n")?, &number(jwk, "e")?),
        "EC" => {
            let curve = Curve::from_name(required(jwk, "crv")?)
                .ok_or("its crv is not P-256, P-384 or P-521")?;
            let (x, y) = (number(jwk, "x")?, number(jwk, "y")?);
            if x.len() != curve.width() || y.len() != curve.width() {
                return Err("a coordinate does not have the length of its curve".into());
            }
            Material::ec(curve, &x, &y)
        }
        "OKP" if required(jwk, "crv")? == "Ed25519" => Material::Ed25519 {
            x: number(jwk, "x")?,
        },
        "OKP" => return Err("its crv is not Ed25519".into()),
        _ => return Err("its kty is not RSA, EC or OKP".into()),
    };
    let algorithm = match text(jwk, "alg")? {
        Some(name) => Algorithm::from_name(name).ok_or("its alg is not supported")?,
        None => material.default_algorithm(),
    };
    let key_id = text(jwk, "kid")?.map(str::to_owned);
    VerifyingKey::new(algorithm, key_id, material)
}

/// RFC 7517 sections 4.2 and 4.3.
fn check_use(jwk: &Map<String, Value>) -> Result<(), String> {
    if !matches!(text(jwk, "use")?, None | Some("sig")) {
        return Err("its use is not sig".into());
    }
    let is_verify = |operation: &Value| operation == "verify";
    match jwk.get("key_ops") {
        None => Ok(()),
        Some(Value::Array(operations)) if operations.iter().any(is_verify) => Ok(()),
        Some(_) => Err("its key_ops do not have verify".into()),
    }
}

fn text<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<Option<&'a str>, String> {
    match jwk.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("its {name} is not a string")),
    }
}

fn required<'a>(jwk: &'a Map<String, Value>, name: &str) -> Result<&'a str, String> {
    text(jwk, name)?.ok_or_else(|| format!("it has no {name}"))
}

fn number(jwk: &Map<String, Value>, name: &str) -> Result<Vec<u8>, String> {
    base64url::decode(required(jwk, name)?.as_bytes())
        .ok_or_else(|| format!("its {name} is not base64url"))
}

/// The members of private keys and of shared secrets.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];
