//! Reads one JWK; used by `document` and `verifying_key`.

use serde::de::{IgnoredAny, MapAccess, SeqAccess};

use super::{
    lenient::{FromJson, Lenient, Text},
    material::{Curve, KeyComponents, KeyParts},
};
use crate::{base64url, json::Name, key::algorithm::Algorithm};

/// The members of a JWK that are used and are strings.
const TEXTS: [&str; 10] = [
    "kty", "use", "alg", "kid", "crv", "n", "e", "x", "y", "issuer",
];

/// The reason why a key with `use: enc` is skipped. Many sets contain such a key, so it is not
/// logged as a warning.
pub(crate) const FOR_ENCRYPTION: &str = "its use is enc, so it is only for encryption";

/// The members of private keys and shared secrets.
const PRIVATE: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// The members of a JWK, not yet checked. Unused members, such as `x5c`, are skipped and not
/// stored.
#[derive(Default)]
pub(super) struct Jwk<'a> {
    is_object: bool,
    /// The values, in the order of [`TEXTS`].
    texts: [Option<Text<'a>>; TEXTS.len()],
    key_ops: Option<KeyOps>,
    is_private: bool,
    repeated: Option<&'static str>,
}

impl Jwk<'_> {
    /// Checks an entry of a JWK Set (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
    /// Returns the reason as an error if it cannot be used.
    pub(super) fn read(&self) -> Result<KeyParts, String> {
        if !self.is_object {
            return Err("it is not a JSON object".into());
        }
        // RFC 7517 section 4 requires unique names.
        if let Some(name) = self.repeated {
            return Err(format!("it has a duplicate member {name}"));
        }
        let kty = self.required("kty")?;
        if kty == "oct" {
            return Err("it is a shared secret (oct), which must not be published".into());
        }
        if self.is_private {
            return Err("it is a private key; use only its public part".into());
        }
        self.check_use()?;
        let components = match kty {
            "RSA" => KeyComponents::rsa(&self.number("n")?, &self.number("e")?),
            "EC" => {
                let curve = Curve::from_name(self.required("crv")?)
                    .ok_or("its crv is not P-256, P-384, or P-521")?;
                let (x, y) = (self.number("x")?, self.number("y")?);
                if x.len() != curve.width() || y.len() != curve.width() {
                    return Err("the length of a coordinate does not match its curve".into());
                }
                KeyComponents::ec(curve, &x, &y)
            }
            "OKP" if self.required("crv")? == "Ed25519" => KeyComponents::Ed25519 {
                x: self.number("x")?,
            },
            "OKP" => return Err("its crv is not Ed25519".into()),
            _ => return Err("its kty is not RSA, EC, or OKP".into()),
        };
        let algorithm = match self.text("alg")? {
            Some(name) => Some(Algorithm::from_name(name).ok_or("its alg is not supported")?),
            None => None,
        };
        let key_id = self.text("kid")?.map(str::to_owned);
        Ok(KeyParts {
            algorithm,
            key_id,
            issuer: self.text("issuer")?.map(str::to_owned),
            components,
        })
    }

    /// Checks `use` and `key_ops` (RFC 7517 sections 4.2 and 4.3).
    fn check_use(&self) -> Result<(), String> {
        match self.text("use")? {
            None | Some("sig") => {}
            Some("enc") => return Err(FOR_ENCRYPTION.into()),
            Some(_) => return Err("its use is not sig".into()),
        }
        match self.key_ops {
            None | Some(KeyOps { has_verify: true }) => Ok(()),
            Some(KeyOps { has_verify: false }) => Err("its key_ops does not contain verify".into()),
        }
    }

    /// Returns the `kid`, if it is a string.
    pub(super) fn key_id(&self) -> Option<&str> {
        self.text("kid").ok().flatten()
    }

    fn text(&self, name: &str) -> Result<Option<&str>, String> {
        let mut members = TEXTS.iter().zip(&self.texts);
        match members.find(|(member, _)| **member == name) {
            Some((_, Some(Text(Some(text))))) => Ok(Some(text)),
            Some((_, Some(Text(None)))) => Err(format!("its {name} is not a string")),
            _ => Ok(None),
        }
    }

    fn required(&self, name: &str) -> Result<&str, String> {
        self.text(name)?.ok_or_else(|| format!("it has no {name}"))
    }

    fn number(&self, name: &str) -> Result<Vec<u8>, String> {
        base64url::decode(self.required(name)?.as_bytes())
            .ok_or_else(|| format!("its {name} is not base64url"))
    }
}

impl<'de: 'a, 'a> FromJson<'de> for Jwk<'a> {
    fn from_object<A: MapAccess<'de>>(mut object: A) -> Result<Self, A::Error> {
        let mut jwk = Self {
            is_object: true,
            ..Self::default()
        };
        while let Some(Name(member)) = object.next_key()? {
            let value = &mut object;
            match member {
                Member::Text(name) => {
                    let mut places = TEXTS.iter().zip(&mut jwk.texts);
                    if let Some((_, place)) = places.find(|(text, _)| **text == name) {
                        read_once(place, name, &mut jwk.repeated, value)?;
                    }
                }
                Member::KeyOps => {
                    read_once(&mut jwk.key_ops, "key_ops", &mut jwk.repeated, value)?;
                }
                Member::Private => {
                    jwk.is_private = true;
                    value.next_value::<IgnoredAny>()?;
                }
                Member::Other => drop(value.next_value::<IgnoredAny>()?),
            }
        }
        Ok(jwk)
    }
}

enum Member {
    Text(&'static str),
    KeyOps,
    Private,
    Other,
}

impl From<&str> for Member {
    fn from(name: &str) -> Self {
        match TEXTS.into_iter().find(|text| *text == name) {
            Some(text) => Self::Text(text),
            None if name == "key_ops" => Self::KeyOps,
            None if PRIVATE.contains(&name) => Self::Private,
            None => Self::Other,
        }
    }
}

/// Reads the value of a member, or records the name of a duplicate member.
fn read_once<'de, T: FromJson<'de>, A: MapAccess<'de>>(
    place: &mut Option<T>,
    name: &'static str,
    repeated: &mut Option<&'static str>,
    value: &mut A,
) -> Result<(), A::Error> {
    if place.is_some() {
        *repeated = Some(name);
        value.next_value::<IgnoredAny>()?;
    } else {
        let Lenient(read) = value.next_value()?;
        *place = Some(read);
    }
    Ok(())
}

#[derive(Default)]
struct KeyOps {
    has_verify: bool,
}

impl<'de> FromJson<'de> for KeyOps {
    fn from_array<A: SeqAccess<'de>>(mut array: A) -> Result<Self, A::Error> {
        let mut has_verify = false;
        while let Some(Lenient(IsVerify(is_verify))) = array.next_element()? {
            has_verify |= is_verify;
        }
        Ok(Self { has_verify })
    }
}

#[derive(Default)]
struct IsVerify(bool);

impl FromJson<'_> for IsVerify {
    fn from_text(text: &str) -> Self {
        Self(text == "verify")
    }
}
