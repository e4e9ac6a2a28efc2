//! Checks the settings; used by `build`.

use super::{
    issuer_settings::IssuerSettings,
    layer_settings::{CLOCK, LayerSettings},
};
use crate::{
    clock::{Clock, check_leeway},
    config_error::Faults,
    key::Algorithm,
    stray::{is_blank, stray_ends},
    token::IssuerNames,
};

/// The algorithms of public keys: all except the HMAC algorithms.
const PUBLIC_ALGORITHMS: [Algorithm; 10] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::ES512,
    Algorithm::EdDSA,
];

impl IssuerSettings {
    pub(super) fn check_policy(&self, faults: &mut Faults) {
        let policy = &self.policy;
        let names = &policy.issuers.exact;
        if names.iter().any(|name| is_blank(name)) {
            faults.add("the issuer is empty; set it to the iss of the tokens, or omit .issuer(…) (from_env: unset BETTER_AUTH_ISSUER)");
        }
        if names
            .iter()
            .any(|name| name.contains("://") && name.contains('{'))
        {
            faults.add("the issuer has a placeholder in braces, which .issuer(…) compares as text; set it with .issuer_template(…)");
        }
        if policy.audiences.iter().any(|audience| is_blank(audience)) {
            faults.add("the audience is empty; set it to the aud of the tokens, or omit .audience(…) (from_env: unset BETTER_AUTH_AUDIENCE)");
        }
        if let Some(problem) = names.iter().find_map(|name| stray_ends(name)) {
            faults.add(format!("the issuer {problem}, unlike the iss of the tokens; correct .issuer(…) (from_env: correct BETTER_AUTH_ISSUER)"));
        }
        if let Some(problem) = policy
            .audiences
            .iter()
            .find_map(|audience| stray_ends(audience))
        {
            faults.add(format!("the audience {problem}, unlike the aud of the tokens; correct .audience(…) (from_env: correct BETTER_AUTH_AUDIENCE)"));
        }
        if policy.any_audience && !policy.audiences.is_empty() {
            faults.add(".audience(…) and .allow_any_audience() are both set; remove one of them");
        }
        let parties = { policy.extra.as_ref() }.map_or(&[][..], |extra| &extra.authorized_parties);
        if parties.iter().any(|party| is_blank(party)) {
            faults.add("the client set with .authorized_party(…) is empty; set it to the azp or client_id of the tokens");
        }
        if let Some(problem) = parties.iter().find_map(|party| stray_ends(party)) {
            faults.add(format!("the client set with .authorized_party(…) {problem}, unlike the azp or client_id of the tokens; correct it"));
        }
        // An invalid origin, whose audience is unknown, has already been reported.
        let needs_audience =
            !self.public_keys.is_empty() && self.origin.is_none() && !self.audience_may_be_missing;
        let is_for_someone = !policy.audiences.is_empty() || !parties.is_empty();
        if needs_audience && !is_for_someone && !policy.any_audience {
            faults.add("public keys are configured without an audience, so tokens for every service of the issuer would be accepted; set .audience(…) to the aud of the tokens for this service or, if they have none, .authorized_party(…) to their azp or client_id; to accept all of them, call .allow_any_audience()");
        }
        if let Err(fault) = check_leeway(policy.leeway) {
            faults.push(fault);
        }
        if policy.max_user_id_len == 0 {
            faults.add("the limit set with .max_user_id_len(…) is 0 bytes, so every user ID is too long; omit the call for the default of 255");
        }
        let has_other_user_id = self
            .user_id_claim
            .as_ref()
            .is_some_and(|claim| claim != "sub" && claim != "/sub");
        let is_addressed = !policy.issuers.is_empty() || !policy.audiences.is_empty();
        if has_other_user_id && !self.secrets.is_empty() && !is_addressed {
            faults.add("the user ID is not read from sub, and neither .issuer(…) nor .audience(…) is set; set one of them, because with a shared secret only the missing sub distinguishes Better Auth's own data from an access token");
        }
        if policy.types.iter().any(String::is_empty) {
            faults.add("the typ set with .accept_typ(…) is empty; omit the call, because tokens without a typ are accepted anyway");
        }
    }
}

impl LayerSettings {
    pub(super) fn check(&self, faults: &mut Faults) {
        if self.max_token_len == 0 {
            faults.add("the limit set with .max_token_len(…) is 0 bytes, so every token is too long; omit the call for the default of 16 KiB");
        }
        let is_quotable = |byte: u8| matches!(byte, b' '..=b'~') && !matches!(byte, b'"' | b'\\');
        let is_quoted = |text: &String| text.bytes().all(is_quotable);
        let challenge = &self.format.challenge;
        if !challenge.realm.as_ref().is_none_or(is_quoted) {
            faults.add("the realm contains a quote, a backslash, or a byte that is neither visible ASCII nor a space; remove it");
        }
        let is_url = |url: &String| {
            is_quoted(url)
                && url
                    .parse::<http::Uri>()
                    .is_ok_and(|url| url.scheme().is_some())
        };
        if !challenge.resource_metadata.as_ref().is_none_or(is_url) {
            faults.add("the URL set with .resource_metadata(…) is not a valid absolute URL; write it in full, for example https://api.example.com/.well-known/oauth-protected-resource");
        }
        if challenge.resource.is_some() && challenge.resource_metadata.is_some() {
            faults.add(".protected_resource(…) and .resource_metadata(…) are both set; remove the latter, because the resource has the URL of its metadata");
        }
        if self.format.problem_json && self.format.custom.is_some() {
            faults.add(".problem_json() and .answer_with(…) are both set; remove one of them");
        }
    }
}

