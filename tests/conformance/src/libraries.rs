//! The tokens of the test suites of other libraries: whether the crate accepts the same ones.
//!
//! Most of these tokens have no user, and the crate checks the user last. A token that fails only
//! this check therefore counts as accepted.

use std::{collections::BTreeMap, fs, path::Path};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::{
    record::{self, Call},
    resign::{claims_without_exp, with_strong_secret},
    verdict::{Keys, Rules, Verdict, verdict},
};

/// The results for one library.
#[derive(Debug, Default)]
pub struct Library {
    pub name: &'static str,
    pub version: String,
    pub calls: usize,
    pub both_accept: usize,
    pub both_reject: usize,
    /// The reasons why only the library accepts a token, and the number of tokens.
    pub only_theirs: BTreeMap<String, usize>,
    /// The same for tokens that only the crate accepts.
    pub only_ours: BTreeMap<String, usize>,
    /// The calls that cannot be repeated.
    pub skipped: BTreeMap<String, usize>,
    /// The tokens with a weak secret, and those with HMAC and without `exp`. They are signed again.
    pub weak_secrets: usize,
    pub without_exp: usize,
}

/// The lifetime of a token that had no `exp`.
const EXP_SECS: u64 = 60;

/// The names, which are those of the folders and of the records, and the file with the version.
pub const LIBRARIES: [(&str, &str); 4] = [
    ("pyjwt", "jwt/__init__.py"),
    ("jose", "package.json"),
    ("node-jsonwebtoken", "package.json"),
    ("jwt-authorizer", "jwt-authorizer/Cargo.toml"),
];

pub fn run(folder: &Path) -> Result<Vec<Library>, String> {
    let libraries = LIBRARIES.into_iter().map(|(name, version)| {
        let mut library = Library {
            name,
            version: read_version(&folder.join(name).join(version))?,
            ..Library::default()
        };
        let calls = record::read(&folder.join(format!("recorded/{name}.jsonl")))?;
        let unknown = calls.iter().filter_map(|call| library.add(call).err());
        let unknown: Vec<String> = unknown.collect();
        if unknown.is_empty() {
            Ok(library)
        } else {
            Err(unknown.join("\n"))
        }
    });
    libraries.collect()
}

impl Library {
    fn add(&mut self, call: &Call) -> Result<(), String> {
        self.calls += 1;
        if let Some(reason) = &call.skipped {
            *self.skipped.entry(reason.clone()).or_default() += 1;
            return Ok(());
        }
        let (keys, rules) = call.settings();
        let verdict = match &keys {
            Keys::Secrets(secrets) => self.verdict_with_secrets(secrets, &rules, call),
            _ => verdict(&keys, &rules, &call.token),
        };
        let ours = match call.level.as_str() {
            "jws" => verdict.accepts_signature(),
            _ => verdict.accepts_all_but(&missing_user(&call.token)),
        };
        match (ours, call.theirs == "accepted") {
            (true, true) => self.both_accept += 1,
            (false, false) => self.both_reject += 1,
            (false, true) => {
                let reason = why_rejected(call, &verdict).ok_or_else(|| unknown(call, &verdict))?;
                *self.only_theirs.entry(reason.into()).or_default() += 1;
            }
            (true, false) => {
                let reason = why_accepted(call).ok_or_else(|| unknown(call, &verdict))?;
                *self.only_ours.entry(reason.into()).or_default() += 1;
            }
        }
        Ok(())
    }

    /// Verifies a token that may have a weak secret or no `exp`.
    fn verdict_with_secrets(&mut self, secrets: &[Vec<u8>], rules: &Rules, call: &Call) -> Verdict {
        let keys = Keys::Secrets(secrets.to_vec());
        let original = verdict(&keys, rules, &call.token);
        let payload = call.token.split('.').nth(1).unwrap_or_default();
        let has_no_exp = call.level == "jwt" && claims_without_exp(payload).is_some();
        let may_be_weak = matches!(original, Verdict::NotConfigured(_));
        if !has_no_exp && !may_be_weak {
            return original;
        }
        let exp = has_no_exp.then_some(rules.now + EXP_SECS);
        let (strong, token) = with_strong_secret(secrets, &call.token, exp);
        let changed = verdict(&Keys::Secrets(strong), rules, &token);
        let is_configured = !matches!(changed, Verdict::NotConfigured(_));
        self.weak_secrets += usize::from(may_be_weak && is_configured);
        self.without_exp += usize::from(has_no_exp);
        changed
    }
}

/// Returns the reasons of the claims about the user that the token does not have.
fn missing_user(token: &str) -> Vec<&'static str> {
    let claims = payload(token).and_then(|json| serde_json::from_slice(&json).ok());
    let claims: Value = claims.unwrap_or_default();
    let reasons = [("sub", "subject"), ("email", "user")];
    let missing = reasons
        .iter()
        .filter(|(name, _)| claims.get(name).is_none());
    missing.map(|&(_, reason)| reason).collect()
}

