//! Explains a token, and names what does not fit in terms of the setup.
//!
//! The claims are read without a verified signature: an unknown key and a wrong issuer often have
//! the same cause, and only the claims show it. No value from the token is printed.

use std::{
    future::{Future, ready},
    pin::Pin,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;
use tower_jwt_auth::{
    CheckOutcome, JwtAuthLayer, TokenCheck, TokenError,
    jwks::{FetchError, FetchedJwks, JwksFetch},
};
use url::Url;

use super::{
    Report, Settings,
    server::{LEEWAY, is_loopback, now},
};

/// Explains a token with the fetched key set, if there is one.
pub async fn check(settings: &Settings, keys: Option<String>, token: &str, report: &mut Report) {
    let builder = settings.builder().jwks_fetcher(Fetched(keys));
    // The doctor only compares; whether HTTP is allowed is up to the service.
    match builder.allow_http().build() {
        Ok(layer) => {
            // A failure has been reported already.
            let _ = layer.ready().await;
            explain(settings, &layer, token, report);
        }
        Err(error) => report.problem("settings", error.to_string()),
    }
}

/// Returns a key set without another request, which would count for the rate limit.
struct Fetched(Option<String>);

impl JwksFetch for Fetched {
    fn fetch<'a>(
        &'a self,
        _: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<FetchedJwks, FetchError>> + Send + 'a>> {
        let fetched = self.0.clone().map(FetchedJwks::new);
        Box::pin(ready(fetched.ok_or_else(|| FetchError::new("no key set"))))
    }
}

fn explain(settings: &Settings, layer: &JwtAuthLayer, token: &str, report: &mut Report) {
    let explanation = layer.verifier().explain(token);
    println!("\nThe checks of the token:\n\n{explanation}");
    if explanation.error().is_none() {
        report.fits("token", "it is accepted");
    }
    let claims = unverified_claims(token);
    let has_passed = |check: TokenCheck| {
        let mut checks = explanation.checks();
        checks.any(|one| one.check() == check && one.outcome() == CheckOutcome::Passed)
    };
    let mut named = Vec::new();
    if let Some(claims) = &claims {
        if !has_passed(TokenCheck::Issuer)
            && let Some((topic, text)) = difference(settings.issuer(), &claims["iss"])
        {
            let expected = settings.issuer();
            report.problem(topic, format!("iss {text}; the layer expects {expected:?}: set baseURL (or jwt: {{ issuer }}) in Better Auth to it, or call .issuer(…) with Better Auth's value"));
            named.push(TokenCheck::Issuer);
        }
        if !has_passed(TokenCheck::Audience)
            && let Some((topic, text)) = audience_difference(settings.audience(), &claims["aud"])
        {
            let expected = settings.audience();
            report.problem("audience", format!("aud {text} ({topic}); the layer expects {expected:?}: set jwt: {{ audience }} in Better Auth to it, or call .audience(…) with Better Auth's value"));
            named.push(TokenCheck::Audience);
        }
        let has_email = claims["email"]
            .as_str()
            .is_some_and(|text| !text.is_empty());
        if !has_passed(TokenCheck::Email) && !settings.email_optional && !has_email {
            report.problem("email", "the token has no email: add it to definePayload in Better Auth, or call .email_optional()");
            named.push(TokenCheck::Email);
        }
        check_times(claims, report, &mut named);
    }
    let Some(failed) = explanation.failed() else {
        return;
    };
    let is_named = named.contains(&failed.check());
    // Without keys, the report names the reason already.
    let is_without_keys = explanation.error() == Some(TokenError::KeysUnavailable);
    if !is_named && !is_without_keys {
        let topic = failed.check().to_string();
        report.problem(&topic, failed.difference().unwrap_or_default());
    }
}

fn check_times(claims: &Value, report: &mut Report, named: &mut Vec<TokenCheck>) {
    let ahead = |name: &str| claims[name].as_f64().map(|time| time - now() as f64);
    let is_future = |name: &str| ahead(name).is_some_and(|ahead| ahead > LEEWAY as f64);
    for name in ["iat", "nbf"] {
        if is_future(name) {
            report.problem(
                "clock",
                format!("{name} is in the future: the clock of Better Auth is ahead, or the clock here is behind"),
            );
            named.push(TokenCheck::Times);
            return;
        }
    }
    if ahead("exp").is_some_and(|ahead| ahead <= -(LEEWAY as f64)) {
        report.problem("expired", "the token has expired: fetch a new one, and fetch one on each 401 in the front end; if it is new, the clock here is ahead");
        named.push(TokenCheck::Times);
    }
}

fn unverified_claims(token: &str) -> Option<Value> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?);
    serde_json::from_slice(&json.ok()?)
        .ok()
        .filter(Value::is_object)
}

fn audience_difference(configured: &str, claim: &Value) -> Option<(&'static str, &'static str)> {
    let Some(values) = claim.as_array() else {
        return difference(configured, claim);
    };
    let mut differences = values.iter().map(|value| difference(configured, value));
    match differences.next() {
        None => Some(("empty", "is an empty list")),
        Some(first) if differences.all(|other| other.is_some()) => first,
        Some(_) => None,
    }
}

/// Returns the topic and the kind of the difference, if there is one.
fn difference(configured: &str, claim: &Value) -> Option<(&'static str, &'static str)> {
    let Some(found) = claim.as_str() else {
        return Some(("missing", "is missing or not a string"));
    };
    if found == configured {
        return None;
    }
    if found.strip_suffix('/') == Some(configured) {
        return Some(("trailing slash", "has a trailing slash"));
    }
    if configured.strip_suffix('/') == Some(found) {
        return Some(("trailing slash", "has no trailing slash"));
    }
    let (Ok(ours), Ok(theirs)) = (configured.parse::<Url>(), found.parse::<Url>()) else {
        return Some(("value", "is another value"));
    };
    let is_local = |url: &Url| url.host_str().is_some_and(is_loopback);
    Some(match (is_local(&ours), is_local(&theirs)) {
        (false, true) => (
            "Docker host",
            "names this machine (localhost), as inside a container or in development",
        ),
        (true, false) => (
            "Docker host",
            "names a public host or a container, not this machine",
        ),
        _ if ours.host() != theirs.host() => ("host", "names another host"),
        _ if ours.scheme() != theirs.scheme() => (
            "scheme",
            "has another scheme (http or https); behind a proxy, set baseURL to the public URL",
        ),
        _ if ours.port() != theirs.port() => ("port", "has another port"),
        _ => ("path", "has another path"),
    })
}
