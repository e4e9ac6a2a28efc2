//! [`TokenKind`]: the types and claims that distinguish an access token from an ID token; used by
//! `policy`.

use serde::Deserialize;

use super::error::TokenError;
use crate::json::ClaimValue;

const ACCESS_TOKEN: &str = "at+jwt";

/// The kind of tokens that a policy accepts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// JWTs that are used as bearer tokens, including ID tokens.
    #[default]
    Any,
    /// Access tokens for a protected resource (RFC 9068).
    AccessToken,
    /// Access tokens for a protected resource from an issuer that does not follow RFC 9068.
    PlainAccessToken,
}

impl TokenKind {
    /// Returns the accepted values of `typ`.
    #[inline]
    pub(super) fn types(self) -> &'static [&'static str] {
        match self {
            Self::Any | Self::PlainAccessToken => &["JWT", ACCESS_TOKEN],
            Self::AccessToken => &[ACCESS_TOKEN],
        }
    }

    /// Returns the type of a token without `typ`, or `None` if such a token is accepted.
    #[inline]
    pub(super) fn missing_type(self) -> Option<&'static str> {
        match self {
            Self::Any | Self::PlainAccessToken => None,
            // A missing type means `JWT` (RFC 7519 section 5.1).
            Self::AccessToken => Some("JWT"),
        }
    }

    /// # Errors
    ///
    /// [`TokenError::TokenType`] for an ID token, [`TokenError::Claims`] for an access token without
    /// a required claim.
    #[cold]
    pub(super) fn check(self, json: &str) -> Result<(), TokenError> {
        let claims: KindClaims<'_> = serde_json::from_str(json).map_err(|_| TokenError::Claims)?;
        if self == Self::PlainAccessToken && claims.are_of_id_token() {
            return Err(TokenError::TokenType);
        }
        if self == Self::AccessToken && claims.missing().is_some() {
            return Err(TokenError::Claims);
        }
        Ok(())
    }
}

/// Describes why the claims are not those of an access token, and the fix.
pub(super) fn describe(json: &str, error: TokenError) -> String {
    if error == TokenError::TokenType {
        return "nonce, at_hash, or c_hash is set, as in ID tokens; change the client to send the access token".to_owned();
    }
    let claims = serde_json::from_str(json).ok();
    match claims.and_then(|claims: KindClaims<'_>| claims.missing()) {
        Some(name) => format!(
            "{name} is required (RFC 9068 section 2.2), but missing; configure the issuer to add it, or call .allow_plain_jwt()"
        ),
        None => "a claim that the layer reads is duplicated".to_owned(),
    }
}

/// The claims of RFC 9068 section 2.2 that are not required anyway, and those of ID tokens.
#[derive(Deserialize)]
struct KindClaims<'a> {
    #[serde(borrow, default)]
    iss: ClaimValue<'a>,
    #[serde(borrow, default)]
    client_id: ClaimValue<'a>,
    #[serde(borrow, default)]
    jti: ClaimValue<'a>,
    #[serde(borrow, default)]
    iat: ClaimValue<'a>,
    /// OpenID Connect Core section 2.
    #[serde(borrow, default)]
    nonce: ClaimValue<'a>,
    /// OpenID Connect Core section 3.1.3.6.
    #[serde(borrow, default)]
    at_hash: ClaimValue<'a>,
    /// OpenID Connect Core section 3.3.2.11.
    #[serde(borrow, default)]
    c_hash: ClaimValue<'a>,
}

impl KindClaims<'_> {
    fn are_of_id_token(&self) -> bool {
        let is_present = |claim: &ClaimValue<'_>| !matches!(claim, ClaimValue::Absent);
        [&self.nonce, &self.at_hash, &self.c_hash]
            .into_iter()
            .any(is_present)
    }

    fn missing(&self) -> Option<&'static str> {
        let is_text =
            |claim: &ClaimValue<'_>| matches!(claim, ClaimValue::Text(text) if !text.is_empty());
        [
            ("iss", is_text(&self.iss)),
            ("client_id", is_text(&self.client_id)),
            ("jti", is_text(&self.jti)),
            // Other types than numbers have already been rejected.
            ("iat", !matches!(self.iat, ClaimValue::Absent)),
        ]
        .into_iter()
        .find_map(|(name, is_present)| (!is_present).then_some(name))
    }
}
