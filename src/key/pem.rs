//! Reads a public key in PEM; used by `verifying_key`.

use super::material::KeyComponents;

/// The error for PEM from an environment variable in which newlines are escaped.
const ESCAPED_NEWLINES: &str =
    "its newlines are escaped as a backslash and an n (`\\n`); replace each with a newline";

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
const EXPLICIT_CURVE: &str = "its curve is described by parameters and must be named; convert it with `openssl ec -pubin -param_enc named_curve -pubout`";

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(super) fn read(pem: &[u8]) -> Result<KeyComponents, String> {
    use jsonwebtoken::DecodingKey;

    use super::{backend::rsa_numbers, material::Curve};

    check_label(pem)?;
    if has_explicit_curve(pem) {
        return Err(EXPLICIT_CURVE.into());
    }
    let bytes = |key: &DecodingKey| key.try_get_as_bytes().map(<[u8]>::to_vec).ok();
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        let (n, e) = rsa_numbers(&bytes(&key).ok_or("it is not an RSA key")?)?;
        return Ok(KeyComponents::rsa(&n, &e));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        let point = bytes(&key).ok_or("it is not an elliptic curve key")?;
        let curve = Curve::of_point(&point).ok_or("its curve is not P-256, P-384, or P-521")?;
        return Ok(KeyComponents::Ec { curve, point });
    }
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        let x = bytes(&key).ok_or("it is not an Ed25519 key")?;
        return Ok(KeyComponents::Ed25519 { x });
    }
    Err("it is not an RSA, P-256, P-384, P-521, or Ed25519 key".into())
}

/// Returns whether this is an elliptic curve key whose curve is described by its parameters instead
/// of its name (RFC 5480 section 2.1.1 forbids this). Without this check, the first bit string,
/// which may be the seed of the curve, would be read as the point.
#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
fn has_explicit_curve(pem: &[u8]) -> bool {
    /// The identifier `id-ecPublicKey`, and the tag of a sequence instead of that of a name.
    const START: &[u8] = &[6, 7, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 2, 1, 0x30];

    let mut lines = pem.trim_ascii().split(|&byte| byte == b'\n').skip(1);
    let body = lines
        .by_ref()
        .take_while(|line| !line.starts_with(b"-----END"));
    let base64url = body.flatten().filter_map(|&byte| match byte {
        b'+' => Some(b'-'),
        b'/' => Some(b'_'),
        b'=' | b'\r' | b' ' | b'\t' => None,
        other => Some(other),
    });
    let der = crate::base64url::decode(&base64url.collect::<Vec<u8>>());
    der.is_some_and(|der| der.windows(START.len()).any(|window| window == START))
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(super) fn read(pem: &[u8]) -> Result<KeyComponents, String> {
    check_label(pem)?;
    Err(super::backend::MISSING_BACKEND.into())
}

/// Checks that the input is exactly one public key. Returns the reason as an error otherwise.
fn check_label(pem: &[u8]) -> Result<(), String> {
    let text = pem.trim_ascii_start();
    let label = ["PUBLIC KEY", "RSA PUBLIC KEY"]
        .into_iter()
        .find(|label| text.starts_with(format!("-----BEGIN {label}-----").as_bytes()));
    let Some(label) = label else {
        return Err(if has(text, "PRIVATE KEY-----") {
            "it is a private key; use its public key".into()
        } else if has(text, "CERTIFICATE-----") {
            "it is a certificate; extract its public key with `openssl x509 -pubkey -noout`".into()
        } else if has(text, "-----BEGIN") && has(text, "\\n") {
            ESCAPED_NEWLINES.into()
        } else if has(text, "-----BEGIN PUBLIC KEY-----") {
            "text precedes the line -----BEGIN PUBLIC KEY-----; remove that text".into()
        } else {
            "it does not start with -----BEGIN PUBLIC KEY-----".into()
        });
    };
    if has(text, "\\n") {
        return Err(ESCAPED_NEWLINES.into());
    }
    let end = format!("-----END {label}-----");
    let start_of_end = find(text, &end).ok_or_else(|| format!("it has no line {end}"))?;
    let rest = text.get(start_of_end + end.len()..).unwrap_or_default();
    if rest.trim_ascii().is_empty() {
        Ok(())
    } else if has(rest, "PRIVATE KEY-----") {
        Err("a private key follows it; use only the public key".into())
    } else if has(rest, "-----BEGIN") {
        Err("it contains more than one key or certificate; add each key with a separate call, such as `.public_key_pem(…).public_key_pem(…)`".into())
    } else {
        Err(format!("text follows the line {end}; remove that text"))
    }
}

fn has(text: &[u8], word: &str) -> bool {
    find(text, word).is_some()
}

fn find(text: &[u8], word: &str) -> Option<usize> {
    text.windows(word.len())
        .position(|window| window == word.as_bytes())
}