/// Returns the reason why only the library accepts the token.
fn why_rejected(call: &Call, verdict: &Verdict) -> Option<&'static str> {
    let has = |option: &str| call.options.iter().any(|name| name.starts_with(option));
    let is_off = [
        "exp=false",
        "ignoreExpiration",
        "ignoreNotBefore",
        "nbf=false",
        "verify_exp=False",
        "verify_nbf=False",
    ];
    let payload = payload(&call.token);
    let claims = payload
        .as_deref()
        .and_then(|text| serde_json::from_slice(text).ok());
    let claims: Value = claims.unwrap_or_default();
    let reason = verdict.reason();
    Some(match verdict {
        Verdict::NotConfigured(error) if error.contains("name of a supported algorithm") => {
            "its `algorithms` contain a name that the crate does not know, such as `none` or ES256K"
        }
        Verdict::NotConfigured(error) if error.contains("curve is described by parameters") => {
            "the key has explicit curve parameters instead of a curve name (RFC 5480 section 2.1.1)"
        }
        Verdict::NotConfigured(error) if error.contains("the modulus has") => {
            "the RSA key has fewer than 2048 bits"
        }
        Verdict::NotConfigured(_) => return None,
        _ if is_off.iter().any(|option| has(option)) => {
            "an option switches off the check of `exp` or `nbf`; the crate always checks them"
        }
        _ if has("detached_payload") => "the payload is detached (RFC 7515 appendix F)",
        _ if reason == "claims" && claims.is_object() && claims.get("exp").is_none() => {
            "the token has no `exp`, which the crate requires"
        }
        _ if reason == "claims" && !claims.is_object() => {
            "the payload is not a JSON object (RFC 7519 section 7.2)"
        }
        _ if reason == "claims" && claims.get("iat").is_some_and(Value::is_string) => {
            "`iat` is a string, but must be a number (RFC 7519 section 4.1.6)"
        }
        _ if reason == "not_yet_valid" => {
            "the token is not yet valid; the library checks `nbf` only if an option is set"
        }
        _ if reason == "audience" && claims.get("aud").is_some_and(Value::is_null) => {
            "`aud` is `null`, but must be a string or a list of strings (RFC 7519 section 4.1.3)"
        }
        _ if reason == "audience" && claims.get("aud").is_none() => {
            "the token has no `aud`; the crate requires each claim that is configured"
        }
        _ if reason == "malformed" && payload.is_some_and(|payload| payload.is_empty()) => {
            "the payload is empty, so it contains no claims"
        }
        _ if reason == "malformed" && call.token.contains('=') => {
            "a part has padding, which base64url in a token never has (RFC 7515 section 2)"
        }
        _ if reason == "critical_header" => {
            "the header has `b64` without `crit` (RFC 7797 section 6)"
        }
        _ if reason == "token_type" => {
            "the `typ` is not that of an access token, and no option names it"
        }
        _ => return None,
    })
}

/// Returns the reason why only the crate accepts the token.
fn why_accepted(call: &Call) -> Option<&'static str> {
    let has = |option: &str| call.options.iter().any(|name| name.starts_with(option));
    Some(match call.theirs.as_str() {
        "TypeError" => "an option of the call has an invalid value",
        _ if has("maxAge") || has("maxTokenAge") => {
            "the library limits the age of the token (`maxAge`, `maxTokenAge`)"
        }
        _ if has("require") => {
            "an option requires a claim (`require`, `requiredClaims`); in the crate, `.check(…)`"
        }
        _ if has("subject") || has("jti") || has("jwtid") => {
            "an option requires a certain `sub` or `jti`; in the crate, `.check(…)`"
        }
        _ if has("typ") => {
            "the `typ` must be empty; `.accept_typ(…)` adds a type to those of access tokens"
        }
        "InvalidJTIError" => "`jti` is not a string; the crate does not read `jti`",
        _ if has("strict_aud") => "`strict_aud` accepts only one audience",
        _ if has("check") => {
            "the test rejects the token with a function; in the crate, `.check(…)`"
        }
        _ if has("detached_payload") => "the call has a detached payload as well as the token",
        "ImmatureSignatureError" => {
            "`iat` is in the future; RFC 7519 section 4.1.6 defines no check of `iat`"
        }
        "DecodeError" => {
            "`algorithms` is not set; the crate then accepts the default algorithm of the key"
        }
        "InvalidAlgorithmError" => {
            "the token's `alg` is not that of the JWK; the crate reads no secret from a JWK"
        }
        _ => return None,
    })
}

fn payload(token: &str) -> Option<Vec<u8>> {
    BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()
}

fn unknown(call: &Call, verdict: &Verdict) -> String {
    format!("a difference without a reason: {call:?}: {verdict:?}")
}

/// Reads the version from the first line that names it.
fn read_version(path: &Path) -> Result<String, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let line = text.lines().find(|line| {
        let line = line.trim_start().trim_start_matches(['"', '_']);
        line.starts_with("version")
    });
    let version = line.and_then(|line| {
        let mut parts = line
            .split('"')
            .filter(|part| part.starts_with(|c: char| c.is_ascii_digit()));
        parts.next()
    });
    version
        .map(str::to_owned)
        .ok_or_else(|| format!("{}: no version", path.display()))
}
