//! The rules for the header and the claims of an issuer's tokens; used by `issuer`.

use std::{borrow::Cow, time::Duration};

use super::{
    claims::Claims,
    error::TokenError,
    extra_claims::ExtraRules,
    header::Header,
    issuer_names::IssuerNames,
    kind::TokenKind,
    printable::{has_no_control, is_visible},
};
#[cfg(feature = "authenticator")]
use crate::user::CurrentUser;
use crate::{json::ClaimValue, key::Algorithm, user::Identity};

/// The end of the year 9999, in seconds since 1970. A later `exp` is a mistake, for example
/// milliseconds instead of seconds.
pub(super) const END_OF_9999: f64 = 253_402_300_800.0;

const DEFAULT_LEEWAY: Duration = Duration::ZERO;

/// In bytes, as in OpenID Connect Core section 2.
pub(crate) const DEFAULT_MAX_USER_ID_LEN: usize = 255;

/// The requirements for a token. Each configured claim is required.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) issuers: IssuerNames,
    /// The accepted audiences; a token must name at least one of them.
    pub(crate) audiences: Vec<String>,
    pub(crate) any_audience: bool,
    pub(crate) leeway: Duration,
    pub(crate) email_optional: bool,
    /// In bytes.
    pub(crate) max_user_id_len: usize,
    /// The accepted values of `typ` in addition to `JWT` and `at+jwt`.
    pub(crate) types: Vec<String>,
    pub(crate) kind: TokenKind,
    /// The rules that read further claims, if any is set.
    pub(crate) extra: Option<Box<ExtraRules>>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            issuers: IssuerNames::default(),
            audiences: Vec::new(),
            any_audience: false,
            leeway: DEFAULT_LEEWAY,
            email_optional: false,
            max_user_id_len: DEFAULT_MAX_USER_ID_LEN,
            types: Vec::new(),
            kind: TokenKind::Any,
            extra: None,
        }
    }
}

impl Policy {
    /// Checks that the header is that of an access token (RFC 8725 section 3.11, RFC 9068 section
    /// 4).
    #[inline]
    pub(crate) fn check_header(&self, header: &Header<'_>) -> Result<(), TokenError> {
        let typ = header.typ.as_deref().or(self.kind.missing_type());
        let is_access_token = typ.is_none_or(|typ| {
            self.kind
                .types()
                .iter()
                .copied()
                .chain(self.types.iter().map(String::as_str))
                .any(|accepted| is_same_type(typ, accepted))
        });
        // `cty` marks a nested JWT (RFC 7519 section 5.2).
        let is_nested = { header.cty.as_deref() }.is_some_and(|cty| is_same_type(cty, "JWT"));
        if is_access_token && !is_nested {
            Ok(())
        } else {
            Err(TokenError::TokenType)
        }
    }

    /// Checks the claims that distinguish an access token from other tokens.
    #[inline]
    pub(crate) fn check_kind(&self, json: &str) -> Result<(), TokenError> {
        match self.kind {
            TokenKind::Any => Ok(()),
            kind => kind.check(json),
        }
    }

