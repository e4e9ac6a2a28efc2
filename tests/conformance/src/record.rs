//! The calls that `record/` writes.

use std::{fs, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::verdict::{Keys, Rules, keys_from_jwk};

/// One call of a library's `verify`.
#[derive(Clone, Debug, Deserialize)]
pub struct Call {
    pub test: Option<String>,
    /// Whether the library checks the claims (`jwt`), or only the signature (`jws`).
    pub level: String,
    now: u64,
    /// `accepted`, or the library's error.
    pub theirs: String,
    /// The reason why the call cannot be repeated.
    pub skipped: Option<String>,
    #[serde(default)]
    pub token: String,
    keys: Option<RecordedKeys>,
    algorithms: Option<Vec<Option<String>>>,
    #[serde(default)]
    issuers: Vec<String>,
    #[serde(default)]
    audiences: Vec<String>,
    #[serde(default)]
    any_audience: bool,
    #[serde(default)]
    types: Vec<String>,
    #[serde(default)]
    leeway: u64,
    /// The options without an equivalent setting.
    #[serde(default)]
    pub options: Vec<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum RecordedKeys {
    /// In base64url.
    Secret(String),
    Pem(String),
    Jwk(Value),
    Jwks(String),
}

pub fn read(path: &Path) -> Result<Vec<Call>, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let calls = text
        .lines()
        .map(|line| serde_json::from_str(line).map_err(|error| format!("{name}: {error}: {line}")));
    calls.collect()
}

impl Call {
    /// Returns the keys and the rules. Without `algorithms`, they are those of the keys.
    pub fn settings(&self) -> (Keys, Rules) {
        let (keys, of_keys) = match &self.keys {
            Some(RecordedKeys::Secret(secret)) => {
                let secret = BASE64_URL_SAFE_NO_PAD.decode(secret).unwrap_or_default();
                (Keys::Secrets(vec![secret]), Vec::new())
            }
            Some(RecordedKeys::Pem(pem)) => (Keys::Pem(pem.clone()), Vec::new()),
            Some(RecordedKeys::Jwk(jwk)) => keys_from_jwk(&public(jwk)),
            Some(RecordedKeys::Jwks(text)) => (Keys::Jwks(text.clone()), Vec::new()),
            None => (Keys::Secrets(Vec::new()), Vec::new()),
        };
        let named = self.algorithms.iter().flatten();
        let named = named.map(|name| name.clone().unwrap_or_default()).collect();
        let rules = Rules {
            algorithms: if self.algorithms.is_some() {
                named
            } else {
                of_keys
            },
            issuers: self.issuers.clone(),
            audiences: self.audiences.clone(),
            // The builder requires an audience, or this setting, if it has public keys.
            allow_any_audience: self.any_audience
                || self.level == "jws"
                || (self.audiences.is_empty() && !matches!(keys, Keys::Secrets(_))),
            types: self.types.clone(),
            leeway: self.leeway,
            now: self.now,
        };
        (keys, rules)
    }
}

/// Removes the private members of a key.
pub fn public(jwk: &Value) -> Value {
    let mut jwk = jwk.clone();
    if let Some(members) = jwk
        .as_object_mut()
        .filter(|key| key.get("kty") != Some(&json!("oct")))
    {
        members.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&&**name));
    }
    jwk
}
