use super::material::Material;

#[cfg(any(feature = "aws-lc-rs", feature = "rust-crypto"))]
pub(super) fn read(pem: &[u8]) -> Result<Material, String> {
    use jsonwebtoken::DecodingKey;

    use super::{backend::rsa_numbers, material::Curve};

    check_label(pem)?;
    let bytes = |key: &DecodingKey| key.try_get_as_bytes().map(<[u8]>::to_vec).ok();
    if let Ok(key) = DecodingKey::from_rsa_pem(pem) {
        let (n, e) = bytes(&key)
            .and_then(|der| rsa_numbers(&der))
            .ok_or("it is not an RSA key")?;
        return Ok(Material::rsa(&n, &e));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        let point = bytes(&key).ok_or("it is not a key of an elliptic curve")?;
        let curve = Curve::of_point(&point).ok_or("its curve is not P-256, P-384 or P-521")?;
        return Ok(Material::Ec { curve, point });
    }
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        let x = bytes(&key).ok_or("it is not an Ed25519 key")?;
        return Ok(Material::Ed25519 { x });
    }
    Err("it is not a key of RSA, P-256, P-384, P-521 or Ed25519".into())
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "rust-crypto")))]
pub(super) fn read(pem: &[u8]) -> Result<Material, String> {
    check_label(pem)?;
    Err(super::backend::MISSING_BACKEND.into())
}

fn check_label(pem: &[u8]) -> Result<(), String> {
    let text = pem.trim_ascii_start();
    if text.starts_with(b"-----BEGIN PUBLIC KEY-----")
        || text.starts_with(b"-----BEGIN RSA PUBLIC KEY-----")
    {
        return Ok(());
    }
    let has = |word: &[u8]| text.windows(word.len()).any(|window| window == word);
    Err(if has(b"PRIVATE KEY-----") {
        "it is a private key, which signs; give its public key".into()
    } else if has(b"CERTIFICATE-----") {
        "it is a certificate; give the public key alone (`openssl x509 -pubkey -noout`)".into()
    } else {
        "it does not begin with -----BEGIN PUBLIC KEY-----".into()
    })
}