    /// Reads the claims and replaces `sub` and `email` with the claims that are configured instead.
    #[inline]
    pub(crate) fn read_claims<'a>(&self, json: &'a str) -> Result<Claims<'a>, TokenError> {
        let mut claims = Claims::parse(json)?;
        if let Some(extra) = &self.extra {
            extra.read(&mut claims, self.issuers.tenant_claim(), json)?;
        }
        Ok(claims)
    }

    /// Checks the claims of a token with this algorithm at `now`, in seconds since the epoch.
    /// Returns the user that they identify.
    #[inline]
    pub(crate) fn check_claims<'a>(
        &self,
        claims: &'a Claims<'_>,
        algorithm: Algorithm,
        now: u64,
    ) -> Result<Identity<'a>, TokenError> {
        // Better Auth signs its session data and its links with the shared secret, so they must not
        // be accepted as access tokens. With a public key, these claims have no special meaning.
        if claims.is_session_data() && algorithm.is_hmac() {
            return Err(TokenError::TokenType);
        }
        let extra = self.extra.as_deref().zip(claims.extra.as_deref());
        if let Some((rules, claims)) = extra {
            rules.check_token_use(claims)?;
        }
        // Accepting a bound token as a bearer token would remove the protection that the issuer
        // intended: a thief could use it without the key.
        if claims.is_bound() {
            return Err(TokenError::BoundToken);
        }
        // The first failed check decides the reason. An expired token, which the client can
        // replace, is reported before a wrong issuer or audience, which is usually a configuration
        // error.
        let expires_at = self.check_times(claims, now)?;
        let tenant = extra.map(|(_, claims)| &claims.tenant);
        let issuer = self.issuers.check(&claims.iss, tenant)?;
        self.check_audience(&claims.aud)?;
        if let Some((rules, claims)) = extra {
            rules.check_authorized_party(claims)?;
        }
        Ok(Identity {
            user_id: self.user_id(&claims.sub)?,
            email: match extra {
                Some((_, claims)) if claims.is_service => "",
                _ => self.email(&claims.email)?,
            },
            name: name(&claims.name)?,
            expires_at: Some(expires_at),
            issuer,
        })
    }

    /// Checks `exp`, `nbf`, and `iat` (RFC 7519 sections 4.1.4 to 4.1.6). Returns `exp`.
    #[inline]
    pub(super) fn check_times(&self, claims: &Claims<'_>, now: u64) -> Result<f64, TokenError> {
        let exp = claims.exp.ok_or(TokenError::Claims)?;
        let is_expiry = exp > 0.0 && exp < END_OF_9999;
        // `exp` has an upper limit, so that milliseconds do not make a token valid for millennia. A
        // future `iat` is accepted: RFC 7519 section 4.1.6 defines no rule against it.
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

    #[inline]
    pub(super) fn check_audience(&self, aud: &ClaimValue<'_>) -> Result<(), TokenError> {
        let is_ours = |aud: &Cow<'_, str>| self.audiences.iter().any(|ours| ours == aud);
        let matches = match aud {
            ClaimValue::Absent => self.audiences.is_empty(),
            ClaimValue::Text(_) | ClaimValue::Texts(_) if self.any_audience => true,
            // The token was issued for a service, and nothing shows that it is this one.
            ClaimValue::Text(_) | ClaimValue::Texts(_) if self.audiences.is_empty() => {
                return Err(TokenError::AudienceNotConfigured);
            }
            ClaimValue::Text(aud) => is_ours(aud),
            ClaimValue::Texts(auds) => auds.iter().any(is_ours),
            ClaimValue::Null
            | ClaimValue::Integer(_)
            | ClaimValue::Fraction(_)
            | ClaimValue::Other => false,
        };
        matches.then_some(()).ok_or(TokenError::Audience)
    }

    /// Applies the rules for the user ID, the email address, and the name.
    #[cfg(feature = "authenticator")]
    pub(super) fn check_user(&self, user: &CurrentUser) -> Result<(), TokenError> {
        let text = |text| ClaimValue::Text(Cow::Borrowed(text));
        self.user_id(&text(user.user_id()))?;
        self.email(&text(user.email()))?;
        name(&user.name().map_or(ClaimValue::Absent, text))?;
        Ok(())
    }

    /// Applies the rules for the email address and the name of a token.
    pub(super) fn check_email(&self, claims: &Claims<'_>) -> Result<(), TokenError> {
        if !claims.extra.as_ref().is_some_and(|extra| extra.is_service) {
            self.email(&claims.email)?;
        }
        name(&claims.name).map(drop)
    }

    #[inline(always)]
    pub(super) fn user_id<'a>(&self, sub: &'a ClaimValue<'a>) -> Result<&'a str, TokenError> {
        match sub {
            // A blank ID or an ID with control characters could corrupt logs or match an empty key.
            ClaimValue::Text(sub) if sub.len() <= self.max_user_id_len && is_visible(sub) => {
                Ok(sub)
            }
            _ => Err(TokenError::Subject),
        }
    }

    #[inline(always)]
    pub(super) fn email<'a>(&self, email: &'a ClaimValue<'a>) -> Result<&'a str, TokenError> {
        match email {
            ClaimValue::Text(email)
                if has_no_control(email) && (self.email_optional || !email.is_empty()) =>
            {
                Ok(email)
            }
            ClaimValue::Text(_) => Err(TokenError::User),
            _ if self.email_optional => Ok(""),
            _ => Err(TokenError::User),
        }
    }
}

/// Returns the name. A `name` that is not a string is treated as missing, because it is optional.
#[inline(always)]
fn name<'a>(name: &'a ClaimValue<'a>) -> Result<Option<&'a str>, TokenError> {
    match name {
        ClaimValue::Text(name) if has_no_control(name) => Ok(Some(name)),
        ClaimValue::Text(_) => Err(TokenError::User),
        _ => Ok(None),
    }
}

/// Returns whether this type is that of any JWT, which ID tokens have too.
pub(crate) fn is_plain_jwt(typ: &str) -> bool {
    is_same_type(typ, "JWT")
}

/// Returns whether two media types are equal. The comparison ignores case, and a type without a
/// slash implies `application/` (RFC 7515 section 4.1.9).
fn is_same_type(one: &str, other: &str) -> bool {
    shortened(one).eq_ignore_ascii_case(shortened(other))
}

fn shortened(media_type: &str) -> &str {
    match media_type.split_once('/') {
        Some((tree, name)) if tree.eq_ignore_ascii_case("application") && !name.contains('/') => {
            name
        }
        _ => media_type,
    }
}
