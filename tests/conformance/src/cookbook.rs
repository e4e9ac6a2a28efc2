//! The examples of RFC 7520, RFC 7797, and RFC 8037 in ietf-jose/cookbook.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    record::public,
    verdict::{Rules, keys_from_jwk, verdict},
};

/// The results for one example.
pub struct Example {
    pub section: &'static str,
    pub subject: &'static str,
    /// The serializations, and those of them that are accepted.
    pub forms: Vec<&'static str>,
    pub accepted: Vec<&'static str>,
}

/// The sections, the files, their subjects, and whether the compact form is a signed token with a
/// payload. The crate accepts only that form.
const EXAMPLES: [(&str, &str, &str, bool); 11] = [
    (
        "RFC 7520 section 4.1",
        "jws/4_1.rsa_v15_signature.json",
        "RS256",
        true,
    ),
    (
        "RFC 7520 section 4.2",
        "jws/4_2.rsa-pss_signature.json",
        "PS384",
        true,
    ),
    (
        "RFC 7520 section 4.3",
        "jws/4_3.ecdsa_signature.json",
        "ES512",
        true,
    ),
    (
        "RFC 7520 section 4.4",
        "jws/4_4.hmac-sha2_integrity_protection.json",
        "HS256",
        true,
    ),
    (
        "RFC 7520 section 4.5",
        "jws/4_5.signature_with_detached_content.json",
        "detached content",
        false,
    ),
    (
        "RFC 7520 section 4.6",
        "jws/4_6.protecting_specific_header_fields.json",
        "an unprotected header",
        false,
    ),
    (
        "RFC 7520 section 4.7",
        "jws/4_7.protecting_content_only.json",
        "only an unprotected header",
        false,
    ),
    (
        "RFC 7520 section 4.8",
        "jws/4_8.multiple_signatures.json",
        "three signatures",
        false,
    ),
    (
        "RFC 7797 section 4.1",
        "rfc7797/hmac-sha2_b64_false.json",
        "a payload without base64url",
        false,
    ),
    (
        "RFC 7797 section 4.2",
        "rfc7797/4.2.hmac-sha2_b64_false.json",
        "a payload without base64url",
        false,
    ),
    (
        "RFC 8037 appendix A.4",
        "curve25519/jws.json",
        "EdDSA",
        true,
    ),
];

pub fn run(folder: &Path) -> Result<Vec<Example>, String> {
    let examples = EXAMPLES
        .into_iter()
        .map(|(section, file, subject, has_payload)| {
            let example = read(&folder.join(file), section, subject)?;
            let expected: &[&str] = if has_payload { &["compact"] } else { &[] };
            if example.accepted == expected {
                Ok(example)
            } else {
                Err(format!("{file}: {:?} are accepted", example.accepted))
            }
        });
    examples.collect()
}

fn read(path: &Path, section: &'static str, subject: &'static str) -> Result<Example, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|error| format!("{name}: {error}"))?;
    let json: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let key = match &json["input"]["key"] {
        Value::Array(keys) => json!({ "keys": keys.iter().map(public).collect::<Vec<_>>() }),
        key => public(key),
    };
    let (keys, _) = keys_from_jwk(&key);
    let algorithm = json["input"]["alg"].as_str();
    let rules = Rules {
        algorithms: algorithm.map(str::to_owned).into_iter().collect(),
        allow_any_audience: true,
        ..Rules::default()
    };
    let mut example = Example {
        section,
        subject,
        forms: Vec::new(),
        accepted: Vec::new(),
    };
    for form in ["compact", "json", "json_flat"] {
        let token = match &json["output"][form] {
            Value::Null => continue,
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        example.forms.push(form);
        if verdict(&keys, &rules, &token).accepts_signature() {
            example.accepted.push(form);
        }
    }
    Ok(example)
}
