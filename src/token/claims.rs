//! The registered claims (RFC 7519 section 4.1) and the claims that identify the user; checked by
//! `policy`.

use std::{fmt, mem};

use serde::{
    Deserializer,
    de::{Error, IgnoredAny, MapAccess, Visitor},
};

use super::error::TokenError;
use crate::{
    json::{ClaimValue, Name},
    nesting,
};

/// The claims of a token, read in one pass and not yet checked. All other claims are skipped.
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
    /// The claims that the policy's extra rules have read.
    pub(crate) extra: Option<Box<ExtraClaims<'a>>>,
    /// Bits for the claims whose presence matters but whose values do not.
    present: u8,
}

/// `session` or `updateTo`, from Better Auth's session data and links, which Better Auth signs with
/// the same secret.
const SESSION: u8 = 1;

/// `cnf` (RFC 7800 section 3.1).
const CONFIRMATION: u8 = 1 << 1;

/// The claims that the extra rules of a policy read.
#[derive(Default)]
pub(crate) struct ExtraClaims<'a> {
    /// The claim that must equal the tenant in `iss`.
    pub(crate) tenant: ClaimValue<'a>,
    /// `azp` or `client_id`.
    pub(crate) authorized_party: ClaimValue<'a>,
    pub(super) token_use: ClaimValue<'a>,
    /// Whether `sub` is the name of a service.
    pub(crate) is_service: bool,
}

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

    /// Returns whether the token is session data or a link from Better Auth.
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
    /// A claim with a skipped value; the bits record its presence.
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

/// Reads the claims in place, which avoids moving them.
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
                Claim::Exp => read_once(&mut claims.exp, &mut map)?,
                Claim::Nbf => read_once(&mut claims.nbf, &mut map)?,
                Claim::Iat => read_once(&mut claims.iat, &mut map)?,
                Claim::Iss => read_once(&mut claims.iss, &mut map)?,
                Claim::Aud => read_once(&mut claims.aud, &mut map)?,
                Claim::Sub => read_once(&mut claims.sub, &mut map)?,
                Claim::Email => read_once(&mut claims.email, &mut map)?,
                Claim::Name => read_once(&mut claims.name, &mut map)?,
                Claim::Skipped(bits) => {
                    claims.present |= bits;
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Reads a claim; fails if it is duplicated.
fn read_once<'de, T: FromClaim<'de>, A: MapAccess<'de>>(
    place: &mut T,
    map: &mut A,
) -> Result<(), A::Error> {
    if !place.is_absent() {
        return Err(A::Error::custom("duplicate claim"));
    }
    // The old value is known to be absent, so there is nothing to drop.
    mem::forget(mem::replace(place, T::read(map)?));
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
        // `Option::<f64>` would accept null as a missing claim.
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
