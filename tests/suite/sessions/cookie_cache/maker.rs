//! Makes the cookie `session_data` as the description of Better Auth and the RFCs say, with another
//! cryptographic library than the crate's.

use aws_lc_rs::{
    aead,
    cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    hmac,
};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::super::server::SECRET;
use crate::support::{NOW, signing_keys::SigningKey};

pub(crate) const IV: [u8; 16] = *b"an IV, 16 bytes.";

/// The header of the form `jwt`.
pub(crate) const JWT_HEADER: &str = r#"{"alg":"HS256"}"#;

pub(crate) const JWE_HEADER: &str = r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"k"}"#;

/// The forms of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Compact,
    Jwt,
    Jwe,
    Public,
}

pub(crate) const FORMS: [Form; 4] = [Form::Compact, Form::Jwt, Form::Jwe, Form::Public];

impl Form {
    /// A cookie with this payload, which expires a minute after [`NOW`].
    pub(crate) fn cookie(self, payload: &Value, key: &SigningKey) -> String {
        self.edited_cookie(payload, key, |json| json)
    }

    /// The same, with this edit of the JSON.
    pub(crate) fn edited_cookie(
        self,
        payload: &Value,
        key: &SigningKey,
        edit: impl FnOnce(String) -> String,
    ) -> String {
        match self {
            Self::Compact => compact(&edit(payload.to_string()), &millis(60)),
            Self::Jwt => jwt(JWT_HEADER, &edit(expiring(payload)), SECRET),
            Self::Jwe => jwe(JWE_HEADER, &edit(expiring(payload)), SECRET),
            Self::Public => {
                let claims = edit(public_claims(payload).to_string());
                public(&public_header(key).to_string(), &claims, key)
            }
        }
    }
}

pub(crate) fn encode(bytes: impl AsRef<[u8]>) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn hmac_sha256(key: &[u8], text: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    hmac::sign(&key, text).as_ref().to_vec()
}

/// The milliseconds of a time that is so many seconds after [`NOW`].
pub(crate) fn millis(seconds: u64) -> String {
    ((NOW + seconds) * 1000).to_string()
}

/// The payload with the claims of Better Auth's JWTs.
pub(crate) fn expiring(payload: &Value) -> String {
    with(payload, json!({ "iat": NOW - 240, "exp": NOW + 60 })).to_string()
}

/// The payload with these members.
pub(crate) fn with(payload: &Value, members: Value) -> Value {
    let mut payload = payload.clone();
    let Value::Object(members) = members else {
        panic!("the members are an object")
    };
    payload.as_object_mut().unwrap().extend(members);
    payload
}

/// The text whose MAC is in the form `compact`.
pub(crate) fn compact_text(payload: &str, expires_at: &str) -> String {
    let open = payload.strip_suffix('}').unwrap_or(payload);
    format!("{open},\"expiresAt\":{expires_at}}}")
}

pub(crate) fn compact(payload: &str, expires_at: &str) -> String {
    compact_with(payload, expires_at, SECRET)
}

pub(crate) fn compact_with(payload: &str, expires_at: &str, secret: &str) -> String {
    let mac = hmac_sha256(
        secret.as_bytes(),
        compact_text(payload, expires_at).as_bytes(),
    );
    envelope(payload, expires_at, &encode(mac))
}

pub(crate) fn envelope(payload: &str, expires_at: &str, signature: &str) -> String {
    encode(format!(
        r#"{{"session":{payload},"expiresAt":{expires_at},"signature":"{signature}"}}"#
    ))
}

/// RFC 7515 with HS256.
pub(crate) fn jwt(header: &str, payload: &str, secret: &str) -> String {
    let signed = format!("{}.{}", encode(header), encode(payload));
    let mac = hmac_sha256(secret.as_bytes(), signed.as_bytes());
    format!("{signed}.{}", encode(mac))
}

