//! Verifies one token with the public interface.

use std::time::{Duration, UNIX_EPOCH};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tower_jwt_auth::{Algorithm, JwtAuthLayer, Secret, TokenVerifier};

/// The keys of a token, as their owner would configure them.
#[derive(Clone, Debug)]
pub enum Keys {
    Secrets(Vec<Vec<u8>>),
    Pem(String),
    Jwks(String),
}

/// The settings for a token. A claim that is not set here is not checked.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// The names of the algorithms. Empty for those of the keys.
    pub algorithms: Vec<String>,
    pub issuers: Vec<String>,
    pub audiences: Vec<String>,
    pub allow_any_audience: bool,
    /// The accepted `typ`, in addition to those of access tokens.
    pub types: Vec<String>,
    /// In seconds.
    pub leeway: u64,
    /// In seconds since 1970.
    pub now: u64,
}

/// The result for one token.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    Accepted,
    /// The reason of the `TokenError`.
    Rejected(&'static str),
    /// The layer cannot be built with the key or the rules.
    NotConfigured(String),
}

/// The reasons of the checks that follow the signature check.
const AFTER_SIGNATURE: [&str; 11] = [
    "audience",
    "audience_not_configured",
    "authorized_party",
    "bound_token",
    "check",
    "claims",
    "expired",
    "issuer",
    "not_yet_valid",
    "subject",
    "user",
];

impl Verdict {
    /// Returns whether the token's form, header, and signature are valid.
    pub fn accepts_signature(&self) -> bool {
        match self {
            Self::Accepted => true,
            Self::Rejected(reason) => AFTER_SIGNATURE.contains(reason),
            Self::NotConfigured(_) => false,
        }
    }

    /// Returns whether the token passes every check except those of the user with these reasons,
    /// which are the last ones.
    pub fn accepts_all_but(&self, user: &[&str]) -> bool {
        match self {
            Self::Accepted => true,
            Self::Rejected(reason) => user.contains(reason),
            Self::NotConfigured(_) => false,
        }
    }

    /// Returns the reason, or the error of the configuration.
    pub fn reason(&self) -> &str {
        match self {
            Self::Accepted => "accepted",
            Self::Rejected(reason) => reason,
            Self::NotConfigured(error) => error,
        }
    }
}

/// Verifies the token.
pub fn verdict(keys: &Keys, rules: &Rules, token: &str) -> Verdict {
    match verifier(keys, rules) {
        Ok(verifier) => match verifier.verify(token) {
            Ok(_) => Verdict::Accepted,
            Err(error) => Verdict::Rejected(error.reason()),
        },
        Err(error) => Verdict::NotConfigured(error),
    }
}

fn verifier(keys: &Keys, rules: &Rules) -> Result<TokenVerifier, String> {
    let now = UNIX_EPOCH + Duration::from_secs(rules.now);
    let mut builder = JwtAuthLayer::builder()
        .leeway(Duration::from_secs(rules.leeway))
        .clock(move || now);
    builder = match keys {
        Keys::Secrets(secrets) => {
            builder.secrets(secrets.iter().map(|secret| Secret::from_bytes(&secret[..])))
        }
        Keys::Pem(pem) => builder.public_key_pem(pem.as_bytes()),
        Keys::Jwks(json) => builder.jwks_text(json),
    };
    if !rules.algorithms.is_empty() {
        let names = rules.algorithms.iter();
        let algorithms: Result<Vec<Algorithm>, _> = names.map(|name| name.parse()).collect();
        builder = builder.algorithms(algorithms.map_err(|error| error.to_string())?);
    }
    for issuer in &rules.issuers {
        builder = builder.issuer(issuer);
    }
    for audience in &rules.audiences {
        builder = builder.audience(audience);
    }
    for typ in &rules.types {
        builder = builder.accept_typ(typ);
    }
    if rules.allow_any_audience {
        builder = builder.allow_any_audience();
    }
    let layer = builder.build().map_err(|error| {
        let problems: Vec<_> = error.problems().collect();
        problems.join("; ")
    })?;
    Ok(layer.verifier())
}

/// Returns the keys of a JWK or a JWK Set, and the algorithms of its shared secrets.
///
/// The crate reads no secret from a JWK (`oct`): its owner decodes `k`, and sets the algorithm.
pub fn keys_from_jwk(jwk: &Value) -> (Keys, Vec<String>) {
    let keys = match jwk["keys"].as_array() {
        Some(keys) => keys.clone(),
        None => vec![jwk.clone()],
    };
    if !keys.iter().all(|key| key["kty"] == "oct") {
        return (Keys::Jwks(json!({ "keys": keys }).to_string()), Vec::new());
    }
    let text = |key: &Value, name: &str| key[name].as_str().map(str::to_owned);
    let secrets = keys.iter().map(|key| {
        let encoded = text(key, "k").unwrap_or_default();
        BASE64_URL_SAFE_NO_PAD.decode(encoded).unwrap_or_default()
    });
    let mut algorithms: Vec<String> = keys.iter().filter_map(|key| text(key, "alg")).collect();
    algorithms.dedup();
    (Keys::Secrets(secrets.collect()), algorithms)
}
