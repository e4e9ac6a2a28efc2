//! [`Secret`]: a shared secret, and the checks of its strength; used by `key_source`.

use std::fmt;

use zeroize::Zeroizing;

use crate::stray::stray_ends;

/// A shared secret for HS256, HS384, or HS512. Anyone who has it can both verify and mint tokens.
///
/// A string is used as its UTF-8 bytes, without trimming and without decoding base64, as in Better
/// Auth. When a layer is built, text in quotes or with leading or trailing white space is rejected,
/// because it usually results from a mistake in an env file; [`from_bytes`](Self::from_bytes)
/// accepts it. The memory is wiped when the secret is dropped, and `Debug` prints none of it.
///
/// The strength of the secret is also checked when a layer is built: see
/// [`JwtAuthBuilder::secret`](crate::JwtAuthBuilder::secret).
///
/// ```
/// use tower_jwt_auth::Secret;
///
/// let text = Secret::from("correct horse battery staple, and more");
/// let bytes = Secret::from_bytes([7_u8, 1, 8, 2, 8]);
/// assert_eq!(format!("{text:?}"), "Secret(..)");
/// # drop(bytes);
/// ```
#[derive(Clone)]
pub struct Secret {
    bytes: Zeroizing<Vec<u8>>,
    is_text: bool,
}

impl Secret {
    /// Creates a secret from bytes that are not text, such as 32 random bytes, or from text in
    /// which quotes or surrounding white space are part of the secret.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self {
            bytes: Zeroizing::new(bytes.into()),
            is_text: false,
        }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn text(&self) -> Option<&str> {
        let bytes = self.is_text.then_some(&*self.bytes)?;
        std::str::from_utf8(bytes).ok()
    }

    /// Returns the reason why the secret must not be used and the fix, or `None` if it is safe to
    /// use. `min_len` is in bytes.
    pub(crate) fn weakness(&self, min_len: usize) -> Option<String> {
        let bytes = self.as_bytes();
        // A generated secret must fit the algorithms, or it would be rejected as well.
        let generate = format!(
            "generate a new secret with `openssl rand -base64 {}`",
            min_len.max(MIN_GENERATED_LEN)
        );
        if bytes.is_empty() {
            return Some("is empty; use the secret that your issuer signs with".into());
        }
        if let Some(kind) = mistaken_for_a_secret(bytes) {
            return Some(format!(
                "is {kind}, not a shared secret; {PUBLIC_KEY_ADVICE}"
            ));
        }
        if self.is_text && bytes.starts_with(b"\xEF\xBB\xBF") {
            return Some(
                "starts with a byte order mark, which would be part of the key; remove it".into(),
            );
        }
        if self.is_text && matches!(bytes.last(), Some(b'\n' | b'\r')) {
            return Some(
                "ends in a newline, which would be part of the key; trim it, or read the file with .secret_from_file(…)"
                    .into(),
            );
        }
        if let Some(problem) = self.text().and_then(stray_ends) {
            return Some(format!(
                "{problem}, which would be part of the key; {STRAY_ENDS_ADVICE}"
            ));
        }
        if contains(bytes, GENERATOR) {
            return Some(format!(
                "contains the command `openssl rand` instead of its output; {generate}"
            ));
        }
        if WELL_KNOWN.iter().any(|known| known.as_bytes() == bytes) {
            return Some(format!(
                "is a published example, which anyone can look up; {generate}"
            ));
        }
        if bytes.len() < min_len {
            return Some(format!(
                "is {} bytes long, but at least {min_len} are required (RFC 7518 section 3.2); {generate}",
                bytes.len()
            ));
        }
        if has_few_different_bytes(bytes) {
            return Some(format!(
                "has fewer than {MIN_DIFFERENT_BYTES} different bytes; {generate}"
            ));
        }
        None
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self {
            bytes: Zeroizing::new(text.as_bytes().to_vec()),
            is_text: true,
        }
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self {
            bytes: Zeroizing::new(text.into_bytes()),
            is_text: true,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Returns the kind of key that `text` contains instead of a secret, if it does.
pub(crate) fn mistaken_for_a_secret(text: &[u8]) -> Option<&'static str> {
    let text = text.trim_ascii();
    let starts_with_any = |prefixes: &[&str]| {
        prefixes
            .iter()
            .any(|prefix| text.starts_with(prefix.as_bytes()))
    };
    // RFC 7468 section 2 allows text before the label.
    if contains(text, b"-----BEGIN ") || contains(text, b"---- BEGIN ") {
        Some("a PEM or an SSH key")
    } else if starts_with_any(&["ssh-", "ecdsa-sha2-", "sk-ssh-", "sk-ecdsa-"]) {
        Some("an SSH key")
    } else if starts_with_any(&["{", "["]) && is_jwk(text) {
        Some("a JWK")
    } else {
        None
    }
}

fn is_jwk(text: &[u8]) -> bool {
    contains(text, b"\"kty\"") || contains(text, b"\"keys\"")
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

fn has_few_different_bytes(bytes: &[u8]) -> bool {
    let mut seen = [false; 256];
    for &byte in bytes {
        seen[usize::from(byte)] = true;
    }
    seen.iter().filter(|&&seen| seen).count() < MIN_DIFFERENT_BYTES
}

/// The advice if a key is configured as a secret. With a public key as the secret, anyone who has
/// that key could mint tokens.
pub(crate) const PUBLIC_KEY_ADVICE: &str = "to verify tokens that are signed with a private key, use .public_key_pem(…), .jwks_text(…), or .jwks_url(…)";

const STRAY_ENDS_ADVICE: &str =
    "remove it or, if it is part of the issuer's secret, use .secret(Secret::from_bytes(…))";

/// The length of a suggested secret, in random bytes, even if shorter ones are allowed.
const MIN_GENERATED_LEN: usize = 32;

/// A random secret has more, even in hexadecimal. A placeholder such as `changeme`, repeated to
/// reach the minimum length, has fewer.
const MIN_DIFFERENT_BYTES: usize = 8;

/// The command that guides and errors recommend. An env file does not run it.
const GENERATOR: &[u8] = b"openssl rand";

/// Secrets that were published as examples. An attacker tries these first.
const WELL_KNOWN: [&str; 4] = [
    // Better Auth's default outside production.
    "better-auth-secret-12345678901234567890",
    // The secret of the FastAPI tutorial.
    "09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7",
    // The current and former secrets of jwt.io.
    "a-string-secret-at-least-256-bits-long",
    "your-256-bit-secret",
];
