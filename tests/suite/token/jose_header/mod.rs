//! The JOSE header: how it is parsed, and which members a token may have.

mod algorithm;
mod json;
mod members;

use serde_json::{Value, json};

use crate::support::*;

fn with_header_member(name: &str, value: &Value) -> String {
    token_with_header(json!({ "alg": "HS256", name: value }).to_string())
}

/// Asserts that each of these headers is rejected although the signature is valid.
async fn assert_each_header_rejected<B: AsRef<[u8]>>(
    reason: &str,
    rows: impl IntoIterator<Item = (&str, B)>,
) {
    let tokens = rows
        .into_iter()
        .map(|(row, header)| (row, token_with_header(header)));
    assert_each_refused(&layer(), reason, tokens).await;
}
