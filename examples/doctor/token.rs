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
    JwtAuthLayer, TokenCheck, TokenError,
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
            explain(Some(settings), &layer, token, report);
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

/// Checks the settings for HS256 tokens, and explains a token with them.
pub fn check_with_secret(settings: &Settings, token: Option<&str>, report: &mut Report) {
    match settings.builder().build() {
        Ok(layer) => {
            if let Some(token) = token {
                explain(None, &layer, token, report);
            }
        }
        Err(error) => report.problem("settings", error.to_string()),
    }
}

/// Explains a token. `settings` are those for the `jwt()` plugin.
fn explain(settings: Option<&Settings>, layer: &JwtAuthLayer, token: &str, report: &mut Report) {
    let explanation = layer.verifier().explain(token);
    println!("\nThe checks of the token:\n\n{explanation}");
    let claims = unverified_claims(token).unwrap_or_default();
    if is_in_the_future(&claims["iat"]) {
        report.problem(
            "clock",
            "iat is in the future: the clock of Better Auth is ahead, or the clock here is behind",
        );
    }
    if explanation.error().is_none() {
        report.fits("token", "it is accepted");
    }
    // Without keys, the report names the reason already.
    let is_without_keys = explanation.error() == Some(TokenError::KeysUnavailable);
    for check in explanation.checks() {
        let Some(text) = check.difference() else {
            continue;
        };
        match (check.check(), settings) {
            (TokenCheck::Key, _) if is_without_keys => {}
            (TokenCheck::Issuer, Some(settings)) => {
                let expected = settings.issuer();
                let (topic, text) = difference(expected, &claims["iss"]);
                report.problem(topic, format!("iss {text}; the layer expects {expected:?}: set baseURL (or jwt: {{ issuer }}) in Better Auth to it, or call .issuer(…) with Better Auth's value"));
            }
            (TokenCheck::Audience, Some(_)) => {
                let fix = "or set jwt: { audience } in Better Auth to the layer's value";
                report.problem("audience", format!("{text}; {fix}"));
            }
            (TokenCheck::Email, Some(_)) => {
                report.problem(
                    "email",
                    format!("{text}; definePayload in Better Auth adds it"),
                );
            }
            (TokenCheck::Times, _) if is_in_the_future(&claims["nbf"]) => {
                report.problem("clock", text);
            }
            (TokenCheck::Times, _) => report.problem("expired", text),
            (check, _) => report.problem(&check.to_string(), text),
        }
    }
}
fn unverified_claims(token: &str) -> Option<Value> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?);
    serde_json::from_slice(&json.ok()?)
        .ok()
        .filter(Value::is_object)
}

fn is_in_the_future(time: &Value) -> bool {
    time.as_f64()
        .is_some_and(|time| time - now() as f64 > LEEWAY as f64)
}

/// Returns the topic and the kind of the difference.
fn difference(configured: &str, claim: &Value) -> (&'static str, &'static str) {
    let Some(found) = claim.as_str() else {
        return ("missing", "is missing or not a string");
    };
    if found.strip_suffix('/') == Some(configured) {
        return ("trailing slash", "has a trailing slash");
    }
    if configured.strip_suffix('/') == Some(found) {
        return ("trailing slash", "has no trailing slash");
    }
    let (Ok(ours), Ok(theirs)) = (configured.parse::<Url>(), found.parse::<Url>()) else {
        return ("value", "is another value");
    };
    let is_local = |url: &Url| url.host_str().is_some_and(is_loopback);
    match (is_local(&ours), is_local(&theirs)) {
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
    }
}
