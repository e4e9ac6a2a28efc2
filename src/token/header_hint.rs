//! Suggests a configuration change if the cause is in a token's header instead of its claims; used
//! by `hint`. A suggestion contains nothing from the token except the name of a known algorithm.

use serde::{Deserialize, de::IgnoredAny};

use super::{
    compact::{Compact, INLINE_HEADER_LEN},
    error::TokenError,
    header::Header,
    issuer::Issuer,
    kind::TokenKind,
    policy::is_plain_jwt,
};
use crate::key::{Algorithm, Keys};

/// Returns a suggestion for an error in the header or the signature. `now` is in seconds since the
/// epoch. The token is unverified.
pub(super) fn suggest(
    issuer: &Issuer,
    compact: &Compact<'_>,
    error: TokenError,
    now: u64,
) -> Option<String> {
    let mut buffer = [0; INLINE_HEADER_LEN];
    let json = compact.decode_header(&mut buffer).ok()?;
    let header = Header::read(&json).ok()?;
    match error {
        TokenError::Algorithm => unlisted_hmac(issuer, header.alg?),
        TokenError::TokenType => other_type(issuer, &header),
        TokenError::UnknownKey => {
            let algorithm = header.alg?;
            let keys = issuer.keys.source_for(Some(algorithm)).current(now);
            other_algorithm(&keys, header.kid.as_deref(), algorithm)
        }
        TokenError::Signature => is_for_graph(&json).then(|| {
            "the header has a nonce, as in access tokens for Microsoft Graph, which only Graph can verify; the client must request a scope of your own API".to_owned()
        }),
        _ => None,
    }
}

/// Suggests a change for a token that is not a JWT.
pub(super) fn about_form(
    issuers: &[&Issuer],
    token: &[u8],
    error: TokenError,
) -> Option<&'static str> {
    let is_resource = issuers.iter().any(|it| it.policy.kind != TokenKind::Any);
    match error {
        TokenError::OpaqueSessionToken if is_resource => Some(
            "the client requested no token for this resource, so the authorization server issued an opaque one: the client must send the parameter resource (RFC 8707), to which Better Auth responds with a JWT",
        ),
        TokenError::OpaqueSessionToken => Some(
            "call .sessions(…) (feature `sessions`), and .raw_tokens() if the token has no MAC; or change the client to send the JWT from authClient.token() of the jwt() plugin, or from the endpoint that issues your HS256 tokens",
        ),
        TokenError::Malformed if is_padded_jwt(token) => Some(
            "its base64url has padding (=), as in the tokens of AWS's Application Load Balancer, which are not supported; behind that load balancer, verify the token in x-amzn-oidc-accesstoken instead; otherwise, configure the issuer to sign tokens without padding (RFC 7515 section 2)",
        ),
        TokenError::Malformed => Some(
            "send the token itself after a single `Bearer`, without quotes, and not the text `undefined`",
        ),
        _ => None,
    }
}

/// Returns whether a malformed token has the three parts of a JWT, with padding.
fn is_padded_jwt(token: &[u8]) -> bool {
    token.contains(&b'=') && token.iter().filter(|&&byte| byte == b'.').count() == 2
}

/// Suggests a change if a resource accepts only `at+jwt`, but the token has the type of any JWT.
fn other_type(issuer: &Issuer, header: &Header<'_>) -> Option<String> {
    let policy = &issuer.policy;
    let is_plain_jwt = { header.typ.as_deref() }.is_none_or(is_plain_jwt);
    let is_rejected = policy.kind == TokenKind::AccessToken && policy.check_header(header).is_err();
    (is_plain_jwt && is_rejected).then(|| {
        "the type must be at+jwt (RFC 9068), but is JWT or missing: the client sent an ID token, or the issuer does not follow RFC 9068; in the latter case, call .allow_plain_jwt()".to_owned()
    })
}

/// Suggests listing the token's HMAC algorithm if the issuer has secrets.
fn unlisted_hmac(issuer: &Issuer, algorithm: Algorithm) -> Option<String> {
    let has_secrets = { issuer.algorithms.iter() }.any(|algorithm| algorithm.is_hmac());
    (has_secrets && algorithm.is_hmac()).then(|| {
        format!(
            "to accept {algorithm}, add Algorithm::{algorithm} to the list of all accepted algorithms, .algorithms([…]), with a secret of at least {} bytes",
            algorithm.min_secret_len()
        )
    })
}

/// Suggests a change if the key with the token's `kid` exists but is not used with the token's
/// algorithm.
fn other_algorithm(keys: &Keys, key_id: Option<&str>, algorithm: Algorithm) -> Option<String> {
    let Keys::Public(set) = keys else { return None };
    let mut named = { set.keys().iter() }
        .filter(|key| key_id.is_none() || key.key_id().is_none() || key.key_id() == key_id)
        .peekable();
    named.peek()?;
    let may_be_listed = named.any(|key| !key.for_more_algorithms(&[algorithm]).is_empty());
    Some(if may_be_listed {
        format!(
            "the issuer's key names no algorithm, so it is used only with the default algorithm of its type; to accept {algorithm}, add Algorithm::{algorithm} to the list of all accepted algorithms, .algorithms([…])"
        )
    } else {
        format!(
            "the issuer publishes the key, but not for {algorithm}; configure the issuer to sign with the algorithm of its key"
        )
    })
}

/// Returns whether the header has the `nonce` of a token for Microsoft Graph.
fn is_for_graph(json: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Graph {
        nonce: Option<IgnoredAny>,
    }

    serde_json::from_slice(json).is_ok_and(|header: Graph| header.nonce.is_some())
}
