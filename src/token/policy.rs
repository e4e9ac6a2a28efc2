use std::{borrow::Cow, time::Duration};

use super::{
    TokenError,
    claims::Claims,
    header::Header,
    printable::{has_no_control, is_visible},
};
use crate::{json::Value, user::Identity};

/// The end of the year 9999. A later `exp` is a mistake, of milliseconds for seconds say.
const END_OF_9999: f64 = 253_402_300_800.0;

/// In bytes; what OpenID Connect Core section 2 allows.
const LONGEST_SUBJECT: usize = 255;

/// What a token must say to be accepted. What is configured is also required.
#[derive(Clone, Debug, Default)]
pub(crate) struct Policy {
    pub(crate) issuer: Option<String>,
    /// A token must be meant for one of these.
    pub(crate) audiences: Vec<String>,
    pub(crate) any_audience: bool,
    pub(crate) leeway: Duration,
    pub(crate) email_optional: bool,
    /// Accepted beside the usual kinds of access token.
    pub(crate) types: Vec<String>,
}

impl Policy {
    /// Whether the header is one of an access token (RFC 8725 section 3.11, RFC 9068 section 4).
    #[inline]
    pub(crate) fn check_header(&self, header: &Header<'_>) -> Result<(), TokenError> {
        let is_access_token = header.typ.as_deref().is_none_or(|typ| {
            ["JWT", "at+jwt", "application/at+jwt"]
                .into_iter()
                .chain(self.types.iter().map(String::as_str))
                .any(|accepted| typ.eq_ignore_ascii_case(accepted))
        });
        // A JWT inside of the JWT (RFC 7519 section 5.2).
        let is_nested = header.cty.as_deref().is_some_and(|cty| {
            ["JWT", "application/jwt"]
                .into_iter()
                .any(|nested| cty.eq_ignore_ascii_case(nested))
        });
        if is_access_token && !is_nested {
            Ok(())
        } else {
            Err(TokenError::TokenType)
        }
    }

    /// Whether the claims hold `now`, in seconds since the epoch, and whom they name.
    #[inline]
    pub(crate) fn check_claims<'a>(
        &self,
        claims: &'a Claims<'_>,
        now: u64,
    ) -> Result<Identity<'a>, TokenError> {
        if claims.is_session_data() {
            return Err(TokenError::TokenType);
        }
        if claims.is_bound() {
            return Err(TokenError::BoundToken);
        }
        let expires_at = self.check_times(claims, now)?;
        let issuer = self.check_issuer(&claims.iss)?;
        self.check_audience(&claims.aud)?;
        Ok(Identity {
            user_id: subject(&claims.sub)?,
            email: self.email(&claims.email)?,
            name: name(&claims.name)?,
            expires_at: Some(expires_at),
            issuer,
        })
    }

    /// RFC 7519 sections 4.1.4 to 4.1.6. Returns `exp`.
    #[inline]
    fn check_times(&self, claims: &Claims<'_>, now: u64) -> Result<f64, TokenError> {
        let exp = claims.exp.ok_or(TokenError::Claims)?;
        let is_expiry = exp > 0.0 && exp < END_OF_9999;
        let is_time = |time| (0.0..=f64::MAX).contains(&time);
        if !(is_expiry && claims.nbf.is_none_or(is_time) && claims.iat.is_none_or(is_time)) {
            return Err(TokenError::Claims);
        }
        if self.has_expired(exp, now) {
            return Err(TokenError::Expired);
        }
        // Whole seconds up to the year 9999 are exact in an `f64`.
        let latest = now as f64 + self.leeway.as_secs_f64();
        if claims.nbf.is_some_and(|nbf| latest < nbf) {
            return Err(TokenError::NotYetValid);
        }
        Ok(exp)
    }

    #[inline]
    pub(super) fn has_expired(&self, exp: f64, now: u64) -> bool {
        now as f64 >= exp + self.leeway.as_secs_f64()
    }

    /// Returns the issuer, if one is configured.
    #[inline]
    fn check_issuer<'a>(&self, iss: &'a Value<'_>) -> Result<Option<&'a str>, TokenError> {
        match (&self.issuer, iss) {
            (Some(issuer), Value::Text(iss)) if iss == issuer => Ok(Some(iss)),
            (None, Value::Absent | Value::Text(_)) => Ok(None),
            _ => Err(TokenError::Issuer),
        }
    }

    #[inline]
    fn check_audience(&self, aud: &Value<'_>) -> Result<(), TokenError> {
        let is_ours = |aud: &Cow<'_, str>| self.audiences.iter().any(|ours| ours == aud);
        let matches = match aud {
            Value::Absent => self.audiences.is_empty(),
            Value::Text(_) | Value::Texts(_) if self.any_audience => true,
            Value::Text(_) | Value::Texts(_) if self.audiences.is_empty() => {
                return Err(TokenError::AudienceNotConfigured);
            }
            Value::Text(aud) => is_ours(aud),
            Value::Texts(auds) => auds.iter().any(is_ours),
            Value::Null | Value::Other => false,
        };
        matches.then_some(()).ok_or(TokenError::Audience)
    }

    #[inline]
    fn email<'a>(&self, email: &'a Value<'a>) -> Result<&'a str, TokenError> {
        match email {
            Value::Text(email)
                if has_no_control(email) && (self.email_optional || !email.is_empty()) =>
            {
                Ok(email)
            }
            Value::Absent | Value::Null if self.email_optional => Ok(""),
            _ => Err(TokenError::User),
        }
    }
}

#[inline]
fn subject<'a>(sub: &'a Value<'a>) -> Result<&'a str, TokenError> {
    match sub {
        Value::Text(sub) if sub.len() <= LONGEST_SUBJECT && is_visible(sub) => Ok(sub),
        _ => Err(TokenError::Subject),
    }
}

#[inline]
fn name<'a>(name: &'a Value<'a>) -> Result<Option<&'a str>, TokenError> {
    match name {
        Value::Text(name) if has_no_control(name) => Ok(Some(name)),
        Value::Absent | Value::Null => Ok(None),
        _ => Err(TokenError::User),
    }
}
