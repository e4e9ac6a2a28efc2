//! The claims: times, user, audience, issuer and the kinds of tokens.

mod audience_and_issuer;
mod json;
mod times;
mod token_kinds;
mod user;

use serde_json::{Value, json};
use tower_jwt_auth::JwtAuthLayer;

use crate::support::*;

const ISSUER: &str = "https://app.example.com";

const AUDIENCE: &str = "https://api.example.com";

/// Asserts that [`claims`] are rejected with each of these values of one claim.
async fn assert_each_value_rejected(
    layer: &JwtAuthLayer,
    reason: &str,
    claim: &str,
    values: impl IntoIterator<Item = Value>,
) {
    let tokens = values.into_iter().map(|value| with_claim(claim, &value));
    assert_each_refused(layer, reason, tokens).await;
}

/// Asserts that [`claims`] are accepted with each of these values of one claim.
async fn assert_each_value_accepted(
    layer: &JwtAuthLayer,
    claim: &str,
    values: impl IntoIterator<Item = Value>,
) {
    let tokens = values.into_iter().map(|value| with_claim(claim, &value));
    assert_each_accepted(layer, tokens).await;
}

fn with_claim(claim: &str, value: &Value) -> (String, String) {
    (
        format!("{claim}: {value}"),
        token(&claims_with(json!({ claim: value }))),
    )
}

/// Returns a token with [`claims`], one of which has exactly this JSON text.
fn with_text(claim: &str, text: &str) -> (String, String) {
    (
        format!("{claim}: {text}"),
        token_with_payload(json_with(claim, text)),
    )
}

/// Returns [`claims`] in JSON, one of which has exactly this JSON text.
fn json_with(claim: &str, text: impl AsRef<[u8]>) -> Vec<u8> {
    let others = claims_without(claim).to_string();
    let start = format!(r#"{{"{claim}":"#).into_bytes();
    [&start, text.as_ref(), b",", &others.as_bytes()[1..]].concat()
}

fn with_issuer() -> JwtAuthLayer {
    builder().issuer(ISSUER).build().unwrap()
}

fn with_audience() -> JwtAuthLayer {
    builder().audience(AUDIENCE).build().unwrap()
}