/// Checks the issuers of one layer, the first issuer first.
pub(super) fn check_issuers(issuers: &[IssuerSettings], faults: &mut Faults) {
    let needs_no_same_users = |first: &IssuerSettings| {
        first.has_same_users && !first.policy.issuers.have_several_tenants()
    };
    if issuers.first().is_some_and(needs_no_same_users) {
        faults.add(".same_users() is set on the builder on which .build() is called, which is the first issuer itself; set it on the builder that is passed to .or(…)");
    }
    if issuers.len() < 2 {
        return;
    }
    check_names(issuers, faults);
}

/// Checks the issuers that are added to a layer whose issuers have these names.
pub(super) fn check_added(issuers: &[IssuerSettings], names: &[&IssuerNames], faults: &mut Faults) {
    if names.iter().any(|names| names.is_empty()) {
        faults.add("an issuer is added to a layer whose own issuer has no name; call .issuer(…) on the builder of the layer, because a token's iss selects its keys");
    }
    check_names(issuers, faults);
    let is_taken = |issuer: &IssuerSettings| {
        { names.iter() }.any(|names| names.overlap(&issuer.policy.issuers))
    };
    if issuers.iter().any(is_taken) {
        faults.add("the layer already has an issuer with this name; remove that one first, or set a different .issuer(…)");
    }
    if issuers.iter().any(|issuer| !issuer.sources.is_empty()) {
        faults.add("the added issuer has token sources of its own, which a layer gets only when it is built; use .or(…), or a builder without them");
    }
}

fn check_names(issuers: &[IssuerSettings], faults: &mut Faults) {
    let has_no_name = |issuer: &IssuerSettings| {
        // An invalid origin or template has already been reported.
        let was_given = issuer.origin.is_some() || !issuer.issuer_templates.is_empty();
        issuer.policy.issuers.is_empty() && !was_given
    };
    if issuers.iter().any(has_no_name) {
        faults.add("several issuers are configured, but one has no name; call .issuer(…) on each, because a token's iss selects its keys");
    }
    let overlaps_earlier = |(index, issuer): (usize, &IssuerSettings)| {
        let mut earlier = issuers.iter().take(index);
        earlier.any(|earlier| issuer.policy.issuers.overlap(&earlier.policy.issuers))
    };
    if issuers.iter().enumerate().any(overlaps_earlier) {
        faults.add(
            "two issuers have the same name; merge them, or set a different .issuer(…) on each",
        );
    }
}

/// Checks the layer settings of a builder that was passed to `.or(…)`, which must have none.
///
/// The clock of the layer itself is allowed, because the test kit configures it for every issuer.
pub(super) fn check_other(other: &LayerSettings, clock: &Clock, faults: &mut Faults) {
    let has_effect = |method: &&&str| **method == CLOCK && other.clock.is_same(clock);
    let methods: Vec<&str> = { other.configured_by.iter() }
        .filter(|method| !has_effect(method))
        .copied()
        .collect();
    if !methods.is_empty() {
        let hint = if methods.contains(&CLOCK) {
            " (for issuers of the test kit, share one clock with TestIssuer::with_clock)"
        } else {
            ""
        };
        faults.add(format!(
            "a builder that is passed to .or(…) or Issuers::add has settings of the whole layer: {}; move them to the builder on which .build() is called{hint}",
            methods.join(", ")
        ));
    }
}

/// Returns the default algorithms for these kinds of keys: secrets and public keys.
pub(super) fn default_algorithms(
    (secrets, public): (bool, bool),
) -> impl Iterator<Item = Algorithm> {
    let secret_algorithms = [Algorithm::HS256]
        .into_iter()
        .filter(move |_| secrets || !public);
    secret_algorithms.chain(PUBLIC_ALGORITHMS.into_iter().filter(move |_| public))
}

/// Checks that each kind of key has an algorithm and that each algorithm has a kind of key.
pub(super) fn check_algorithms(algorithms: &[Algorithm], kinds: (bool, bool), faults: &mut Faults) {
    let is_possible = |algorithm: &Algorithm| match kinds {
        (false, true) => !algorithm.is_hmac(),
        (_, false) => algorithm.is_hmac(),
        (true, true) => true,
    };
    if algorithms.is_empty() || !algorithms.iter().all(is_possible) {
        faults.add("the algorithms set with .algorithms(…) do not match the keys: HS256, HS384, and HS512 require a secret, and all others require public keys; omit the call for the default algorithms of the keys");
    } else if kinds == (true, true) {
        let (of_secrets, of_public): (Vec<Algorithm>, Vec<_>) =
            algorithms.iter().partition(|algorithm| algorithm.is_hmac());
        if of_secrets.is_empty() || of_public.is_empty() {
            faults.add("secrets and public keys are configured, but .algorithms(…) lists the algorithms of only one kind; add HS256, HS384, or HS512 for the secrets or an algorithm of the public keys, or remove the unused keys");
        }
    }
}
