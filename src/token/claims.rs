//! The registered claims (RFC 7519 section 4.1), and those that make a user of a token.

use std::fmt;

use serde::{
    Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::TokenError;
use crate::{
    json::{ClaimValue, Name},
    nesting,
};

/// What a token claims, read in one pass and not yet judged. Claims that are not named here are
/// skipped.
#[derive(Default)]
pub(crate) struct Claims<'a> {
    pub(crate) exp: Option<f64>,
    pub(crate) nbf: Option<f64>,
    pub(crate) iat: Option<f64>,
    pub(crate) iss: ClaimValue<'a>,
    pub(crate) aud: ClaimValue<'a>,
    pub(crate) sub: ClaimValue<'a>,
    pub(crate) email: ClaimValue<'a>,
    pub(crate) name: ClaimValue<'a>,
    /// The claims that are present and whose values do not matter.
    present: u8,
}

/// `session` or `updateTo`, as in Better Auth's session data and links, which it signs with the
/// same secret.
const SESSION: u8 = 1;

/// `cnf` (RFC 7800 section 3.1).
const CONFIRMATION: u8 = 1 << 1;

impl<'a> Claims<'a> {
    #[inline]
    pub(crate) fn parse(json: &'a str) -> Result<Self, TokenError> {
        if nesting::is_too_deep(json.as_bytes()) {
            return Err(TokenError::Claims);
        }
        let mut claims = Self::default();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer
            .deserialize_map(ClaimsVisitor(&mut claims))
            .and_then(|()| deserializer.end())
            .map_err(|_| TokenError::Claims)?;
        Ok(claims)
    }

    /// Returns whether the token is session data of Better Auth's, or one of its links.
    pub(crate) fn is_session_data(&self) -> bool {
        self.present & SESSION != 0
    }

    /// Returns whether the token is bound to a key or a certificate.
    pub(crate) fn is_bound(&self) -> bool {
        self.present & CONFIRMATION != 0
    }
}

#[derive(Clone, Copy)]
enum Claim {
    Exp,
    Nbf,
    Iat,
    Iss,
    Aud,
    Sub,
    Email,
    Name,
    /// Its value is skipped. These bits say that it is present.
    Skipped(u8),
}

impl From<&str> for Claim {
    #[inline]
    fn from(name: &str) -> Self {
        match name.as_bytes() {
            b"exp" => Self::Exp,
            b"nbf" => Self::Nbf,
            b"iat" => Self::Iat,
            b"iss" => Self::Iss,
            b"aud" => Self::Aud,
            b"sub" => Self::Sub,
            b"email" => Self::Email,
            b"name" => Self::Name,
            b"session" | b"updateTo" => Self::Skipped(SESSION),
            b"cnf" => Self::Skipped(CONFIRMATION),
            _ => Self::Skipped(0),
        }
    }
}

/// Reads the claims to where they stay, which saves moving them about.
struct ClaimsVisitor<'a, 'de>(&'a mut Claims<'de>);

impl<'de> Visitor<'de> for ClaimsVisitor<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let claims = self.0;
        while let Some(Name(claim)) = map.next_key::<Name<Claim>>()? {
            match claim {
                Claim::Exp => once(&mut claims.exp, &mut map)?,
                Claim::Nbf => once(&mut claims.nbf, &mut map)?,
                Claim::Iat => once(&mut claims.iat, &mut map)?,
                Claim::Iss => once(&mut claims.iss, &mut map)?,
                Claim::Aud => once(&mut claims.aud, &mut map)?,
                Claim::Sub => once(&mut claims.sub, &mut map)?,
                Claim::Email => once(&mut claims.email, &mut map)?,
                Claim::Name => once(&mut claims.name, &mut map)?,
                Claim::Skipped(bits) => {
                    claims.present |= bits;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a claim into its place, which nothing may have been read into before.
fn once<'de, T: FromClaim<'de>, A: MapAccess<'de>>(
    place: &mut T,
    map: &mut A,
) -> Result<(), A::Error> {
    if !place.is_absent() {
        return Err(A::Error::custom("a claim stands there twice"));
    }
    *place = T::read(map)?;
    Ok(())
}

trait FromClaim<'de>: Sized {
    fn is_absent(&self) -> bool;
    fn read<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error>;
}

/// A NumericDate (RFC 7519 section 2), in seconds; any type but a number is an error.
impl<'de> FromClaim<'de> for Option<f64> {
    fn is_absent(&self) -> bool {
        self.is_none()
    }

    fn read<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        // Not `Option::<f64>`, which would take null for a claim that is absent.
        map.next_value::<f64>().map(Some)
    }
}

impl<'de> FromClaim<'de> for ClaimValue<'de> {
    fn is_absent(&self) -> bool {
        *self == ClaimValue::Absent
    }

    fn read<A: MapAccess<'de>>(map: &mut A) -> Result<Self, A::Error> {
        map.next_value()
    }
}
