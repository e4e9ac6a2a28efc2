//! Replaces weak secrets, which no layer accepts, so that the tokens of foreign test suites reach
//! the other checks.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Sha256, Sha384, Sha512};
use tower_jwt_auth::{Algorithm, Secret, vectors};

/// Long enough for every algorithm.
const STRONG: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0";

/// Returns a strong secret, and the token with a new signature if one of `secrets` verifies it. An
/// invalid token stays invalid.
///
/// With `exp`, claims without an `exp` get this one.
pub fn with_strong_secret(
    secrets: &[Vec<u8>],
    token: &str,
    exp: Option<u64>,
) -> (Vec<Vec<u8>>, String) {
    let token = signed_again(secrets, token, exp).unwrap_or_else(|| token.to_owned());
    (vec![STRONG.as_bytes().to_vec()], token)
}

/// Returns `None` if the signature is invalid or not in base64url.
fn signed_again(secrets: &[Vec<u8>], token: &str, exp: Option<u64>) -> Option<String> {
    let (input, signature) = token.rsplit_once('.')?;
    let (header, payload) = input.split_once('.')?;
    let decoded = BASE64_URL_SAFE_NO_PAD.decode(header).ok()?;
    let members: Value = serde_json::from_slice(&decoded).ok()?;
    let algorithm: Algorithm = members["alg"].as_str()?.parse().ok()?;
    let tag = BASE64_URL_SAFE_NO_PAD.decode(signature).ok()?;
    let is_valid = secrets.iter().any(|secret| {
        let secret = Secret::from_bytes(&secret[..]);
        vectors::verify_mac(&secret, algorithm, input.as_bytes(), &tag)
    });
    if !is_valid {
        return None;
    }
    let with_exp = exp.and_then(|exp| with_exp(payload, exp));
    let payload = with_exp.as_deref().unwrap_or(payload);
    let input = format!("{header}.{payload}");
    let tag = sign(algorithm, &input)?;
    Some(format!("{input}.{tag}"))
}

/// Returns the claims with an `exp`, or `None` if they have one or are not an object.
fn with_exp(payload: &str, exp: u64) -> Option<String> {
    let json = claims_without_exp(payload)?;
    let members = json.trim_end().strip_suffix('}')?;
    let comma = if members.trim_end().ends_with('{') {
        ""
    } else {
        ","
    };
    let json = format!("{members}{comma}\"exp\":{exp}}}");
    Some(BASE64_URL_SAFE_NO_PAD.encode(json))
}

/// Returns the claims as JSON if they are an object without `exp`.
pub fn claims_without_exp(payload: &str) -> Option<String> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(payload).ok()?;
    let json = String::from_utf8(json).ok()?;
    let claims: Value = serde_json::from_str(&json).ok()?;
    let has_none = claims.as_object()?.get("exp").is_none();
    has_none.then_some(json)
}

fn sign(algorithm: Algorithm, input: &str) -> Option<String> {
    fn tag<M: Mac + KeyInit>(input: &str) -> Option<String> {
        let mac = <M as KeyInit>::new_from_slice(STRONG.as_bytes()).ok()?;
        let tag = mac.chain_update(input).finalize().into_bytes();
        Some(BASE64_URL_SAFE_NO_PAD.encode(tag))
    }
    match algorithm {
        Algorithm::HS256 => tag::<Hmac<Sha256>>(input),
        Algorithm::HS384 => tag::<Hmac<Sha384>>(input),
        Algorithm::HS512 => tag::<Hmac<Sha512>>(input),
        _ => None,
    }
}
