//! Suggests a configuration change that would make tokens like the rejected one valid; used for the
//! log and by `explain`.
//!
//! A hint contains configured values and the kind of difference, but no value from the token.

use std::fmt::Write;

use super::{
    claims::Claims,
    compact::{Compact, INLINE_CLAIMS_LEN, INLINE_HEADER_LEN},
    configured::{algorithms, claim_name, keys_origin},
    difference,
    error::TokenError,
    extra_claims::is_of_service,
    header::Header,
    issuer::Issuer,
    kind::TokenKind,
    policy::{END_OF_9999, Policy},
};
use crate::json::ClaimValue;

/// In seconds since 1970. No current token expires before this time, but an `exp` that contains a
/// lifetime looks as if it did.
const START_OF_2000: f64 = 946_684_800.0;

/// A hint for the log.
pub(crate) struct Hint {
    pub(crate) text: String,
    /// Whether the signature is valid. If it is, the configuration is nearly always wrong;
    /// otherwise, the token may come from anyone.
    #[cfg_attr(not(feature = "tracing"), expect(dead_code))]
    pub(crate) is_verified: bool,
}

/// Returns whether there may be a hint for this error. The messages of all other errors name the
/// fix.
#[cfg(feature = "tracing")]
pub(crate) fn has_hint(error: TokenError) -> bool {
    matches!(
        error,
        TokenError::Issuer
            | TokenError::Audience
            | TokenError::AudienceNotConfigured
            | TokenError::User
            | TokenError::Subject
            | TokenError::UnknownKey
            | TokenError::Signature
            | TokenError::Algorithm
            | TokenError::Claims
            | TokenError::Expired
            | TokenError::NotYetValid
            | TokenError::OpaqueSessionToken
            | TokenError::Malformed
            | TokenError::AuthorizedParty
            | TokenError::TokenType
    )
}

