//! Describes the settings of an issuer; used by `hint` and `explain`.

use super::{extra_claims::ExtraRules, issuer::Issuer, policy::Policy, token_check::TokenCheck};
use crate::user::ClaimName;

/// Returns the configured value of a check, if it has one. `issuer` is the issuer that the token
/// selects.
pub(super) fn describe(
    check: TokenCheck,
    issuers: &[&Issuer],
    issuer: Option<&Issuer>,
    max_token_len: usize,
) -> Option<String> {
    let policy = issuer.map(|issuer| &issuer.policy);
    let extra = policy.and_then(|policy| policy.extra.as_deref());
    Some(match check {
        TokenCheck::Secret | TokenCheck::Header | TokenCheck::Signature => return None,
        TokenCheck::Form => format!("at most {max_token_len} bytes"),
        TokenCheck::IssuerSelection if issuers.len() == 1 => "one issuer".to_owned(),
        TokenCheck::IssuerSelection => {
            let names = issuers.iter().flat_map(|one| one.policy.issuers.texts());
            alternatives(names)
        }
        TokenCheck::Algorithm => algorithms(issuer?),
        TokenCheck::Type => {
            let own = policy?.types.iter().map(String::as_str);
            alternatives(["JWT", "at+jwt"].into_iter().chain(own))
        }
        TokenCheck::Key => format!("the keys {}", keys_origin(issuer?)),
        TokenCheck::Claims => match extra.map(|extra| extra.token_uses) {
            None | Some([]) => return None,
            Some(uses) => format!("token_use {}", alternatives(uses.iter().copied())),
        },
        TokenCheck::Times if policy?.leeway.is_zero() => "no leeway".to_owned(),
        TokenCheck::Times => format!("leeway {} s", policy?.leeway.as_secs_f64()),
        TokenCheck::Issuer if policy?.issuers.is_empty() => "any issuer".to_owned(),
        TokenCheck::Issuer => alternatives(policy?.issuers.texts()),
        TokenCheck::Audience if policy?.any_audience => "any audience".to_owned(),
        TokenCheck::Audience if policy?.audiences.is_empty() => {
            "no audience, so the token must have none".to_owned()
        }
        TokenCheck::Audience => alternatives(policy?.audiences.iter().map(String::as_str)),
        TokenCheck::AuthorizedParty => match extra.map(|extra| &*extra.authorized_parties) {
            None | Some([]) => "any client".to_owned(),
            Some(clients) => alternatives(clients.iter().map(String::as_str)),
        },
        TokenCheck::UserId => {
            let name = claim_name(policy?, |extra| extra.user_id_claim.as_ref(), "sub");
            format!("{name}, at most {} bytes", policy?.max_user_id_len)
        }
        TokenCheck::Email => {
            let name = claim_name(policy?, |extra| extra.email_claim.as_ref(), "email");
            let need = if policy?.email_optional {
                "optional"
            } else {
                "required"
            };
            format!("{name}, {need}")
        }
        TokenCheck::KeyIssuer => alternatives(policy?.issuers.texts()),
        TokenCheck::OwnChecks => format!("{} set with .check(…)", issuer?.checks.len()),
    })
}

fn alternatives<'a>(values: impl Iterator<Item = &'a str>) -> String {
    let quoted: Vec<_> = values.map(|value| format!("{value:?}")).collect();
    quoted.join(" or ")
}

/// Returns the claim that is configured instead of the default one, or the default.
pub(super) fn claim_name(
    policy: &Policy,
    configured: fn(&ExtraRules) -> Option<&ClaimName>,
    default: &str,
) -> String {
    let configured = policy.extra.as_deref().and_then(configured);
    configured.map_or_else(|| default.to_owned(), ToString::to_string)
}

pub(super) fn keys_origin(issuer: &Issuer) -> String {
    #[cfg(feature = "jwks-custom")]
    if let Some(url) = issuer.keys.fetched() {
        return format!("from {}", url.health().url);
    }
    let _ = issuer;
    "that are set on the builder".to_owned()
}

pub(super) fn algorithms(issuer: &Issuer) -> String {
    let names: Vec<String> = issuer.algorithms.iter().map(ToString::to_string).collect();
    names.join(", ")
}
