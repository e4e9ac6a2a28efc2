//! Valid tokens of 1,000 users, and invalid tokens.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use crate::keys::{SigningKey, encode};

/// The number of users, high enough that no branch predictor learns their tokens.
pub const USERS: usize = 1_000;

pub const ISSUER: &str = "https://app.example.com";
pub const AUDIENCE: &str = "https://api.example.com";

/// The year 2100.
const EXPIRY: u64 = 4_102_444_800;

/// Whether a token has an issuer and an audience.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    Anonymous,
    /// With `iss` and `aud`, which some of the peers require.
    Issuer,
}

/// The subject of a user: 32 letters and digits, like those of Better Auth.
pub fn subject(user: usize) -> String {
    format!("Ch5Xg706sPSJrDvHnPOjwa0DUx3t{user:04}")
}

/// The claims of a user.
pub fn claims(user: usize, naming: Naming) -> Value {
    let mut claims = json!({
        "sub": subject(user),
        "email": "ada@example.com",
        "name": "Ada Lovelace K.",
        "exp": EXPIRY,
    });
    if naming == Naming::Issuer {
        claims["iss"] = ISSUER.into();
        claims["aud"] = AUDIENCE.into();
    }
    claims
}

impl SigningKey {
    /// A token with these claims and one of two headers, with `typ` or without.
    pub fn token(&self, with_type: bool, claims: &Value) -> String {
        let mut header = json!({ "alg": self.alg.name() });
        if let Some(key_id) = self.key_id() {
            header["kid"] = key_id.into();
        }
        if with_type {
            header["typ"] = "JWT".into();
        }
        let input = format!(
            "{}.{}",
            encode(header.to_string()),
            encode(claims.to_string())
        );
        format!("{input}.{}", encode(self.sign(input.as_bytes())))
    }

    /// A token of each user; every other one has a `typ`.
    pub fn tokens(&self, naming: Naming) -> Vec<String> {
        (0..USERS)
            .map(|user| self.valid_token(user, naming))
            .collect()
    }

    fn valid_token(&self, user: usize, naming: Naming) -> String {
        self.token(user.is_multiple_of(2), &claims(user, naming))
    }

    /// An invalid token for each user.
    pub fn invalid_tokens(&self, naming: Naming, fault: Fault) -> Vec<String> {
        (0..USERS)
            .map(|user| self.invalid_token(user, naming, fault))
            .collect()
    }

    /// An invalid token of this user.
    pub fn invalid_token(&self, user: usize, naming: Naming, fault: Fault) -> String {
        let valid = self.valid_token(user, naming);
        let (input, signature) = valid.rsplit_once('.').expect("a token has dots");
        match fault {
            Fault::Signature => {
                let mut bytes = BASE64_URL_SAFE_NO_PAD
                    .decode(signature)
                    .expect("it was encoded here");
                bytes[9] ^= 1;
                format!("{input}.{}", encode(bytes))
            }
            Fault::Malformed => format!("{input}.{}*", &signature[1..]),
            Fault::Expired => self.with(user, naming, "exp", 1_700_000_000.into()),
            Fault::Issuer => self.with(user, naming, "iss", "https://other.example.com".into()),
        }
    }

    fn with(&self, user: usize, naming: Naming, name: &str, value: Value) -> String {
        let mut claims = claims(user, naming);
        claims[name] = value;
        self.token(user.is_multiple_of(2), &claims)
    }
}

/// The error of an invalid token.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    /// One bit of the signature differs.
    Signature,
    Expired,
    /// The signature is not base64url.
    Malformed,
    /// Another issuer, with a valid signature.
    Issuer,
}

impl Fault {
    pub const ALL: [Self; 4] = [
        Self::Signature,
        Self::Expired,
        Self::Malformed,
        Self::Issuer,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Signature => "bad_signature",
            Self::Expired => "expired",
            Self::Malformed => "malformed",
            Self::Issuer => "wrong_issuer",
        }
    }
}
