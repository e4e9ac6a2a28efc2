//! The session cookie of each user, and the cookie `session_data` beside it in each of its forms.

use aws_lc_rs::{
    cipher::{AES_256, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey},
    hkdf::{HKDF_SHA256, KeyType, Salt},
    hmac,
};
use serde_json::{Value, json};

use crate::{
    keys::{Alg, SECRET, SigningKey, encode},
    sessions::{cookie, record, token},
    tokens::USERS,
};

/// 2100-01-01.
const EXPIRY: u64 = 4_102_444_800;

/// The forms of the cookie.
#[derive(Clone, Copy)]
pub enum Form {
    Compact,
    Jwt,
    Jwe,
    Public,
}

impl Form {
    pub const ALL: [(Self, &str); 4] = [
        (Self::Compact, "compact"),
        (Self::Jwt, "jwt"),
        (Self::Jwe, "jwe"),
        (Self::Public, "public"),
    ];

    /// The cookies of each user. `origin` is the server's, and `key` is that of the last form.
    pub fn cookies(self, origin: &str, key: &SigningKey) -> Vec<String> {
        let users = (0..USERS).map(token);
        let cookies = users.map(|token| {
            let session = cookie(&token, 0);
            let data = self.data(&token, origin, key);
            format!("{session}; __Secure-better-auth.session_data={data}")
        });
        cookies.collect()
    }

    fn data(self, token: &str, origin: &str, key: &SigningKey) -> String {
        let mut payload = record(token);
        payload["updatedAt"] = json!(1_700_000_000_000_u64);
        payload["version"] = "1".into();
        if let Self::Compact = self {
            return compact(&payload.to_string());
        }
        payload["iat"] = 1_700_000_000.into();
        payload["exp"] = EXPIRY.into();
        match self {
            Self::Jwe => jwe(&payload.to_string()),
            Self::Public => {
                payload["iss"] = origin.into();
                payload["aud"] = "better-auth:session-cache".into();
                payload["sub"] = payload["user"]["id"].clone();
                payload["sid"] = token.into();
                let header = json!({
                    "alg": key.alg.name(),
                    "kid": key.key_id(),
                    "typ": "better-auth.session-cache+jwt",
                });
                jwt(&header, &payload, key)
            }
            _ => jwt(
                &json!({ "alg": "HS256" }),
                &payload,
                &SigningKey::new(Alg::Hs256),
            ),
        }
    }
}

fn compact(payload: &str) -> String {
    let expiry = EXPIRY * 1000;
    let signed = format!("{},\"expiresAt\":{expiry}}}", &payload[..payload.len() - 1]);
    let mac = encode(SigningKey::new(Alg::Hs256).sign(signed.as_bytes()));
    encode(format!(
        r#"{{"session":{payload},"expiresAt":{expiry},"signature":"{mac}"}}"#
    ))
}

fn jwt(header: &Value, payload: &Value, key: &SigningKey) -> String {
    let signed = format!(
        "{}.{}",
        encode(header.to_string()),
        encode(payload.to_string())
    );
    let signature = encode(key.sign(signed.as_bytes()));
    format!("{signed}.{signature}")
}

fn jwe(payload: &str) -> String {
    struct Len;
    impl KeyType for Len {
        fn len(&self) -> usize {
            64
        }
    }
    let mut key = [0; 64];
    let salt = Salt::new(HKDF_SHA256, b"better-auth-session");
    let extracted = salt.extract(SECRET.as_bytes());
    let purpose: [&[u8]; 1] = [b"BetterAuth.js Generated Encryption Key"];
    let expanded = extracted.expand(&purpose, Len).expect("a valid length");
    expanded.fill(&mut key).expect("the same length");

    let header = encode(r#"{"alg":"dir","enc":"A256CBC-HS512","kid":"1"}"#);
    let iv = [9; 16];
    let mut content = payload.as_bytes().to_vec();
    let aes = UnboundCipherKey::new(&AES_256, &key[32..]).expect("32 bytes");
    let aes = PaddedBlockEncryptingKey::cbc_pkcs7(aes).expect("a valid key");
    let context = EncryptionContext::Iv128((&iv).into());
    let encrypted = aes.less_safe_encrypt(&mut content, context);
    encrypted.expect("it encrypts");
    let bits = 8 * header.len() as u64;
    let text = [header.as_bytes(), &iv, &content, &bits.to_be_bytes()].concat();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, &key[..32]), &text);
    let tag = encode(&tag.as_ref()[..32]);
    format!("{header}..{}.{}.{tag}", encode(iv), encode(content))
}