/// Suggests a configuration change for a token that was rejected with this error. `now` is in
/// seconds since the epoch.
pub(super) fn suggest(
    issuers: &[&Issuer],
    token: &[u8],
    error: TokenError,
    now: u64,
) -> Option<Hint> {
    if let Some(text) = super::header_hint::about_form(issuers, token, error) {
        return Some(Hint {
            text: text.to_owned(),
            is_verified: false,
        });
    }
    let compact = Compact::split(token).ok()?;
    let mut buffer = [0; INLINE_CLAIMS_LEN];
    let json = compact.decode_payload(&mut buffer).ok()?;
    let issuer = match issuers {
        [only] => only,
        several => {
            let claims = Claims::parse(&json).ok()?;
            let named = |issuer: &&&Issuer| matches!(&claims.iss, ClaimValue::Text(iss) if issuer.is_named(iss));
            match several.iter().find(named) {
                Some(issuer) => issuer,
                None if error == TokenError::Issuer => {
                    return Some(Hint {
                        text: unknown_issuer(several, &claims.iss),
                        is_verified: false,
                    });
                }
                None => return None,
            }
        }
    };
    if let Some(text) = super::header_hint::suggest(issuer, &compact, error, now) {
        let is_verified = false;
        return Some(Hint { text, is_verified });
    }
    let policy = &issuer.policy;
    let claims = match policy.read_claims(&json) {
        Ok(claims) => claims,
        Err(problem) => {
            let text = match problem {
                TokenError::Subject => {
                    "the prefix `service:` is reserved for services, because .allow_services() is set, but a user's ID has it; configure the issuer to use other user IDs, or remove the call"
                }
                _ => {
                    "exp, nbf, and iat must be numbers, and no claim that the layer reads may be duplicated"
                }
            };
            return (error == problem).then(|| Hint {
                text: text.to_owned(),
                is_verified: true,
            });
        }
    };
    let (text, is_verified) = match error {
        TokenError::TokenType | TokenError::Claims if policy.check_kind(&json) == Err(error) => {
            (super::kind::describe(&json, error), true)
        }
        // With several issuers, this error may occur before the signature is checked, because the
        // token was found in a source of another issuer.
        TokenError::Issuer => (wrong_issuer(policy, &claims), issuers.len() == 1),
        // Any client of the issuer can get a token for another resource, so the advice must not be to
        // accept its audience.
        TokenError::Audience if policy.kind != TokenKind::Any => (
            format!(
                "{}; the client used a token for another resource or, if the tokens of all clients are rejected, the authorization server gives this resource another name",
                expected("aud", &policy.audiences, &claims.aud)
            ),
            true,
        ),
        TokenError::Audience => (
            required("aud", &policy.audiences, &claims.aud, ".audience(…)"),
            true,
        ),
        TokenError::AudienceNotConfigured if claims.aud == ClaimValue::Texts(Vec::new()) => (
            "aud is an empty list, which names no audience; configure the issuer to name this service, or call .allow_any_audience()".to_owned(),
            true,
        ),
        TokenError::AudienceNotConfigured => (
            "aud is set, but no audience is configured; call .audience(…) (from_env: set BETTER_AUTH_AUDIENCE) or .allow_any_audience()".to_owned(),
            true,
        ),
        TokenError::TokenType => {
            let (rules, claims) = (policy.extra.as_ref()?, claims.extra.as_ref()?);
            let is_use = has_accepted_header(policy, &compact) && rules.check_token_use(claims).is_err();
            let uses = is_use.then(|| rules.token_uses.join(" or "))?;
            let either = if rules.token_uses.len() == 1 { ", or pass CognitoToken::Either to accept both kinds" } else { "" };
            (format!("token_use must be {uses}, but the client sent another token of Amazon Cognito; change the client to send the {uses} token{either}"), true)
        }
        TokenError::AuthorizedParty => {
            let (rules, claims) = (policy.extra.as_ref()?, claims.extra.as_ref()?);
            let name = if rules.id_tokens_name_client_in_aud {
                "the client (client_id in an access token, aud in an ID token)"
            } else {
                "azp (or client_id, if there is no azp)"
            };
            let text = required(
                name,
                &rules.authorized_parties,
                &claims.authorized_party,
                ".authorized_party(…)",
            );
            (text, true)
        }
        TokenError::User => {
            let name = claim_name(policy, |extra| extra.email_claim.as_ref(), "email");
            let problem = match policy.email(&claims.email) {
                Ok(_) => return Some(Hint { text: "name contains a control character; configure the issuer to remove it".to_owned(), is_verified: true }),
                Err(_) => problem(&claims.email),
            };
            (format!("{name} is required, but {problem}; configure the issuer to add it, set another claim with .email_claim(…), or call .email_optional()"), true)
        }
        TokenError::Subject if matches!(claims.sub, ClaimValue::Integer(_)) => (
            "sub is an integer; call .user_id_claim(\"sub\") to accept integers".to_owned(),
            true,
        ),
        TokenError::Subject if !policy.extra.as_ref().is_some_and(|extra| extra.allow_services) && is_of_service(&claims, &json) => (
            "the tokens belong to a service and name no user; call .allow_services() to accept the service tokens of Cloudflare Access".to_owned(),
            true,
        ),
        TokenError::Subject => {
            let name = claim_name(policy, |extra| extra.user_id_claim.as_ref(), "sub");
            let problem = problem(&claims.sub);
            (format!("{name} is required as the user ID, but {problem}; configure the issuer to add it (in Keycloak, with the client scope `basic`), or set another claim with .user_id_claim(…)"), true)
        }
        TokenError::UnknownKey => (
            format!("the layer uses the keys {}; check that they are the keys of the issuer that signs these tokens", keys_origin(issuer)),
            false,
        ),
        TokenError::Signature if has_secrets_only(issuer) => (
            "the issuer signs with a different secret; set exactly the same text on both sides, without decoding base64 and without quotes; if the issuer decodes its secret from base64, pass the decoded bytes as Secret::from_bytes(…)".to_owned(),
            false,
        ),
        TokenError::Signature => (
            format!("the layer uses the keys {}; check that the issuer signs with one of them", keys_origin(issuer)),
            false,
        ),
        TokenError::Algorithm => (
            format!("the layer accepts {}; {}", algorithms(issuer), other_algorithms_advice(issuer)),
            false,
        ),
        // These errors occur only after the signature has been verified.
        _ => (wrong_time(&claims, error)?.to_owned(), true),
    };
    Some(Hint { text, is_verified })
}