/// The key of the form `jwe`: HKDF-SHA256 (RFC 5869).
pub(crate) fn jwe_key(secret: &str) -> [u8; 64] {
    let extracted = hmac_sha256(b"better-auth-session", secret.as_bytes());
    let mut key = Vec::new();
    let mut block = Vec::new();
    for counter in [1, 2] {
        block.extend(b"BetterAuth.js Generated Encryption Key");
        block.push(counter);
        block = hmac_sha256(&extracted, &block);
        key.extend(&block);
    }
    key.try_into().unwrap()
}

/// The parts of a JWE (RFC 7516).
#[derive(Clone)]
pub(crate) struct Jwe {
    pub(crate) header: String,
    pub(crate) encrypted_key: String,
    pub(crate) iv: Vec<u8>,
    pub(crate) content: Vec<u8>,
    pub(crate) tag: Vec<u8>,
}

impl Jwe {
    /// Encrypts a text with A256CBC-HS512 (RFC 7518 section 5.2.5).
    pub(crate) fn new(header: &str, payload: &str, secret: &str) -> Self {
        let key = UnboundCipherKey::new(&AES_256, &jwe_key(secret)[32..]).unwrap();
        let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).unwrap();
        let mut content = payload.as_bytes().to_vec();
        let context = EncryptionContext::Iv128((&IV).into());
        key.less_safe_encrypt(&mut content, context).unwrap();
        Self::with_content(header, &IV, content, secret)
    }

    /// Computes the tag of these parts.
    pub(crate) fn with_content(header: &str, iv: &[u8], content: Vec<u8>, secret: &str) -> Self {
        let header = encode(header);
        let bits = 8 * header.len() as u64;
        let text = [header.as_bytes(), iv, &content, &bits.to_be_bytes()].concat();
        let key = hmac::Key::new(hmac::HMAC_SHA512, &jwe_key(secret)[..32]);
        let tag = hmac::sign(&key, &text).as_ref()[..32].to_vec();
        Self {
            header,
            encrypted_key: String::new(),
            iv: iv.to_vec(),
            content,
            tag,
        }
    }

    /// Encrypts a text with A256GCM (RFC 7518 section 5.3).
    pub(crate) fn gcm(header: &str, payload: &str, secret: &str) -> Self {
        let header = encode(header);
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &jwe_key(secret)[..32]).unwrap();
        let key = aead::LessSafeKey::new(key);
        let nonce = aead::Nonce::assume_unique_for_key([7; 12]);
        let mut content = payload.as_bytes().to_vec();
        let aad = aead::Aad::from(header.as_bytes());
        let tag = key.seal_in_place_separate_tag(nonce, aad, &mut content);
        Self {
            iv: vec![7; 12],
            encrypted_key: String::new(),
            tag: tag.unwrap().as_ref().to_vec(),
            content,
            header,
        }
    }

    pub(crate) fn join(&self) -> String {
        let parts = [&self.iv, &self.content, &self.tag].map(encode);
        let [iv, content, tag] = parts;
        format!(
            "{}.{}.{iv}.{content}.{tag}",
            self.header, self.encrypted_key
        )
    }
}

pub(crate) fn jwe(header: &str, payload: &str, secret: &str) -> String {
    Jwe::new(header, payload, secret).join()
}

pub(crate) fn public_header(key: &SigningKey) -> Value {
    json!({ "alg": key.alg, "kid": key.kid, "typ": "better-auth.session-cache+jwt" })
}

/// The claims of the form under a public key.
pub(crate) fn public_claims(payload: &Value) -> Value {
    with(
        payload,
        json!({
            "iat": NOW - 240,
            "exp": NOW + 60,
            "iss": super::ORIGIN,
            "aud": "better-auth:session-cache",
            "sub": payload["user"]["id"],
            "sid": payload["session"]["token"],
        }),
    )
}

/// RFC 7515 with a public key.
pub(crate) fn public(header: &str, claims: &str, key: &SigningKey) -> String {
    let signed = format!("{}.{}", encode(header), encode(claims));
    let signature = key.signature(signed.as_bytes());
    format!("{signed}.{}", encode(signature))
}
