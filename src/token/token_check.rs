//! [`TokenCheck`]: the names of the checks; used by `explain`, `failed_check`, and `configured`.

use std::fmt;

/// A check that a token must pass. `Display` returns its name, such as `authorized party`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenCheck {
    /// A secret is configured. Only layers with secrets have this check. With several issuers, or
    /// with public keys as well, it follows [`IssuerSelection`](Self::IssuerSelection).
    Secret,
    /// The token is not too long and has the form of a signed JWT (RFC 7515 section 7.1).
    Form,
    /// The header is JSON with its registered types, and requires neither an extension nor
    /// decryption (RFC 7515 section 4).
    Header,
    /// With several issuers, the unverified `iss` names one of them.
    IssuerSelection,
    /// The `alg` is one that the issuer's tokens may have.
    Algorithm,
    /// The `typ` and the `cty` are those of an access token.
    Type,
    /// The issuer has a key for the `kid` and the `alg`.
    Key,
    /// A key verifies the signature.
    Signature,
    /// The claims are JSON, each appears once, and they are not those of another kind of token.
    Claims,
    /// The token has an `exp`, has not expired, and is valid already.
    Times,
    /// The `iss` is the configured one.
    Issuer,
    /// The `aud` contains a configured audience.
    Audience,
    /// The token was issued to a configured client.
    AuthorizedParty,
    /// The user ID is present and can be used.
    UserId,
    /// The email address is present unless it is optional, and neither it nor the name contains a
    /// control character.
    Email,
    /// The key is published for the tenant of the token. Only issuers with a template have this
    /// check.
    KeyIssuer,
    /// The functions set with [`check`](crate::JwtAuthBuilder::check) accept the user.
    OwnChecks,
}

impl fmt::Display for TokenCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Secret => "secret",
            Self::Form => "form",
            Self::Header => "header",
            Self::IssuerSelection => "issuer selection",
            Self::Algorithm => "algorithm",
            Self::Type => "type",
            Self::Key => "key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Times => "times",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::AuthorizedParty => "authorized party",
            Self::UserId => "user ID",
            Self::Email => "email",
            Self::KeyIssuer => "issuer of the key",
            Self::OwnChecks => "own checks",
        })
    }
}