/// Returns the problem with the time that causes this error, if it is not a time in seconds since
/// 1970.
pub(super) fn wrong_time(claims: &Claims<'_>, error: TokenError) -> Option<&'static str> {
    if error == TokenError::Claims && claims.exp.is_none() {
        return Some("exp is required, but the token has none");
    }
    let is_past_9999 = |time: Option<f64>| time.is_some_and(|time| time >= END_OF_9999);
    match error {
        TokenError::Claims if is_past_9999(claims.exp) => Some(
            "exp is after the year 9999; it must be in seconds since 1970 but is probably in milliseconds",
        ),
        TokenError::NotYetValid if is_past_9999(claims.nbf) => Some(
            "nbf is after the year 9999; it must be in seconds since 1970 but is probably in milliseconds",
        ),
        TokenError::Claims | TokenError::Expired if claims.exp? < START_OF_2000 => Some(
            "exp is before the year 2000; it must be a time in seconds since 1970, not a lifetime",
        ),
        _ => None,
    }
}

/// Returns whether the header is acceptable, in which case a claim caused the error. Errors about
/// claims occur only after the signature has been verified.
fn has_accepted_header(policy: &Policy, compact: &Compact<'_>) -> bool {
    let mut buffer = [0; INLINE_HEADER_LEN];
    let Ok(json) = compact.decode_header(&mut buffer) else {
        return false;
    };
    Header::parse(&json).is_ok_and(|header| policy.check_header(&header).is_ok())
}

/// Names the accepted issuers or, if `iss` is one of them, the actual problem.
fn wrong_issuer(policy: &Policy, claims: &Claims<'_>) -> String {
    let names = &policy.issuers;
    let is_accepted = matches!(&claims.iss, ClaimValue::Text(iss) if names.include(iss));
    match names.tenant_claim() {
        Some(claim) if is_accepted => format!(
            "iss is accepted, but {claim} is not the tenant in it, or the key set lists the key for another issuer"
        ),
        None if is_accepted => {
            "iss is accepted, but only in the token sources of its issuer; send the token there"
                .to_owned()
        }
        _ if matches!(&claims.iss, ClaimValue::Text(iss) if names.is_of_unlisted_tenant(iss)) => {
            "the tenant in iss is not one of those set with .tenants([…])".to_owned()
        }
        _ => {
            let configured: Vec<String> = names.texts().map(str::to_owned).collect();
            let method = if names.tenant_claim().is_some() {
                ".issuer(…) or .issuer_template(…)"
            } else {
                ".issuer(…)"
            };
            required("iss", &configured, &claims.iss, method)
        }
    }
}

fn unknown_issuer(issuers: &[&Issuer], iss: &ClaimValue<'_>) -> String {
    let names: Vec<String> = issuers
        .iter()
        .flat_map(|issuer| issuer.policy.issuers.texts())
        .map(str::to_owned)
        .collect();
    format!(
        "{}; .or(…) and Issuers::add accept another issuer",
        expected("iss", &names, iss)
    )
}

fn required(name: &str, configured: &[String], claim: &ClaimValue<'_>, method: &str) -> String {
    let expected = expected(name, configured, claim);
    format!("{expected}; {method} sets the expected value")
}

fn expected(name: &str, configured: &[String], claim: &ClaimValue<'_>) -> String {
    let difference = difference::of_claim(configured, claim);
    let mut text = format!("{name} must be ");
    for (index, value) in configured.iter().enumerate() {
        let separator = if index == 0 { "" } else { " or " };
        let _ = write!(text, "{separator}{value:?}");
    }
    let _ = write!(text, ", but {difference}");
    text
}

fn problem(claim: &ClaimValue<'_>) -> &'static str {
    match claim {
        ClaimValue::Absent => "the token has none",
        ClaimValue::Null => "the token's value is null",
        ClaimValue::Text(text) if text.trim().is_empty() => "the token's value is blank",
        ClaimValue::Text(_) => "the token's value is too long or contains a control character",
        ClaimValue::Texts(_)
        | ClaimValue::Integer(_)
        | ClaimValue::Fraction(_)
        | ClaimValue::Other => "the token's value is not a string",
    }
}

fn has_secrets_only(issuer: &Issuer) -> bool {
    let mut algorithms = issuer.algorithms.iter();
    algorithms.all(|algorithm| algorithm.is_hmac())
}

fn other_algorithms_advice(issuer: &Issuer) -> &'static str {
    if has_secrets_only(issuer) {
        "for tokens that are signed with a private key, such as those of Better Auth's jwt() plugin, use JwtAuthLayer::better_auth(…) or .jwks_url(…)"
    } else {
        "for tokens that are signed with a shared secret, use .secret_from_env(…); for other algorithms of the same keys, use .algorithms([…])"
    }
}
