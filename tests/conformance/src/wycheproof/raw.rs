//! Signatures of any message. A token cannot contain most of these messages, so they are verified
//! with the hidden module `vectors`.

use std::path::Path;

use serde_json::Value;
use tower_jwt_auth::{Algorithm, Secret, VerifyingKey, vectors};

use super::{Counts, Expected, groups, id, tests};

/// The results for one algorithm.
pub struct Row {
    pub algorithm: &'static str,
    pub files: usize,
    pub counts: Counts,
    /// The keys that were read from PEM, and those of them that were also read from JWK.
    pub pem_keys: usize,
    pub jwk_keys: usize,
    /// The vectors of groups with another salt, mask, or length than the algorithm has. They must be
    /// rejected, whatever their file expects.
    pub foreign: usize,
    /// The vectors with keys that the backend does not support. They are not counted above.
    pub unsupported: usize,
}

/// The algorithms, the length of the hash in bytes, and their files.
const FILES: [(&str, u64, &[&str]); 13] = [
    ("HS256", 32, &["hmac_sha256"]),
    ("HS384", 48, &["hmac_sha384"]),
    ("HS512", 64, &["hmac_sha512"]),
    (
        "RS256",
        32,
        &[
            "rsa_signature_2048_sha256",
            "rsa_signature_3072_sha256",
            "rsa_signature_4096_sha256",
            "rsa_signature_8192_sha256",
        ],
    ),
    (
        "RS384",
        48,
        &[
            "rsa_signature_2048_sha384",
            "rsa_signature_3072_sha384",
            "rsa_signature_4096_sha384",
            "rsa_signature_8192_sha384",
        ],
    ),
    (
        "RS512",
        64,
        &[
            "rsa_signature_2048_sha512",
            "rsa_signature_3072_sha512",
            "rsa_signature_4096_sha512",
            "rsa_signature_8192_sha512",
        ],
    ),
    (
        "PS256",
        32,
        &[
            "rsa_pss_2048_sha256_mgf1_0",
            "rsa_pss_2048_sha256_mgf1_32",
            "rsa_pss_2048_sha256_mgf1sha1_20",
            "rsa_pss_3072_sha256_mgf1_32",
            "rsa_pss_4096_sha256_mgf1_32",
            "rsa_pss_misc",
        ],
    ),
    (
        "PS384",
        48,
        &[
            "rsa_pss_2048_sha384_mgf1_48",
            "rsa_pss_4096_sha384_mgf1_48",
            "rsa_pss_misc",
        ],
    ),
    (
        "PS512",
        64,
        &[
            "rsa_pss_4096_sha512_mgf1_32",
            "rsa_pss_4096_sha512_mgf1_64",
            "rsa_pss_misc",
        ],
    ),
    ("ES256", 32, &["ecdsa_secp256r1_sha256_p1363"]),
    ("ES384", 48, &["ecdsa_secp384r1_sha384_p1363"]),
    ("ES512", 64, &["ecdsa_secp521r1_sha512_p1363"]),
    ("EdDSA", 64, &["ed25519"]),
];

/// The only vector of a group with another salt that has the salt of its algorithm: its signature is
/// valid for PS256.
const OTHER_SALT: (&str, u64) = ("rsa_pss_2048_sha256_mgf1_0_test.json", 69);

pub fn run(folder: &Path) -> Result<Vec<Row>, String> {
    let rows = FILES.into_iter().map(|(algorithm, hash, files)| {
        let mut row = Row {
            algorithm,
            files: files.len(),
            counts: Counts::default(),
            pem_keys: 0,
            jwk_keys: 0,
            foreign: 0,
            unsupported: 0,
        };
        for file in files {
            row.read(folder, &format!("{file}_test.json"), hash)?;
        }
        Ok(row)
    });
    rows.collect()
}

/// Returns the number of vectors with the same result in the line of another backend. Both backends
/// give the expected results, or there is no line.
pub fn same_results(row: &Row, line: &str) -> Result<usize, String> {
    let words: Vec<&str> = line.split(' ').collect();
    let numbers = words.iter().skip(1).map(|word| word.parse().ok());
    let numbers: Option<Vec<usize>> = numbers.collect();
    match (words.first(), numbers.as_deref()) {
        (Some(algorithm), Some(&[vectors, unsupported, acceptable_accepted]))
            if *algorithm == row.algorithm
                && vectors + unsupported == row.counts.vectors
                && acceptable_accepted == row.counts.acceptable_accepted =>
        {
            Ok(vectors)
        }
        _ => Err(format!("{}: another backend: {line}", row.algorithm)),
    }
}

