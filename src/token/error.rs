//! [`TokenError`]: the reasons why a token is rejected.

/// Error returned if a token is rejected or cannot be verified.
///
/// [`reason`](TokenError::reason) returns a stable code for logs and metrics. `Display` is written
/// for the operator and names the fix if the configuration is the likely cause. Neither contains
/// any part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The token is longer than the layer's limit (16 KiB by default).
    #[error("the token is longer than the limit; .max_token_len(…) sets the limit")]
    TooLong,
    /// An opaque token instead of a JWT, in the form of Better Auth's session tokens:
    /// `<id>.<signature>`, or the ID alone.
    #[error(
        "the client sent an opaque token, such as a session token of Better Auth, where a JWT is required; accept sessions with .sessions(…), or let the client get a JWT from /api/auth/token"
    )]
    OpaqueSessionToken,
    /// Not a JWS in compact serialization: three parts of strict base64url (RFC 7515 section 7.1).
    #[error("the token is not three dot-separated parts of base64url without padding")]
    Malformed,
    /// A JWE, which is encrypted (RFC 7516): it has five parts, or its header has `enc`.
    #[error(
        "the token is encrypted (JWE), and only signed tokens (JWS) are accepted; configure the issuer to sign access tokens without encrypting them; Auth0 encrypts them if the client requests no audience"
    )]
    Encrypted,
    /// The protected header is not valid JSON, or a member has the wrong type (RFC 7515 section
    /// 4.1).
    #[error("the header is not a JSON object whose members have their registered types")]
    Header,
    /// The `alg` of the header is not the algorithm of a configured key (RFC 7515 section 4.1.1).
    #[error("the header's alg is not the algorithm of a configured key")]
    Algorithm,
    /// The header requires an extension with `crit` or `b64`; no extension is supported (RFC 7515
    /// section 4.1.11).
    #[error("the header has crit or b64; no extension is supported")]
    CriticalHeader,
    /// A JWT that is not an access token, according to its `typ` or `cty` (RFC 8725 section 3.11),
    /// or to claims that only Better Auth's session data has.
    #[error(
        "the typ, the cty, or a claim such as token_use shows that the JWT is not of an accepted kind; to accept its typ, call .accept_typ(…)"
    )]
    TokenType,
    /// The issuer's set has no key with the token's `kid` (RFC 7515 section 4.1.4) and `alg`.
    #[error("no key of the issuer's set has the token's kid and alg")]
    UnknownKey,
    /// No configured key verifies the signature.
    #[error(
        "the signature does not verify with any configured key; configure the keys of the issuer that signs the tokens"
    )]
    Signature,
    /// The claims are not a JSON object; `exp` is missing; `exp`, `nbf`, or `iat` is not a number
    /// in range (RFC 7519 section 4.1); or a claim that the layer reads is duplicated: one of
    /// those, `iss`, `aud`, `sub`, `email`, `name`, or a claim that is configured instead. Other
    /// claims, such as `jti`, may have any value.
    #[error(
        "the claims are not a JSON object with exp, nbf, and iat as numbers in range (exp is required) and without duplicates of the claims that the layer reads"
    )]
    Claims,
    /// `exp` is not in the future (RFC 7519 section 4.1.4).
    #[error("the token has expired")]
    Expired,
    /// `nbf` is in the future (RFC 7519 section 4.1.5).
    #[error(
        "the token is not yet valid; check that the clocks agree, or allow for a difference with .leeway(…)"
    )]
    NotYetValid,
    /// `iss` is not the configured issuer (RFC 7519 section 4.1.1).
    #[error("iss does not equal the configured issuer, byte for byte")]
    Issuer,
    /// `aud` does not contain a configured audience (RFC 7519 section 4.1.3), or it is an empty
    /// list. Without a configured audience: `aud` is neither a string nor a list of strings.
    #[error(
        "aud does not contain the configured audience, byte for byte, or is not a string or a list of strings; an empty list names no audience"
    )]
    Audience,
    /// The token has an audience and none is configured, so nothing shows that it was issued for
    /// this service (RFC 7519 section 4.1.3). An empty list also causes this error.
    #[error(
        "the token has an aud, but no audience is configured; call .audience(…) (from_env: set BETTER_AUTH_AUDIENCE) or .allow_any_audience(), which also accepts an empty list"
    )]
    AudienceNotConfigured,
    /// Neither `azp` nor, without it, `client_id` is a configured client.
    #[error(
        "azp (or client_id, if there is no azp) is not a client configured with .authorized_party(…), byte for byte"
    )]
    AuthorizedParty,
    /// `cnf` binds the token to a key or a certificate (RFC 7800 section 3.1), so it is not a
    /// bearer token (RFC 9449 section 7.2, RFC 8705 section 3).
    #[error(
        "the token is bound to a key or certificate (cnf), and a bearer request does not prove possession of it; configure the issuer to issue tokens without DPoP or mTLS to this client"
    )]
    BoundToken,
    /// The user ID (`sub`, or the claim set with
    /// [`user_id_claim`](crate::JwtAuthBuilder::user_id_claim)) is missing, blank, or too long, or
    /// contains a control character, or has the prefix that
    /// [`allow_services`](crate::JwtAuthBuilder::allow_services) reserves.
    #[error(
        "the user ID (sub, or the claim set with .user_id_claim(…)) is missing, blank, not a string, or longer than the limit (255 bytes, or .max_user_id_len(…)), or contains a control character, or has the prefix `service:` although .allow_services() reserves it"
    )]
    Subject,
    /// `email`, or the claim set with [`email_claim`](crate::JwtAuthBuilder::email_claim), is
    /// missing, empty, or not a string; or that claim or `name` contains a control character.
    #[error(
        "email (or the claim set with .email_claim(…)) is missing, empty, or not a string, or the email or the name contains a control character; set another claim with .email_claim(…), or accept tokens without an email with .email_optional()"
    )]
    User,
    /// A rule of the application, set with `.check(…)`, rejected the user.
    #[error("the user was rejected by a rule set with .check(…)")]
    Check,
    /// No secret is configured.
    #[error(
        "no secret is configured; set the environment variable or write the file that the layer is configured to read"
    )]
    NotConfigured,
    /// The token's key is not cached and cannot be fetched: no fetch has succeeded yet, the last
    /// successful one is too old, or the last one failed, so that the key may be a new one.
    #[error("the key is not cached and cannot be fetched; the log reports why")]
    KeysUnavailable,
}

impl TokenError {
    /// Returns a stable code for logs and metrics, such as `expired`.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLong => "too_long",
            Self::OpaqueSessionToken => "opaque_session_token",
            Self::Malformed => "malformed",
            Self::Encrypted => "encrypted",
            Self::Header => "header",
            Self::Algorithm => "algorithm",
            Self::CriticalHeader => "critical_header",
            Self::TokenType => "token_type",
            Self::UnknownKey => "unknown_key",
            Self::Signature => "signature",
            Self::Claims => "claims",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::AudienceNotConfigured => "audience_not_configured",
            Self::AuthorizedParty => "authorized_party",
            Self::BoundToken => "bound_token",
            Self::Subject => "subject",
            Self::User => "user",
            Self::Check => "check",
            Self::NotConfigured => "not_configured",
            Self::KeysUnavailable => "keys_unavailable",
        }
    }
}
