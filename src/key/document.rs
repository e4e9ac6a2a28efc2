//! Reads a JWK Set entry by entry; used by `key_set`.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::{
    jwk::Jwk,
    lenient::{FromJson, Lenient, parse},
    verifying_key::VerifyingKey,
};
use crate::json::Name;

/// Bounds the memory of a key set and the time to parse it.
const MAX_KEYS: usize = 100;

/// The entries of a JWK Set (RFC 7517 section 5): the usable keys, and the reasons why the others
/// cannot be used.
///
/// The JSON is parsed in one pass. Apart from the resulting keys, parsing needs memory for one
/// entry at a time, which is smaller than its JSON.
#[derive(Default)]
pub(super) struct Entries {
    is_array: bool,
    pub(super) keys: Vec<VerifyingKey>,
    pub(super) skipped: Vec<String>,
}

impl Entries {
    /// Reads a JWK Set. Returns the reason as an error if the document is not a JWK Set.
    pub(super) fn read(json: &str) -> Result<Self, String> {
        parse::<Document>(json)?.entries()
    }
}

impl<'de> FromJson<'de> for Entries {
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let mut entries = Self {
            is_array: true,
            ..Self::default()
        };
        for index in 0..MAX_KEYS {
            let Some(Lenient(jwk)) = array.next_element::<Lenient<Jwk<'de>>>()? else {
                return Ok(entries);
            };
            match VerifyingKey::from_members(&jwk) {
                Ok(key) => entries.keys.push(key),
                Err(reason) => {
                    let name = entry_name(index, jwk.key_id());
                    entries.skipped.push(format!("{name}: {reason}"));
                }
            }
        }
        let mut ignored = 0_usize;
        while array.next_element::<IgnoredAny>()?.is_some() {
            ignored += 1;
        }
        if ignored > 0 {
            let reason = format!("{ignored} more: only the first {MAX_KEYS} keys are read");
            entries.skipped.push(reason);
        }
        Ok(entries)
    }
}

/// The members of a document that distinguish a JWK Set from other documents.
#[derive(Default)]
struct Document {
    entries: Option<Entries>,
    has_two_sets: bool,
    has_jwks_uri: bool,
    has_key_type: bool,
    has_certificate: bool,
}

impl Document {
    fn entries(self) -> Result<Entries, String> {
        if self.has_two_sets {
            return Err("it has a duplicate member \"keys\"".into());
        }
        match self.entries {
            Some(entries) if entries.is_array => Ok(entries),
            _ => Err(format!("it has no array \"keys\"{}", self.hint())),
        }
    }

    /// Returns the likely kind of a document that is not a key set, and the fix.
    fn hint(&self) -> &'static str {
        if self.has_jwks_uri {
            "; it is a discovery document: use the URL in its jwks_uri, or the document at that URL"
        } else if self.has_certificate {
            "; it is a map of X.509 certificates: use the URL of the issuer's JWK Set, for Firebase https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
        } else if self.has_key_type {
            "; it is a single key: wrap it in {\"keys\": […]}, or read it with VerifyingKey::from_jwk"
        } else {
            ""
        }
    }
}

impl<'de> FromJson<'de> for Document {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut document = Self::default();
        while let Some(Name(member)) = object.next_key()? {
            match member {
                Member::Keys if document.entries.is_some() => {
                    document.has_two_sets = true;
                    object.next_value::<IgnoredAny>()?;
                }
                Member::Keys => {
                    let Lenient(entries) = object.next_value()?;
                    document.entries = Some(entries);
                }
                Member::JwksUri => {
                    document.has_jwks_uri = true;
                    object.next_value::<IgnoredAny>()?;
                }
                Member::KeyType => {
                    document.has_key_type = true;
                    object.next_value::<IgnoredAny>()?;
                }
                Member::Other => {
                    let Lenient(IsCertificate(is_certificate)) = object.next_value()?;
                    document.has_certificate |= is_certificate;
                }
            }
        }
        Ok(document)
    }
}

enum Member {
    Keys,
    JwksUri,
    KeyType,
    Other,
}

impl From<&str> for Member {
    fn from(name: &str) -> Self {
        match name {
            "keys" => Self::Keys,
            "jwks_uri" => Self::JwksUri,
            "kty" => Self::KeyType,
            _ => Self::Other,
        }
    }
}

#[derive(Default)]
struct IsCertificate(bool);

impl FromJson<'_> for IsCertificate {
    fn from_text(text: &str) -> Self {
        Self(text.starts_with("-----BEGIN CERTIFICATE-----"))
    }
}

/// Returns the name of an entry for the log. The `kid` is escaped and shortened.
fn entry_name(index: usize, key_id: Option<&str>) -> String {
    match key_id {
        Some(key_id) => format!("key {index} ({})", quoted(key_id)),
        None => format!("key {index}"),
    }
}

pub(super) fn quoted(key_id: &str) -> String {
    let short: String = key_id.chars().take(64).collect();
    format!("kid {short:?}")
}