impl Row {
    fn read(&mut self, folder: &Path, file: &str, hash: u64) -> Result<(), String> {
        let algorithm: Algorithm = (self.algorithm.parse()).map_err(|_| "an unknown algorithm")?;
        for group in groups(folder, file)? {
            // A file with several hashes belongs to several algorithms.
            let sha = group["sha"].as_str();
            if sha.is_some_and(|sha| sha != format!("SHA-{}", 8 * hash)) {
                continue;
            }
            let key = match Key::read(&group, algorithm) {
                Ok(key) => key,
                // ES512, and RSA keys of more than 4096 bits.
                Err(error) if error.contains("`rust-crypto`") || error.contains("`aws-lc-rs`") => {
                    self.unsupported += tests(&group).len();
                    continue;
                }
                Err(error) => return Err(format!("{file}: {error}")),
            };
            self.pem_keys += usize::from(matches!(key, Key::Public(..)));
            self.jwk_keys += usize::from(matches!(key, Key::Public(_, Some(_))));
            let is_foreign = !has_parameters_of_jws(&group, hash);
            for test in tests(&group) {
                let accepted = key
                    .verify(algorithm, test)
                    .map_err(|error| format!("{file}: {error}"))?;
                let expected = match (file, id(test)) {
                    OTHER_SALT => Expected::Valid,
                    _ if is_foreign => Expected::Invalid,
                    _ => Expected::read(test)?,
                };
                self.foreign += usize::from(is_foreign);
                if self.counts.add(expected, accepted) {
                    return Err(format!("{file}: vector {} differs", id(test)));
                }
            }
        }
        Ok(())
    }
}

/// Returns whether the group has the salt and the mask of RFC 7518 section 3.5, and tags that are not
/// truncated (section 3.2).
fn has_parameters_of_jws(group: &Value, hash: u64) -> bool {
    let is = |name: &str, value: u64| group[name].as_u64().is_none_or(|found| found == value);
    let mask = group["mgfSha"].as_str();
    is("sLen", hash) && is("tagSize", 8 * hash) && mask.is_none_or(|mask| group["sha"] == mask)
}

enum Key {
    /// From PEM, and from JWK if the group has it.
    Public(VerifyingKey, Option<VerifyingKey>),
    /// Each test has its own secret.
    Secret,
}

impl Key {
    fn read(group: &Value, algorithm: Algorithm) -> Result<Self, String> {
        let Some(pem) = group["publicKeyPem"].as_str() else {
            return Ok(Self::Secret);
        };
        let pem = VerifyingKey::from_pem(pem)
            .and_then(|key| key.with_algorithm(algorithm))
            .map_err(|error| error.to_string())?;
        let jwk = group.get("publicKeyJwk").or(group.get("keyJwk"));
        let jwk = jwk.map(|jwk| {
            VerifyingKey::from_jwk(&jwk.to_string()).and_then(|key| key.with_algorithm(algorithm))
        });
        let jwk = jwk.transpose().map_err(|error| error.to_string())?;
        Ok(Self::Public(pem, jwk))
    }

    fn verify(&self, algorithm: Algorithm, test: &Value) -> Result<bool, String> {
        let bytes = |name: &str| from_hex(test[name].as_str()).ok_or("no hexadecimal text");
        let message = bytes("msg")?;
        match self {
            Self::Secret => {
                let secret = Secret::from_bytes(bytes("key")?);
                let tag = bytes("tag")?;
                Ok(vectors::verify_mac(&secret, algorithm, &message, &tag))
            }
            Self::Public(pem, jwk) => {
                let signature = bytes("sig")?;
                let accepted = vectors::verify(pem, &message, &signature);
                let is_other =
                    |key: &VerifyingKey| vectors::verify(key, &message, &signature) != accepted;
                if jwk.as_ref().is_some_and(is_other) {
                    return Err(format!("PEM and JWK differ for vector {}", id(test)));
                }
                Ok(accepted)
            }
        }
    }
}

fn from_hex(text: Option<&str>) -> Option<Vec<u8>> {
    let text = text?.as_bytes();
    let pairs = text.chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    pairs.collect()
}
