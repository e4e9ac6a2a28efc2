//! Signed and encrypted tokens with their keys as JWK. The payload of most of them is not JSON, so a
//! token counts as accepted if its form, header, and signature are valid.

use std::path::Path;

use serde_json::Value;

use super::{Counts, Expected, groups, id, tests};
use crate::{
    resign::with_strong_secret,
    verdict::{Keys, Rules, Verdict, keys_from_jwk, verdict},
};

/// The results for one file.
pub struct File {
    pub name: &'static str,
    pub counts: Counts,
    pub differences: Vec<Difference>,
    /// The vectors whose secret consists of zeros, which no layer accepts. They are signed again.
    pub signed_again: usize,
}

/// Vectors with another result than expected.
#[derive(Clone, Debug)]
pub struct Difference {
    pub ids: Vec<u64>,
    pub expected: Expected,
    pub reason: &'static str,
}

/// Encrypted tokens must all be rejected, because the crate decrypts none.
const FILES: [&str; 4] = [
    "json_web_signature_test.json",
    "json_web_key_test.json",
    "json_web_crypto_test.json",
    "json_web_encryption_test.json",
];

/// The vectors with another result than expected. A vector that differs and is not listed is an
/// error, and so is a listed vector that does not differ.
const REASONS: [(&str, &[u64], &str); 5] = [
    (
        "json_web_signature_test.json",
        &[259, 264, 268, 272, 320, 325],
        "the payload is empty; the claims of a JWT are a JSON object (RFC 7519 section 7.2)",
    ),
    (
        "json_web_signature_test.json",
        &[346, 350],
        "the token's `alg` is PS384, but that of the key is PS256; a key is used with its `alg` only",
    ),
    (
        "json_web_signature_test.json",
        &[347, 351],
        "the `alg` of the key is ES521, which is not a registered name; a key with an unknown `alg` is not used",
    ),
    (
        "json_web_signature_test.json",
        &[367, 370],
        "the text of the token equals that of vector 357, which is valid",
    ),
    (
        "json_web_signature_test.json",
        &[372, 373],
        "the header or the payload contains `?`, which is not base64url (RFC 7515 section 2)",
    ),
];

pub fn run(folder: &Path) -> Result<Vec<File>, String> {
    let files = FILES.into_iter().map(|name| read(folder, name));
    files.collect()
}

fn read(folder: &Path, name: &'static str) -> Result<File, String> {
    let mut file = File {
        name,
        counts: Counts::default(),
        differences: Vec::new(),
        signed_again: 0,
    };
    let mut found = Vec::new();
    for group in groups(folder, name)? {
        let keys = group.get("public").or(group.get("private"));
        let keys = keys.ok_or_else(|| format!("{name}: a group without keys"))?;
        for test in tests(&group) {
            let outcome = outcome(keys, test)?;
            file.signed_again += usize::from(outcome.is_signed_again);
            if file.counts.add(outcome.expected, outcome.accepted) {
                found.push((id(test), outcome.expected, outcome.reason));
            }
        }
    }
    for (_, ids, reason) in REASONS.iter().filter(|(file, ..)| *file == name) {
        let (listed, others): (Vec<_>, Vec<_>) =
            found.into_iter().partition(|(id, ..)| ids.contains(id));
        found = others;
        match listed.first() {
            Some(&(_, expected, _)) if listed.len() == ids.len() => {
                file.differences.push(Difference {
                    ids: ids.to_vec(),
                    expected,
                    reason,
                });
            }
            _ => return Err(format!("{name}: {ids:?} are listed, but do not differ")),
        }
    }
    if found.is_empty() {
        Ok(file)
    } else {
        Err(format!("{name}: differences without a reason: {found:?}"))
    }
}

/// The result for one vector.
struct Outcome {
    expected: Expected,
    accepted: bool,
    reason: String,
    is_signed_again: bool,
}

fn outcome(keys: &Value, test: &Value) -> Result<Outcome, String> {
    let (keys, algorithms) = keys_from_jwk(keys);
    let rules = Rules {
        algorithms,
        allow_any_audience: true,
        ..Rules::default()
    };
    let expected = Expected::read(test)?;
    let (token, expected) = match (&test["jws"], &test["jwe"]) {
        (Value::String(jws), _) => (jws.clone(), expected),
        (_, Value::String(jwe)) => (jwe.clone(), Expected::Invalid),
        // The JSON serialization.
        (_, jwe) => (jwe.to_string(), Expected::Invalid),
    };
    let mut result = verdict(&keys, &rules, &token);
    let mut is_signed_again = false;
    if let (Verdict::NotConfigured(_), Keys::Secrets(secrets)) = (&result, &keys)
        && secrets.iter().all(|secret| is_only_zeros(secret))
    {
        let (secrets, token) = with_strong_secret(secrets, &token, None);
        result = verdict(&Keys::Secrets(secrets), &rules, &token);
        is_signed_again = true;
    }
    Ok(Outcome {
        expected,
        accepted: result.accepts_signature(),
        reason: result.reason().to_owned(),
        is_signed_again,
    })
}

/// Returns whether a secret is long enough, but consists of zeros.
fn is_only_zeros(secret: &[u8]) -> bool {
    secret.len() >= 32 && secret.iter().all(|&byte| byte == 0)
}
