//! The protected header (RFC 7515 section 4); checked by `policy` and the verifier.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::error::TokenError;
use crate::{
    json::{ClaimValue, Name, Object, Text},
    key::Algorithm,
    nesting,
};

/// The members of a header that affect verification. Keys in the header (`jwk`, `jku`, `x5c`,
/// `x5u`) are checked for their type but never used, because an attacker can choose them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    /// `None` if the algorithm is missing or unknown.
    pub(crate) alg: Option<Algorithm>,
    pub(crate) kid: Option<Cow<'a, str>>,
    pub(crate) typ: Option<Cow<'a, str>>,
    pub(crate) cty: Option<Cow<'a, str>>,
    has_extension: bool,
    is_encrypted: bool,
}

/// The encoded headers that nearly all issuers of HS256 tokens use. They are recognized without
/// parsing.
const WELL_KNOWN: [&[u8]; 3] = [
    // {"alg":"HS256","typ":"JWT"}
    b"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9",
    // {"alg":"HS256"}
    b"eyJhbGciOiJIUzI1NiJ9",
    // {"typ":"JWT","alg":"HS256"}
    b"eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9",
];

impl<'a> Header<'a> {
    /// Returns the header if its encoded form is well known. The type JWT is omitted, because a
    /// missing type has the same meaning.
    #[inline]
    pub(crate) fn well_known(encoded: &[u8]) -> Option<Header<'static>> {
        WELL_KNOWN.contains(&encoded).then(|| Header {
            alg: Some(Algorithm::HS256),
            ..Header::default()
        })
    }

    /// Parses a decoded header; rejects extensions and encryption.
    pub(crate) fn parse(json: &'a [u8]) -> Result<Self, TokenError> {
        let header = Self::read(json)?;
        if header.is_encrypted {
            return Err(TokenError::Encrypted);
        }
        if header.has_extension {
            return Err(TokenError::CriticalHeader);
        }
        Ok(header)
    }

    /// Parses a decoded header, even one that `parse` rejects.
    pub(super) fn read(json: &'a [u8]) -> Result<Self, TokenError> {
        if nesting::is_too_deep(json) {
            return Err(TokenError::Header);
        }
        let json = std::str::from_utf8(json).map_err(|_| TokenError::Header)?;
        serde_json::from_str(json).map_err(|_| TokenError::Header)
    }
}

/// A registered member. Other members are skipped.
#[derive(Clone, Copy)]
enum Member {
    Alg,
    Kid,
    Typ,
    Cty,
    /// `crit`, and `b64`, which requires `crit` (RFC 7797 section 6).
    Extension,
    /// `enc`, which indicates a JWE (RFC 7516 section 9).
    Encryption,
    /// `zip`, which only a JWE may have.
    Compression,
    Text(u16),
    Object(u16),
    Texts(u16),
    Other,
}

impl From<&str> for Member {
    fn from(name: &str) -> Self {
        match name {
            "alg" => Self::Alg,
            "kid" => Self::Kid,
            "typ" => Self::Typ,
            "cty" => Self::Cty,
            "crit" | "b64" => Self::Extension,
            "enc" => Self::Encryption,
            "zip" => Self::Compression,
            "jku" => Self::Text(1 << 4),
            "x5u" => Self::Text(1 << 5),
            "x5t" => Self::Text(1 << 6),
            "x5t#S256" => Self::Text(1 << 7),
            "url" => Self::Text(1 << 8),
            "nonce" => Self::Text(1 << 9),
            "jwk" => Self::Object(1 << 10),
            "x5c" => Self::Texts(1 << 11),
            _ => Self::Other,
        }
    }
}

impl Member {
    /// Returns a distinct bit for each member that must not be repeated, and 0 for the others.
    fn bit(self) -> u16 {
        match self {
            Self::Alg => 1,
            Self::Typ => 1 << 1,
            Self::Cty => 1 << 2,
            Self::Kid => 1 << 3,
            Self::Text(bit) | Self::Object(bit) | Self::Texts(bit) => bit,
            Self::Encryption => 1 << 12,
            Self::Compression => 1 << 13,
            Self::Extension | Self::Other => 0,
        }
    }
}

impl<'de> Deserialize<'de> for Header<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(HeaderVisitor)
    }
}

struct HeaderVisitor;

impl<'de> Visitor<'de> for HeaderVisitor {
    type Value = Header<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut header = Header::default();
        let mut seen = 0;
        while let Some(Name(member)) = map.next_key::<Name<Member>>()? {
            if seen & member.bit() != 0 {
                return Err(A::Error::custom("duplicate member"));
            }
            seen |= member.bit();
            match member {
                // An `alg` of another type is treated as an unknown algorithm.
                Member::Alg => {
                    if let ClaimValue::Text(alg) = map.next_value()? {
                        header.alg = Algorithm::from_name(&alg);
                    }
                }
                Member::Kid => header.kid = Some(map.next_value::<Text<'_>>()?.0),
                Member::Typ => header.typ = Some(map.next_value::<Text<'_>>()?.0),
                Member::Cty => header.cty = Some(map.next_value::<Text<'_>>()?.0),
                Member::Extension => {
                    header.has_extension = true;
                    map.next_value::<IgnoredAny>()?;
                }
                Member::Encryption => {
                    header.is_encrypted = true;
                    map.next_value::<Text<'_>>()?;
                }
                Member::Compression | Member::Text(_) => {
                    map.next_value::<Text<'_>>()?;
                }
                Member::Object(_) => {
                    map.next_value::<Object>()?;
                }
                Member::Texts(_) => {
                    map.next_value::<Vec<Text<'_>>>()?;
                }
                // The value is parsed instead of ignored, because ignoring it would accept invalid
                // numbers and escapes.
                Member::Other => {
                    map.next_value::<serde_json::Value>()?;
                }
            }
        }
        if seen & Member::Compression.bit() != 0 && !header.is_encrypted {
            return Err(A::Error::custom("zip without enc"));
        }
        Ok(header)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base64url;

    #[test]
    fn well_known_headers_equal_their_parsed_form() {
        for encoded in WELL_KNOWN {
            let json = base64url::decode(encoded).unwrap();
            let mut parsed = Header::parse(&json).unwrap();
            assert!(parsed.typ.take().is_none_or(|typ| typ == "JWT"));
            assert_eq!(Header::well_known(encoded), Some(parsed));
        }
    }
}
